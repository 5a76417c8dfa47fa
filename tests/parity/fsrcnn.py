"""FSRCNN (Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network", 2016)."""
import torch
from torch import nn

from .common import write
from .luma import on_luma


def activated(inside: int, outside: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, kernel, padding=kernel // 2), nn.PReLU(outside)]


class Fsrcnn(nn.Module):
    def __init__(self, channels: int, wide: int, narrow: int, maps: int, scale: int):
        super().__init__()
        self.feature_extraction = nn.Sequential(*activated(channels, wide, 5))
        self.shrink = nn.Sequential(*activated(wide, narrow, 1))
        self.map = nn.Sequential(*(m for _ in range(maps) for m in activated(narrow, narrow, 3)))
        self.expand = nn.Sequential(*activated(narrow, wide, 1))
        self.deconv = nn.ConvTranspose2d(wide, channels, 9, scale, 4, scale - 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.deconv(self.expand(self.map(self.shrink(self.feature_extraction(x)))))


def in_parts(tensors):
    """The other layout: shrinking, mapping and expanding are one list."""
    maps = max(int(key.split(".")[1]) for key in tensors if key.startswith("map.")) + 1
    names = {}
    for key, value in tensors.items():
        part, _, rest = key.partition(".")
        if part == "feature_extraction":
            names["first_part." + rest] = value
        elif part == "deconv":
            names["last_part." + rest] = value
        else:
            number, _, what = rest.partition(".")
            start = {"shrink": 0, "map": 2, "expand": 2 + maps}[part]
            names[f"mid_part.{start + int(number)}.{what}"] = value
    return names


if __name__ == "__main__":
    net = Fsrcnn(1, 8, 4, 2, 3)
    write("fsrcnn-y-x3", net, scale=3, family="FSRCNN", run=on_luma(net, 3), state=in_parts)
    write("fsrcnn-rgb-x2", Fsrcnn(3, 8, 4, 2, 2), scale=2, family="FSRCNN", options={"scale": 2})
    large = Fsrcnn(1, 6, 4, 1, 4)
    write("fsrcnn-y-x4", large, scale=4, family="FSRCNN", run=on_luma(large, 4))
