"""VDSR (Kim et al., "Accurate Image Super-Resolution Using Very Deep Convolutional Networks", 2016)."""
import torch
from torch import nn

from .common import write
from .luma import bicubic, on_luma


class Vdsr(nn.Module):
    def __init__(self, channels: int, features: int, layers: int, bias: bool):
        super().__init__()
        self.first = nn.Conv2d(channels, features, 3, padding=1, bias=bias)
        self.body = nn.ModuleList(nn.Conv2d(features, features, 3, padding=1, bias=bias)
                                  for _ in range(layers))
        self.last = nn.Conv2d(features, channels, 3, padding=1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x).relu()
        for conv in self.body:
            y = conv(y).relu()
        return self.last(y) + x


def renamed(first: str, body: str, last: str):
    def state(tensors):
        names = {}
        for key, value in tensors.items():
            place, _, rest = key.partition(".")
            if place == "body":
                number, _, rest = rest.partition(".")
                names[f"{body.replace('#', number)}.{rest}"] = value
            else:
                names[f"{first if place == 'first' else last}.{rest}"] = value
        return names
    return state


if __name__ == "__main__":
    net = Vdsr(1, 6, 4, bias=False)
    write("vdsr-y-x2", net, scale=2, family="VDSR", run=on_luma(lambda y: net(bicubic(y, 2)), 2),
          state=renamed("input", "residual_layer.#.conv", "output"))
    full = Vdsr(1, 4, 3, bias=True)
    write("vdsr-full-x3", full, scale=3, family="VDSR", options={"scale": 3, "luma": "full"},
          run=on_luma(lambda y: full(bicubic(y, 3)), 3, studio=False),
          state=renamed("conv1.0", "trunk.#.conv", "conv2"))
    colour = Vdsr(3, 6, 3, bias=True)
    write("vdsr-rgb-x4", colour, scale=4, family="VDSR", run=lambda x: colour(bicubic(x, 4)),
          state=renamed("conv_first", "trunk.#", "conv_last"))
