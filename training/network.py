"""The faithful network: a chain of 3x3 convolutions in residual blocks, then a pixel shuffle.

In training every body convolution is the sum of a 3x3, a 1x1 and the identity; the sum is linear, so
it is folded into one 3x3 kernel before use and costs nothing, in training or at run time.
The network gives the difference to a bicubic enlargement; `forward` adds it. The exported graph does
not: interpolating outside the engine, in f32, is cheaper and keeps bf16 errors small.
RGB, 0 to 1, in the picture's own encoded space.
"""
import torch
from torch import nn
from torch.nn import functional as F

from .resample import bicubic


class Folded(nn.Module):
    """3x3 + 1x1 convolution with one bias, folded to a single 3x3 kernel."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0):
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight)
        self.weight = nn.Parameter(conv.weight.detach() * gain)
        self.centre = nn.Parameter(torch.zeros(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def kernel(self) -> torch.Tensor:
        return self.weight + F.pad(self.centre, (1, 1, 1, 1))

    def forward(self, x):
        return F.conv2d(x, self.kernel(), self.bias, padding=1)


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.first = Folded(channels, channels)
        self.second = Folded(channels, channels, gain=0.1)

    def forward(self, x):
        return x + self.second(F.relu(self.first(x)))


class Faithful(nn.Module):
    """x [N, 3, H, W] to [N, 3, scale*H, scale*W]."""

    def __init__(self, scale: int, channels: int = 64, blocks: int = 8):
        super().__init__()
        self.scale, self.channels = scale, channels
        self.head = Folded(3, channels)
        self.body = nn.ModuleList(Block(channels) for _ in range(blocks))
        self.tail = Folded(channels, 3 * scale * scale, gain=0.1)

    @property
    def halo(self) -> int:
        """Radius of the receptive field in LR pixels: one per 3x3 convolution."""
        return 2 + 2 * len(self.body)

    def difference(self, x):
        y = self.head(x)
        for block in self.body:
            y = block(y)
        return F.pixel_shuffle(self.tail(y), self.scale)

    def forward(self, x):
        h, w = x.shape[-2:]
        return bicubic(x, h * self.scale, w * self.scale) + self.difference(x).float()
