"""CARN and CARN-M (Ahn et al., "Cascading Residual Network", 2018)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .edsr import Shift, conv


class Shifter(nn.Module):
    def __init__(self, sign: int):
        super().__init__()
        self.shifter = Shift(sign, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shifter(x)


class Body(nn.Module):
    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


class Residual(Body):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.body(x))


def grouped(inputs: int, outputs: int, groups: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups)


def residual(features: int, groups: int) -> Residual:
    layers = [grouped(features, features, groups), nn.ReLU(), grouped(features, features, groups)]
    return Residual(*layers, *([nn.ReLU(), conv(features, features, 1)] if groups > 1 else []))


class Cascade(nn.Module):
    """Three steps, b1 to b3, each seeing all before it. `once`: b1 is used three times."""

    def __init__(self, features: int, step, once: bool = False):
        super().__init__()
        self.once = once
        for i in range(1, 4):
            if i == 1 or not once:
                setattr(self, f"b{i}", step())
            setattr(self, f"c{i}", Body(conv(features * (i + 1), features, 1), nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        for i in range(1, 4):
            step = self.b1 if self.once else getattr(self, f"b{i}")
            seen = torch.cat([seen, step(x)], 1)
            x = getattr(self, f"c{i}")(seen)
        return x


def enlarging(features: int, scale: int, groups: int, repeated: bool) -> Body:
    layers = []
    for step in [3] if scale == 3 else [2] * (scale.bit_length() - 1):
        if repeated:
            layers += [nn.Upsample(scale_factor=step), grouped(features, features, groups),
                       nn.ReLU()]
        else:
            layers += [grouped(features, features * step ** 2, groups), nn.ReLU(),
                       nn.PixelShuffle(step)]
    return Body(*layers)


class CARN(Cascade):
    def __init__(self, scales: list[int], chosen: int, features: int = 4, groups: int = 1,
                 repeated: bool = False):
        super().__init__(features,
                         lambda: Cascade(features, lambda: residual(features, groups), groups > 1))
        self.sub_mean, self.add_mean = Shifter(-1), Shifter(1)
        self.entry, self.exit = conv(3, features), conv(features, 3)
        many = len(scales) > 1
        self.upsample = nn.ModuleDict(
            {f"up{scale}" if many else "up": enlarging(features, scale, groups, repeated)
             for scale in scales})
        self.chosen = f"up{chosen}" if many else "up"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = super().forward(self.entry(self.sub_mean(x)))
        return self.add_mean(self.exit(self.upsample[self.chosen](x)))


if __name__ == "__main__":
    small = {"family": "CARN", "height": 8, "width": 6}
    write("carn-x2", CARN([2], 2), scale=2, **small)
    write("carn-many-x3", CARN([2, 3, 4], 3), scale=3, options={"scale": 3}, **small)
    write("carn-many-x4", CARN([2, 4], 4), scale=4, **small)
    write("carn-repeated-x4", CARN([4], 4, repeated=True), scale=4, **small)
    write("carn-m-x4", CARN([4], 4, features=8, groups=4), scale=4, **small)
    write("carn-m-x3", CARN([3], 3, features=8, groups=2, repeated=True), scale=3,
          options={"scale": 3}, **small)
