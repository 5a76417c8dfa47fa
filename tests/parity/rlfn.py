"""RLFN (Kong et al., "Residual Local Feature Network for Efficient Super-Resolution", 2022)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .esa import Esa
from .range import on_255


class Block(nn.Module):
    def __init__(self, features: int, middle: int, inner: int):
        super().__init__()
        self.c1_r = nn.Conv2d(features, middle, 3, padding=1)
        self.c2_r = nn.Conv2d(middle, middle, 3, padding=1)
        self.c3_r = nn.Conv2d(middle, features, 3, padding=1)
        self.c5 = nn.Conv2d(features, features, 1)
        self.esa = Esa(features, inner, deep=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for conv in (self.c1_r, self.c2_r, self.c3_r):
            y = F.leaky_relu(conv(y), 0.05)
        return self.esa(self.c5(x + y))


class Rlfn(nn.Module):
    def __init__(self, features: int = 52, blocks: int = 6, scale: int = 4, middle: int = 0,
                 inner: int = 16):
        super().__init__()
        self.scale, self.blocks = scale, blocks
        self.conv_1 = nn.Conv2d(3, features, 3, padding=1)
        for i in range(1, blocks + 1):
            self.add_module(f"block_{i}", Block(features, middle or features, inner))
        self.conv_2 = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(features, 3 * scale * scale, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = y = self.conv_1(x)
        for i in range(1, self.blocks + 1):
            y = getattr(self, f"block_{i}")(y)
        return F.pixel_shuffle(self.upsampler(self.conv_2(y) + first), self.scale)


if __name__ == "__main__":
    # The authors' networks know values of 0 to 255. Sides that are no multiple of the grid's step: the
    # mask is stretched to an exact size.
    net = Rlfn(6, 2, 2, inner=4)
    write("rlfn-x2", net, scale=2, family="RLFN", height=28, width=17,
          **on_255(net, "conv_1", "upsampler.0"))
    write("rlfn-pruned-x3", Rlfn(6, 1, 3, middle=8, inner=4), scale=3, family="RLFN", height=16,
          width=18, options={"range": 1})
