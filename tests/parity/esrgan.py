"""ESRGAN and Real-ESRGAN (Wang et al., 2018 and 2021) under all the names their layers go by."""
import re

import torch
from torch import nn
from torch.nn import functional as F

from .common import write


def conv(inputs: int, outputs: int, kernel: int = 3, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


class Dense(nn.Module):
    def __init__(self, features: int, growth: int, plus: bool):
        super().__init__()
        for i in range(1, 5):
            setattr(self, f"conv{i}", conv(features + (i - 1) * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)
        if plus:
            self.conv1x1 = conv(features, growth, 1, bias=False)
        self.plus = plus

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = [x]
        for i in range(1, 5):
            y = F.leaky_relu(getattr(self, f"conv{i}")(torch.cat(seen, 1)), 0.2)
            if self.plus and i == 2:
                y = y + self.conv1x1(x)
            if self.plus and i == 4:
                y = y + seen[2]
            seen.append(y)
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class Block(nn.Module):
    def __init__(self, features: int, growth: int, plus: bool):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (Dense(features, growth, plus) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class ESRGAN(nn.Module):
    """`steps`: the factor of each step; `unshuffle`: the side of the squares taken as channels."""

    def __init__(self, steps: list[int], blocks: int = 1, features: int = 6, growth: int = 4,
                 unshuffle: int = 1, plus: bool = False, shuffled: bool = False):
        super().__init__()
        self.steps, self.unshuffle, self.shuffled = steps, unshuffle, shuffled
        self.conv_first = conv(3 * unshuffle ** 2, features)
        self.body = nn.Sequential(*(Block(features, growth, plus) for _ in range(blocks)))
        self.conv_body = conv(features, features)
        for i, step in enumerate(steps, 1):
            setattr(self, f"conv_up{i}", conv(features, features * (step ** 2 if shuffled else 1)))
        self.conv_hr = conv(features, features)
        self.conv_last = conv(features, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.unshuffle > 1:
            x = F.pixel_unshuffle(x, self.unshuffle)
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for i, step in enumerate(self.steps, 1):
            up = getattr(self, f"conv_up{i}")
            if self.shuffled:
                x = F.pixel_shuffle(up(x), step)
            else:
                x = up(F.interpolate(x, scale_factor=step, mode="nearest"))
            x = F.leaky_relu(x, 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


def new(tensors: dict) -> dict:
    """The names of ESRGAN's second version, of BSRGAN and of RealSR."""
    names = {"body": "RRDB_trunk", "rdb": "RDB", "conv_body": "trunk_conv", "conv_up": "upconv",
             "conv_hr": "HRconv"}
    return {re.sub(r"^conv_(body|up|hr)|^body|rdb", lambda m: names[m[0]], key): tensor
            for key, tensor in tensors.items()}


def old(tensors: dict, shuffled: bool = False) -> dict:
    """The names of ESRGAN's first version: places in a sequence of layers."""
    blocks = len({key.split(".")[1] for key in tensors if key.startswith("body.")})
    steps = len({key.split(".")[0] for key in tensors if key.startswith("conv_up")})
    place = {"conv_first": "0", "conv_body": f"1.sub.{blocks}", "conv_hr": str(3 * steps + 2),
             "conv_last": str(3 * steps + 4)}
    place |= {f"conv_up{i}": str(3 * i - shuffled) for i in range(1, steps + 1)}
    renamed = {}
    for key, tensor in tensors.items():
        layer, kind = key.rsplit(".", 1)
        if layer in place:
            renamed[f"model.{place[layer]}.{kind}"] = tensor
        else:
            layer = layer.replace("body.", "model.1.sub.").replace("rdb", "RDB")
            inner = "" if layer.endswith("conv1x1") else ".0"
            renamed[f"{layer}{inner}.{kind}"] = tensor
    return renamed


if __name__ == "__main__":
    def case(name: str, scale: int, module: ESRGAN, height: int = 8, width: int = 6, **more) -> None:
        write(f"esrgan-{name}", module, scale=scale, family="ESRGAN", height=height, width=width,
              **more)

    case("old-x1", 1, ESRGAN([]), state=old)
    case("old-x2", 2, ESRGAN([2]), state=old)
    case("old-x3", 3, ESRGAN([3]), state=old, options={"scale": 3})
    case("old-x4", 4, ESRGAN([2, 2], blocks=2, features=4, growth=3), state=old)
    case("old-x8", 8, ESRGAN([2, 2, 2]), height=5, width=4, state=old)
    case("old-shuffled-x2", 2, ESRGAN([2], shuffled=True), state=lambda t: old(t, True))
    case("esrganplus-x4", 4, ESRGAN([2, 2], plus=True), state=old)
    case("new-x4", 4, ESRGAN([2, 2]), state=new)
    case("bsrgan-x2", 2, ESRGAN([2]), state=new)
    case("real-x4", 4, ESRGAN([2, 2]))
    case("real-x2", 2, ESRGAN([2, 2], unshuffle=2))
    case("real-x1", 1, ESRGAN([2, 2], unshuffle=4), height=12, width=8)
