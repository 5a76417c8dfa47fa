"""SRMD and SRMDNF (Zhang et al., "Learning a Single Convolutional Super-Resolution Network for Multiple
Degradations", 2018): convolutions on the picture beside planes of the degradation's numbers."""
import torch
from torch import nn

from .common import write


class Srmd(nn.Module):
    def __init__(self, planes: list[float], features: int, convolutions: int, scale: int):
        super().__init__()
        layers, before = [], 3 + len(planes)
        for _ in range(convolutions - 1):
            layers += [nn.Conv2d(before, features, 3, padding=1), nn.ReLU()]
            before = features
        layers += [nn.Conv2d(before, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale)]
        self.model, self.planes = nn.Sequential(*layers), planes

    def forward(self, x):
        planes = torch.tensor(self.planes).view(1, -1, 1, 1).expand(1, -1, *x.shape[2:])
        return self.model(torch.cat([x, planes], 1))


if __name__ == "__main__":
    blur = [round(0.1 * (i % 7) - 0.25, 2) for i in range(15)]
    words = {"planes": ",".join(map(str, blur))}
    write("srmd-x2", Srmd([*blur, 20 / 255], 6, 4, 2), scale=2, family="SRMD", options=words | {"noise": 20})
    write("srmdnf-x3", Srmd(blur, 6, 3, 3), scale=3, family="SRMDNF", options=words)
