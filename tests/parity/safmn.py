"""SAFMN (Sun et al., "Spatially-Adaptive Feature Modulation for Efficient Image Super-Resolution",
2023), and the two networks called SAFMN++ of the challenges AIS 2024 and NTIRE 2024."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write


class ChannelNorm(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x.movedim(1, -1), self.weight.shape, self.weight, self.bias,
                            1e-6).movedim(-1, 1)


class Modulation(nn.Module):
    def __init__(self, features: int, levels: int):
        super().__init__()
        share = features // levels
        self.mfr = nn.ModuleList(nn.Conv2d(share, share, 3, padding=1, groups=share)
                                 for _ in range(levels))
        self.aggr = nn.Conv2d(features, features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, seen = x.shape[2:], []
        for i, (share, conv) in enumerate(zip(x.chunk(len(self.mfr), 1), self.mfr)):
            if i:
                share = F.adaptive_max_pool2d(share, [side >> i for side in size])
            seen.append(F.interpolate(conv(share), size))
        return F.gelu(self.aggr(torch.cat(seen, 1))) * x


class Mixer(nn.Module):
    def __init__(self, features: int, wide: int):
        super().__init__()
        self.ccm = nn.Sequential(nn.Conv2d(features, wide, 3, padding=1), nn.GELU(),
                                 nn.Conv2d(wide, features, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ccm(x)


class Block(nn.Module):
    def __init__(self, features: int, wide: int, levels: int):
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(features), ChannelNorm(features)
        self.safm, self.ccm = Modulation(features, levels), Mixer(features, wide)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.safm(self.norm1(x)) + x
        return self.ccm(self.norm2(x)) + x


class Safmn(nn.Module):
    def __init__(self, features: int, blocks: int, scale: int, levels: int = 4):
        super().__init__()
        self.to_feat = nn.Conv2d(3, features, 3, padding=1)
        self.feats = nn.Sequential(*(Block(features, 2 * features, levels) for _ in range(blocks)))
        self.to_img = nn.Sequential(nn.Conv2d(features, 3 * scale * scale, 3, padding=1),
                                    nn.PixelShuffle(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.to_feat(x)
        return self.to_img(self.feats(x) + x)


class SimpleModulation(nn.Module):
    def __init__(self, features: int, part: int):
        super().__init__()
        self.part = part
        self.proj = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.dwconv = nn.Conv2d(part, part, 3, padding=1, groups=part, bias=False)
        self.out = nn.Conv2d(features, features, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = x.shape[2:]
        y = self.proj(x)
        seen, rest = y[:, : self.part], y[:, self.part :]
        mask = self.dwconv(F.adaptive_max_pool2d(seen, [side // 8 for side in size]))
        mask = F.gelu(F.interpolate(mask, size, mode="bilinear", align_corners=False))
        return self.out(F.gelu(torch.cat([rest, mask * seen], 1)))


class LightMixer(nn.Module):
    def __init__(self, features: int, wide: int):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(features, wide, 3, padding=1, bias=False), nn.GELU(),
                                  nn.Conv2d(wide, features, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class NamedMixer(nn.Module):
    def __init__(self, features: int, wide: int):
        super().__init__()
        self.conv1 = nn.Conv2d(features, wide, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(wide, features, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv2(F.gelu(self.conv1(x)))


class PlusBlock(nn.Module):
    def __init__(self, features: int, wide: int, light: bool):
        super().__init__()
        self.light = light
        self.conv1 = SimpleModulation(features, features // (2 if light else 3))
        self.conv2 = (LightMixer if light else NamedMixer)(features, wide)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(self.conv1(x))
        return y if self.light else y + x


class SafmnPlus(nn.Module):
    """`light`: features are added once (AIS 2024), else in blocks, and the picture (NTIRE 2024)."""

    def __init__(self, features: int, blocks: int, wide: int, scale: int, light: bool):
        super().__init__()
        self.light, self.scale = light, scale
        self.to_feat = nn.Conv2d(3, features, 3, padding=1, bias=False)
        self.feats = nn.Sequential(*(PlusBlock(features, wide, light) for _ in range(blocks)))
        self.to_img = nn.Sequential(nn.Conv2d(features, 3 * scale * scale, 3, padding=1,
                                              bias=False), nn.PixelShuffle(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.to_feat(x)
        y = self.feats(first)
        if self.light:
            return self.to_img(y + first)
        return self.to_img(y) + F.interpolate(x, scale_factor=self.scale, mode="bilinear",
                                              align_corners=False)


if __name__ == "__main__":
    # Sides are multiples of 8, so that every grid fits.
    write("safmn-x2", Safmn(8, 2, 2), scale=2, family="SAFMN", height=24, width=16)
    write("safmn-3-levels-x3", Safmn(6, 1, 3, 3), scale=3, family="SAFMN", height=12, width=16)
    write("safmnpp-light-x2", SafmnPlus(8, 2, 12, 2, True), scale=2, family="SAFMN++", height=24,
          width=16)
    write("safmnpp-x3", SafmnPlus(9, 2, 12, 3, False), scale=3, family="SAFMN++", height=16,
          width=16)
