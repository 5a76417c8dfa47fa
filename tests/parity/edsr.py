"""EDSR and MDSR (Lim et al., 2017) under the authors' names and under BasicSR's."""
import re

import torch
from torch import nn
from torch.nn import functional as F

from .common import write

MEAN = torch.tensor([0.4488, 0.4371, 0.4040])


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


class Shift(nn.Module):
    """A fixed 1x1 convolution that takes the mean away from colours, or adds it."""

    def __init__(self, sign: int, white: float):
        super().__init__()
        self.register_buffer("weight", torch.eye(3).view(3, 3, 1, 1))
        self.register_buffer("bias", sign * white * MEAN)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight, self.bias)


class Residual(nn.Module):
    def __init__(self, features: int, kernel: int = 3, factor: float = 1):
        super().__init__()
        self.body = nn.Sequential(conv(features, features, kernel), nn.ReLU(),
                                  conv(features, features, kernel))
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.factor * self.body(x)


def shuffles(features: int, scale: int) -> nn.Sequential:
    layers = []
    for step in [3] if scale == 3 else [2] * (scale.bit_length() - 1):
        layers += [conv(features, features * step ** 2), nn.PixelShuffle(step)]
    return nn.Sequential(*layers)


class EDSR(nn.Module):
    def __init__(self, scale: int, blocks: int = 3, features: int = 6, factor: float = 1,
                 white: float = 255):
        super().__init__()
        self.white = white
        self.sub_mean, self.add_mean = Shift(-1, white), Shift(1, white)
        self.head = nn.Sequential(conv(3, features))
        self.body = nn.Sequential(*(Residual(features, factor=factor) for _ in range(blocks)),
                                  conv(features, features))
        self.tail = nn.Sequential(shuffles(features, scale), conv(features, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.head(self.sub_mean(self.white * x))
        return self.add_mean(self.tail(x + self.body(x))) / self.white


class MDSR(nn.Module):
    def __init__(self, scales: list[int], chosen: int, blocks: int = 2, features: int = 4):
        super().__init__()
        self.index = scales.index(chosen)
        self.sub_mean, self.add_mean = Shift(-1, 255), Shift(1, 255)
        self.head = nn.Sequential(conv(3, features))
        self.pre_process = nn.ModuleList(
            nn.Sequential(Residual(features, 5), Residual(features, 5)) for _ in scales)
        self.body = nn.Sequential(*(Residual(features) for _ in range(blocks)),
                                  conv(features, features))
        self.upsample = nn.ModuleList(shuffles(features, scale) for scale in scales)
        self.tail = nn.Sequential(conv(features, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pre_process[self.index](self.head(self.sub_mean(255 * x)))
        x = self.upsample[self.index](x + self.body(x))
        return self.add_mean(self.tail(x)) / 255


def basic(tensors: dict) -> dict:
    """BasicSR's names; its means are not in the file."""
    def renamed(key: str) -> str:
        key = re.sub(r"^head\.0", "conv_first", key)
        key = re.sub(r"^tail\.0", "upsample", key).replace("tail.1", "conv_last")
        key = re.sub(r"^body\.(\d+)\.body\.([02])",
                     lambda m: f"body.{m[1]}.conv{int(m[2]) // 2 + 1}", key)
        return re.sub(r"^body\.\d+\.(weight|bias)", r"conv_after_body.\1", key)
    return {renamed(key): tensor for key, tensor in tensors.items() if "_mean" not in key}


def mmagic(tensors: dict) -> dict:
    """MMagic's names: BasicSR's but for the upsampling, and an outer module."""
    def renamed(key: str) -> str:
        return "generator." + re.sub(
            r"^upsample\.(\d+)", lambda m: f"upsample.{int(m[1]) // 2}.upsample_conv", key)
    return {renamed(key): tensor for key, tensor in basic(tensors).items()}


if __name__ == "__main__":
    small = {"height": 8, "width": 6}
    write("edsr-x2", EDSR(2), scale=2, family="EDSR", **small)
    write("edsr-x3", EDSR(3), scale=3, family="EDSR", **small)
    write("edsr-x4", EDSR(4, factor=0.1), scale=4, family="EDSR", options={"res_scale": 0.1},
          **small)
    write("edsr-range1-x2", EDSR(2, white=1), scale=2, family="EDSR", **small)
    # Without the means in the file both sides must round them alike: single precision.
    write("edsr-basicsr-x4", EDSR(4, features=4), scale=4, family="EDSR", half=False, state=basic,
          **small)
    write("edsr-mmagic-x4", EDSR(4, features=4, white=1), scale=4, family="EDSR", half=False,
          state=mmagic, **small)
    write("mdsr-x3", MDSR([2, 3, 4], 3), scale=3, family="MDSR", options={"scale": 3}, **small)
    write("mdsr-x4", MDSR([2, 4], 4), scale=4, family="MDSR", **small)
