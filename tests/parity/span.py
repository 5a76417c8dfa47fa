"""SPAN (Wan et al., "Swift Parameter-free Attention Network", 2023), in training and merged."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write

MEAN = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)


class Conv3(nn.Module):
    """A convolution that is trained as 1x1, 3x3, 1x1 with a 1x1 beside them."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.sk = nn.Conv2d(inputs, outputs, 1)
        self.conv = nn.Sequential(nn.Conv2d(inputs, 2 * inputs, 1),
                                  nn.Conv2d(2 * inputs, 2 * outputs, 3),
                                  nn.Conv2d(2 * outputs, outputs, 1))
        self.eval_conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.merged = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.eval_conv(x) if self.merged else self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)


class Block(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.c1_r, self.c2_r, self.c3_r = (Conv3(features, features) for _ in range(3))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first = F.silu(self.c1_r(x))
        y = self.c3_r(F.silu(self.c2_r(first)))
        return (y + x) * (torch.sigmoid(y) - 0.5), first


class SPAN(nn.Module):
    def __init__(self, features: int, scale: int, blocks: int = 6, norm: bool = True,
                 merged: bool = False):
        super().__init__()
        self.norm, self.scale, self.blocks = norm, scale, blocks
        if not norm:
            self.register_buffer("no_norm", torch.zeros(1))
        self.conv_1 = Conv3(3, features)
        for i in range(1, blocks + 1):
            setattr(self, f"block_{i}", Block(features))
        self.conv_cat = nn.Conv2d(4 * features, features, 1)
        self.conv_2 = Conv3(features, features)
        self.upsampler = nn.Sequential(nn.Conv2d(features, 3 * scale ** 2, 3, padding=1))
        for module in self.modules():
            if isinstance(module, Conv3):
                module.merged = merged

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.conv_1((x - MEAN) * 255 if self.norm else x)
        y, after_first = first, None
        for i in range(1, self.blocks + 1):
            y, inner = getattr(self, f"block_{i}")(y)
            after_first = y if i == 1 else after_first
        y = self.conv_cat(torch.cat([first, self.conv_2(y), after_first, inner], 1))
        return F.pixel_shuffle(self.upsampler(y), self.scale)


def only(merged: bool):
    """Drops what the other of the two forms consists of."""
    dropped = (".sk.", ".conv.") if merged else (".eval_conv.",)
    return lambda tensors: {key: tensor for key, tensor in tensors.items()
                            if not any(part in key for part in dropped)}


if __name__ == "__main__":
    small = {"family": "SPAN", "height": 8, "width": 6}
    # The merged convolutions of this one are another network's: the branches count.
    write("span-raw-x2", SPAN(4, 2, blocks=2, norm=False), scale=2, **small)
    write("span-branches-x3", SPAN(4, 3, blocks=2, norm=False), scale=3, state=only(False), **small)
    write("span-merged-x4", SPAN(6, 4, merged=True, norm=False), scale=4, state=only(True), **small)
    write("span-norm-x4", SPAN(4, 4, merged=True), scale=4, state=only(True), **small)
