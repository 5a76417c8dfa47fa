"""DRCT (Hsu et al., "DRCT: Saving Image Super-Resolution away from Information Bottleneck", 2024)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .windows import MEAN, Block, Frame, Steps, before_upsample, on_maps, pad


class Group(nn.Module):
    """Five blocks, each on what came in and what the others gave; the authors choose the heads of
    each so that they divide its channels."""

    def __init__(self, dim, growth, heads, w, ratio):
        super().__init__()
        for i in range(5):
            width = dim + i * growth
            n = heads - width % heads if i else heads
            self.add_module(f"swin{i + 1}", Block(width, w, n, w // 2 if i % 2 else 0,
                                                  ratio if i < 3 else 1))
            self.add_module(f"adjust{i + 1}", nn.Conv2d(width, growth if i < 4 else dim, 1))

    def forward(self, x):
        seen = [x]
        for i in range(1, 6):
            y = getattr(self, f"swin{i}")(torch.cat(seen, -1))
            y = on_maps(getattr(self, f"adjust{i}"), y)
            seen.append(F.leaky_relu(y, 0.2) if i < 5 else y)
        return seen[-1] * 0.2 + x


class Drct(Frame):
    def __init__(self, dim=8, layers=1, heads=2, growth=4, w=4, ratio=2, scale=4, features=8):
        super().__init__()
        self.w, self.scale = w, scale
        self.frame(dim, [Group(dim, growth, heads, w, ratio) for _ in range(layers)])
        self.conv_before_upsample = before_upsample(dim, features)
        self.upsample = Steps(scale, features)
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x):
        height, width = x.shape[2:]
        y = self.features(pad(x, self.w) - MEAN)
        y = self.conv_last(self.upsample(self.conv_before_upsample(y))) + MEAN
        return y[:, :, :height * self.scale, :width * self.scale]


if __name__ == "__main__":
    write("drct-x4", Drct(), scale=4, family="DRCT", height=10, width=7)
    write("drct-x2", Drct(scale=2, dim=6, growth=3, heads=3, w=3), scale=2, family="DRCT",
          height=8, width=9, seed=2)
