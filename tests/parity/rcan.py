"""RCAN (Zhang et al., 2018) under the authors' names and under BasicSR's."""
import re

import torch
from torch import nn

from .common import write
from .edsr import Shift, conv, shuffles


class Attention(nn.Module):
    def __init__(self, features: int, squeezed: int):
        super().__init__()
        self.conv_du = nn.Sequential(conv(features, squeezed, 1), nn.ReLU(),
                                     conv(squeezed, features, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.conv_du(x.mean((2, 3), keepdim=True))


class Residual(nn.Module):
    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class RCAN(nn.Module):
    def __init__(self, scale: int, groups: int = 2, blocks: int = 2, features: int = 6,
                 squeezed: int = 2):
        super().__init__()

        def block() -> Residual:
            return Residual(conv(features, features), nn.ReLU(), conv(features, features),
                            Attention(features, squeezed))

        def group() -> Residual:
            return Residual(*(block() for _ in range(blocks)), conv(features, features))

        self.sub_mean, self.add_mean = Shift(-1, 255), Shift(1, 255)
        self.head = nn.Sequential(conv(3, features))
        self.body = nn.Sequential(*(group() for _ in range(groups)), conv(features, features))
        self.tail = nn.Sequential(shuffles(features, scale), conv(features, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.head(self.sub_mean(255 * x))
        return self.add_mean(self.tail(x + self.body(x))) / 255


def basic(tensors: dict) -> dict:
    """BasicSR's names; its means are not in the file."""
    rules = [(r"^head\.0", "conv_first"), (r"^tail\.0", "upsample"), (r"^tail\.1", "conv_last"),
             (r"^body\.(\d+)\.body\.(\d+)\.body", r"body.\1.residual_group.\2.rcab"),
             (r"^body\.(\d+)\.body\.\d+", r"body.\1.conv"),
             (r"^body\.\d+\.(weight|bias)", r"conv_after_body.\1"),
             (r"conv_du\.0", "attention.1"), (r"conv_du\.2", "attention.3")]

    def renamed(key: str) -> str:
        for pattern, name in rules:
            key = re.sub(pattern, name, key)
        return key
    return {renamed(key): tensor for key, tensor in tensors.items() if "_mean" not in key}


if __name__ == "__main__":
    small = {"family": "RCAN", "height": 8, "width": 6}
    write("rcan-x2", RCAN(2), scale=2, **small)
    write("rcan-x3", RCAN(3, groups=3, blocks=1), scale=3, **small)
    write("rcan-basicsr-x4", RCAN(4, features=4), scale=4, half=False, state=basic, **small)
