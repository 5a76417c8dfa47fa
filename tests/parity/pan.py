"""PAN (Zhao et al., "Efficient Image Super-Resolution Using Pixel Attention", 2020)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write


def leaky(x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(x, 0.2)


class PixelAttention(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.conv = nn.Conv2d(features, features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.conv(x).sigmoid()


class AttendedConvolution(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.k2 = nn.Conv2d(features, features, 1)
        self.k3 = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.k4 = nn.Conv2d(features, features, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.k4(self.k3(x) * self.k2(x).sigmoid())


class Block(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        half = features // 2
        self.conv1_a = nn.Conv2d(features, half, 1, bias=False)
        self.conv1_b = nn.Conv2d(features, half, 1, bias=False)
        self.k1 = nn.Sequential(nn.Conv2d(half, half, 3, padding=1, bias=False))
        self.PAConv = AttendedConvolution(half)
        self.conv3 = nn.Conv2d(2 * half, features, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = leaky(self.k1(leaky(self.conv1_a(x))))
        b = leaky(self.PAConv(leaky(self.conv1_b(x))))
        return self.conv3(torch.cat([a, b], 1)) + x


class Pan(nn.Module):
    def __init__(self, features: int, large: int, blocks: int, scale: int):
        super().__init__()
        self.factors = [2, 2] if scale == 4 else [scale]
        self.scale = scale
        self.conv_first = nn.Conv2d(3, features, 3, padding=1)
        self.SCPA_trunk = nn.Sequential(*(Block(features) for _ in range(blocks)))
        self.trunk_conv = nn.Conv2d(features, features, 3, padding=1)
        inside = features
        for i in range(1, len(self.factors) + 1):
            self.add_module(f"upconv{i}", nn.Conv2d(inside, large, 3, padding=1))
            self.add_module(f"att{i}", PixelAttention(large))
            self.add_module(f"HRconv{i}", nn.Conv2d(large, large, 3, padding=1))
            inside = large
        self.conv_last = nn.Conv2d(large, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv_first(x)
        y = y + self.trunk_conv(self.SCPA_trunk(y))
        for i, factor in enumerate(self.factors, 1):
            y = getattr(self, f"upconv{i}")(F.interpolate(y, scale_factor=factor))
            y = leaky(getattr(self, f"att{i}")(y))
            y = leaky(getattr(self, f"HRconv{i}")(y))
        return self.conv_last(y) + F.interpolate(x, scale_factor=self.scale, mode="bilinear",
                                                 align_corners=False)


if __name__ == "__main__":
    write("pan-x4", Pan(8, 6, 2, 4), scale=4, family="PAN", height=9, width=8)
    write("pan-x3", Pan(8, 6, 1, 3), scale=3, family="PAN")
    write("pan-x2", Pan(6, 4, 2, 2), scale=2, family="PAN", options={"scale": 2})
