"""RFDN (Liu et al., "Residual Feature Distillation Network for Lightweight Image Super-Resolution",
2020)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .esa import Esa
from .range import on_255


class Block(nn.Module):
    def __init__(self, features: int, inner: int):
        super().__init__()
        narrow = features // 2
        for i in (1, 2, 3):
            self.add_module(f"c{i}_d", nn.Conv2d(features, narrow, 1))
            self.add_module(f"c{i}_r", nn.Conv2d(features, features, 3, padding=1))
        self.c4 = nn.Conv2d(features, narrow, 3, padding=1)
        self.c5 = nn.Conv2d(4 * narrow, features, 1)
        self.esa = Esa(features, inner, deep=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for narrowing, refining in ((self.c1_d, self.c1_r), (self.c2_d, self.c2_r),
                                    (self.c3_d, self.c3_r)):
            kept.append(F.leaky_relu(narrowing(x), 0.05))
            x = F.leaky_relu(refining(x) + x, 0.05)
        kept.append(F.leaky_relu(self.c4(x), 0.05))
        return self.esa(self.c5(torch.cat(kept, 1)))


class Rfdn(nn.Module):
    def __init__(self, features: int = 50, blocks: int = 4, scale: int = 4, inner: int = 12):
        super().__init__()
        self.scale, self.blocks = scale, blocks
        self.fea_conv = nn.Conv2d(3, features, 3, padding=1)
        for i in range(1, blocks + 1):
            self.add_module(f"B{i}", Block(features, inner))
        self.c = nn.Sequential(nn.Conv2d(features * blocks, features, 1))
        self.LR_conv = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(features, 3 * scale * scale, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = y = self.fea_conv(x)
        all_blocks = []
        for i in range(1, self.blocks + 1):
            y = getattr(self, f"B{i}")(y)
            all_blocks.append(y)
        y = F.leaky_relu(self.c(torch.cat(all_blocks, 1)), 0.05)
        return F.pixel_shuffle(self.upsampler(self.LR_conv(y) + first), self.scale)


if __name__ == "__main__":
    net = Rfdn(6, 2, 2, 3)
    write("rfdn-x2", net, scale=2, family="RFDN", height=18, width=28,
          **on_255(net, "fea_conv", "upsampler.0"))
