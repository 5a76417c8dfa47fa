"""IMDN (Hui et al., "Lightweight Image Super-Resolution with Information Multi-distillation Network",
2019)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write


class ContrastAttention(nn.Module):
    def __init__(self, features: int, inner: int):
        super().__init__()
        self.conv_du = nn.Sequential(nn.Conv2d(features, inner, 1), nn.ReLU(),
                                     nn.Conv2d(inner, features, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        deviation = x.std((2, 3), unbiased=False, keepdim=True)
        return x * self.conv_du(deviation + x.mean((2, 3), keepdim=True))


class Block(nn.Module):
    def __init__(self, features: int, inner: int):
        super().__init__()
        self.kept = features // 4
        rest = features - self.kept
        self.c1 = nn.Conv2d(features, features, 3, padding=1)
        self.c2 = nn.Conv2d(rest, features, 3, padding=1)
        self.c3 = nn.Conv2d(rest, features, 3, padding=1)
        self.c4 = nn.Conv2d(rest, self.kept, 3, padding=1)
        self.c5 = nn.Conv2d(4 * self.kept, features, 1)
        self.cca = ContrastAttention(4 * self.kept, inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        aside, rest = [], x
        for conv in (self.c1, self.c2, self.c3):
            y = F.leaky_relu(conv(rest), 0.05)
            aside.append(y[:, : self.kept])
            rest = y[:, self.kept :]
        aside.append(self.c4(rest))
        return self.c5(self.cca(torch.cat(aside, 1))) + x


class Imdn(nn.Module):
    def __init__(self, features: int, blocks: int, scale: int, inner: int):
        super().__init__()
        self.scale, self.blocks = scale, blocks
        self.fea_conv = nn.Conv2d(3, features, 3, padding=1)
        for i in range(1, blocks + 1):
            self.add_module(f"IMDB{i}", Block(features, inner))
        self.c = nn.Sequential(nn.Conv2d(features * blocks, features, 1), nn.LeakyReLU(0.05))
        self.LR_conv = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(features, 3 * scale * scale, 3, padding=1),
                                       nn.PixelShuffle(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = y = self.fea_conv(x)
        all_blocks = []
        for i in range(1, self.blocks + 1):
            y = getattr(self, f"IMDB{i}")(y)
            all_blocks.append(y)
        return self.upsampler(self.LR_conv(self.c(torch.cat(all_blocks, 1))) + first)


if __name__ == "__main__":
    write("imdn-x3", Imdn(8, 2, 3, 2), scale=3, family="IMDN")
