"""LapSRN (Lai et al., "Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution", 2017)."""
import torch
from torch import nn

from .common import write
from .luma import on_luma


class Features(nn.Module):
    def __init__(self, features: int, depth: int):
        super().__init__()
        layers = []
        for _ in range(depth):
            layers += [nn.Conv2d(features, features, 3, padding=1, bias=False), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(features, features, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        self.cov_block = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cov_block(x)


class Lapsrn(nn.Module):
    def __init__(self, channels: int, features: int, depth: int, levels: int):
        super().__init__()
        self.levels = levels
        self.conv_input = nn.Conv2d(channels, features, 3, padding=1, bias=False)
        self.relu = nn.LeakyReLU(0.2)
        for i in range(1, levels + 1):
            self.add_module(f"convt_I{i}", nn.ConvTranspose2d(channels, channels, 4, 2, 1,
                                                              bias=False))
            self.add_module(f"convt_R{i}", nn.Conv2d(features, channels, 3, padding=1, bias=False))
            self.add_module(f"convt_F{i}", nn.Sequential(Features(features, depth)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.conv_input(x))
        for i in range(1, self.levels + 1):
            y = getattr(self, f"convt_F{i}")(y)
            x = getattr(self, f"convt_I{i}")(x) + getattr(self, f"convt_R{i}")(y)
        return x


if __name__ == "__main__":
    net = Lapsrn(1, 6, 3, 2)
    write("lapsrn-y-x4", net, scale=4, family="LapSRN", run=on_luma(net, 4), height=9, width=8)
    write("lapsrn-rgb-x2", Lapsrn(3, 6, 2, 1), scale=2, family="LapSRN")
    large = Lapsrn(1, 4, 2, 3)
    write("lapsrn-y-x8", large, scale=8, family="LapSRN", run=on_luma(large, 8), height=6, width=5)
