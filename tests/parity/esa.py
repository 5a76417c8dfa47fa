"""Enhanced spatial attention, as RFDN (Liu et al., 2020) and RLFN (Kong et al., 2022) have it."""
import torch
from torch import nn
from torch.nn import functional as F


class Esa(nn.Module):
    """A mask from a grid of about a sixth of the size; `deep` is RFDN's, with three convolutions."""

    def __init__(self, features: int, inner: int, deep: bool):
        super().__init__()
        self.deep = deep
        self.conv1 = nn.Conv2d(features, inner, 1)
        self.conv_f = nn.Conv2d(inner, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=2)
        self.conv3 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv4 = nn.Conv2d(inner, features, 1)
        if deep:
            self.conv_max = nn.Conv2d(inner, inner, 3, padding=1)
            self.conv3_ = nn.Conv2d(inner, inner, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        narrow = self.conv1(x)
        grid = F.max_pool2d(self.conv2(narrow), 7, 3)
        if self.deep:
            grid = self.conv3_(self.conv3(self.conv_max(grid).relu()).relu())
        else:
            grid = self.conv3(grid)
        grid = F.interpolate(grid, x.shape[2:], mode="bilinear", align_corners=False)
        return x * self.conv4(grid + self.conv_f(narrow)).sigmoid()
