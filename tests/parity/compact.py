"""SRVGGNetCompact (Wang et al., "Real-ESRGAN", 2021, and its practical follow-ups)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write


class Compact(nn.Module):
    def __init__(self, features: int, convolutions: int, scale: int):
        super().__init__()
        layers = [nn.Conv2d(3, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(convolutions):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, 3 * scale * scale, 3, padding=1))
        self.body, self.scale = nn.ModuleList(layers), scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for layer in self.body:
            y = layer(y)
        return F.pixel_shuffle(y, self.scale) + F.interpolate(x, scale_factor=self.scale)


if __name__ == "__main__":
    write("compact-x4", Compact(8, 3, 4), scale=4, family="Compact")
    write("compact-x2", Compact(6, 2, 2), scale=2, family="Compact", half=False)
