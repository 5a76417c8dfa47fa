"""waifu2x (CUNet, UpConv7, VGG7) and Real-CUGAN with few channels."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write


def active(x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(x, 0.1)


def crop(x: torch.Tensor, border: int) -> torch.Tensor:
    return x[:, :, border:-border, border:-border]


class Weigh(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, n: int):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(n, max(n // 8, 1), 1), nn.Conv2d(max(n // 8, 1), n, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.conv2(F.relu(self.conv1(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    def __init__(self, a: int, b: int, c: int, weigh: bool = True):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(a, b, 3), nn.LeakyReLU(0.1), nn.Conv2d(b, c, 3), nn.LeakyReLU(0.1))
        if weigh:
            self.seblock = Weigh(c)

    def forward(self, x):
        x = self.conv(x)
        return self.seblock(x) if hasattr(self, "seblock") else x


def last(n: int, out: int, scale: int) -> nn.Module:
    return {1: lambda: nn.Conv2d(n, out, 3), 2: lambda: nn.ConvTranspose2d(n, out, 4, 2, 3),
            3: lambda: nn.ConvTranspose2d(n, out, 5, 3, 2)}[scale]()


class First(nn.Module):
    def __init__(self, n: int, ends: int, scale: int):
        super().__init__()
        self.conv1, self.conv1_down = Block(3, n, n, False), nn.Conv2d(n, n, 2, 2)
        self.conv2, self.conv2_up = Block(n, 2 * n, n), nn.ConvTranspose2d(n, n, 2, 2)
        self.conv3, self.conv_bottom = nn.Conv2d(n, n, 3), last(n, ends, scale)

    def forward(self, x):
        fine = self.conv1(x)
        y = active(self.conv2_up(self.conv2(active(self.conv1_down(fine)))))
        return self.conv_bottom(active(self.conv3(crop(fine, 4) + y)))


class Second(nn.Module):
    def __init__(self, n: int, ends: int):
        super().__init__()
        self.conv1, self.conv1_down = Block(ends, n, n, False), nn.Conv2d(n, n, 2, 2)
        self.conv2, self.conv2_down = Block(n, n, 2 * n), nn.Conv2d(2 * n, 2 * n, 2, 2)
        self.conv3, self.conv3_up = Block(2 * n, 2 * n, 2 * n), nn.ConvTranspose2d(2 * n, 2 * n, 2, 2)
        self.conv4, self.conv4_up = Block(2 * n, n, n), nn.ConvTranspose2d(n, n, 2, 2)
        self.conv5, self.conv_bottom = nn.Conv2d(n, n, 3), nn.Conv2d(n, ends, 3)

    def forward(self, x, alpha=1.0):
        fine = self.conv1(x)
        half = self.conv2(active(self.conv1_down(fine)))
        y = active(self.conv3_up(self.conv3(active(self.conv2_down(half)))))
        y = active(self.conv4_up(self.conv4(crop(half, 4) + y) * alpha))
        return self.conv_bottom(active(self.conv5(crop(fine, 16) + y))) + crop(x, 20)


class Cunet(nn.Module):
    def __init__(self, n: int, scale: int):
        super().__init__()
        self.unet1, self.unet2, self.border = First(n, 3, scale), Second(n, 3), {1: 28, 2: 18}[scale]

    def forward(self, x):
        x = F.pad(x, (self.border,) * 4, "reflect")
        return self.unet2(self.unet1(x).clamp(0, 1)).clamp(0, 1)


class RealCugan(nn.Module):
    def __init__(self, n: int, scale: int, alpha: float = 1.0, pro: bool = False):
        super().__init__()
        ends = 8 if scale == 4 else 3
        self.scale, self.alpha, self.border = scale, alpha, {2: 18, 3: 14, 4: 19}[scale]
        self.unet1, self.unet2 = First(n, ends, min(scale, 3) if scale != 4 else 2), Second(n, ends)
        if scale == 4:
            self.conv_final = nn.Conv2d(ends, 12, 3)
        if pro:
            self.register_buffer("pro", torch.ones(1))
        self.is_pro = pro

    def forward(self, x):
        if self.is_pro:
            x = x * 0.7 + 0.15
        y = self.unet2(self.unet1(F.pad(x, (self.border,) * 4, "reflect")), self.alpha)
        if self.scale == 4:
            y = F.pixel_shuffle(crop(self.conv_final(y), 1), 2) + F.interpolate(x, scale_factor=4)
        return (y - 0.15) / 0.7 if self.is_pro else y


class Chain(nn.Module):
    """UpConv7 and VGG7."""

    def __init__(self, scale: int, widths=(4, 4, 6, 6, 8, 8)):
        super().__init__()
        layers, before = [], 3
        for n in widths:
            layers += [nn.Conv2d(before, n, 3), nn.LeakyReLU(0.1)]
            before = n
        self.net = nn.Sequential(*layers, last(before, 3, scale))

    def forward(self, x):
        return self.net(F.pad(x, (7,) * 4, "reflect")).clamp(0, 1)


if __name__ == "__main__":
    size = {"height": 32, "width": 36}
    write("waifu2x-cunet-x2", Cunet(4, 2), scale=2, family="waifu2x CUNet", height=22, width=20)
    write("waifu2x-cunet-x1", Cunet(4, 1), scale=1, family="waifu2x CUNet", **size)
    write("waifu2x-upconv7", Chain(2), scale=2, family="waifu2x UpConv7")
    write("waifu2x-vgg7", Chain(1), scale=1, family="waifu2x VGG7")
    write("real-cugan-x2", RealCugan(4, 2, 0.8), scale=2, family="Real-CUGAN", height=20, width=22,
          options={"kind": "cugan", "alpha": 0.8})
    write("real-cugan-x2-marked", RealCugan(4, 2, pro=True), scale=2, family="Real-CUGAN", height=20, width=22)
    write("real-cugan-x3", RealCugan(4, 3), scale=3, family="Real-CUGAN", height=20, width=16)
    write("real-cugan-x4", RealCugan(4, 4), scale=4, family="Real-CUGAN", height=20, width=20)
