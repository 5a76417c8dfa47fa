"""DITN for real-world pictures (Liu et al., "Unfolding Once is Enough: A Deployment-Friendly
Transformer Unit for Super-Resolution", 2023).

    python -m tests.parity.ditn WEIGHTS.pth OUT.safetensors    # a vector of trained weights
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .windows import pad


class FeedForward(nn.Module):
    def __init__(self, dim, factor):
        super().__init__()
        hidden = int(dim * factor)
        self.project_in = nn.Conv2d(dim, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden,
                                bias=False)
        self.project_out = nn.Conv2d(hidden, dim, 1, bias=False)

    def forward(self, x):
        gate, kept = self.dwconv(self.project_in(x)).chunk(2, 1)
        return self.project_out(F.gelu(gate) * kept)


class ChannelAttention(nn.Module):
    """Between the channels of a patch: [patches, c, side, side]."""

    def __init__(self, dim):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(1, 1, 1))
        self.qkv = nn.Linear(dim, 3 * dim)
        self.project_out = nn.Conv2d(dim, dim, 1, bias=False)

    def forward(self, x):
        q, k, v = self.qkv(x.flatten(2).mT).mT.chunk(3, 1)
        weights = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT * self.temperature
        return self.project_out((weights.softmax(-1) @ v).view(x.shape))


class LargeKernels(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(1, dim, 1, 1))
        self.DConvs = nn.Sequential(nn.Conv2d(dim, dim, 5, padding=2, groups=dim),
                                    nn.Conv2d(dim, dim, 7, padding=9, dilation=3, groups=dim),
                                    nn.Conv2d(dim, dim, 1))
        self.proj_first = nn.Sequential(nn.Conv2d(dim, 2 * dim, 1))
        self.proj_last = nn.Sequential(nn.Conv2d(dim, dim, 1))

    def forward(self, x):
        weight, x = self.proj_first(x).chunk(2, 1)
        return self.proj_last(x * self.DConvs(weight)) * self.scale


class Layer(nn.Module):
    def __init__(self, dim, factor, name, attention):
        super().__init__()
        self.name = name
        self.add_module(name, attention)
        self.conv1, self.conv2 = nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, dim, 1)
        self.ffn = FeedForward(dim, factor)

    def forward(self, x):
        x = x + getattr(self, self.name)(self.conv1(torch.tanh(x)))
        return x + self.ffn(self.conv2(torch.tanh(x)))


class Unit(nn.Module):
    def __init__(self, dim, factor, inner, outer, side):
        super().__init__()
        self.side = side
        self.ITLs = nn.Sequential(*(Layer(dim, factor, "attn", ChannelAttention(dim))
                                    for _ in range(inner)))
        self.SALs = nn.Sequential(*(Layer(dim, factor, "SDA", LargeKernels(dim))
                                    for _ in range(outer)))

    def forward(self, x):
        _, c, height, width = x.shape
        s = self.side
        x = x.view(c, height // s, s, width // s, s).permute(1, 3, 0, 2, 4)
        rows, columns = x.shape[:2]
        x = self.ITLs(x.reshape(-1, c, s, s)).view(rows, columns, c, s, s)
        return self.SALs(x.permute(2, 0, 3, 1, 4).reshape(1, c, height, width))


class Ditn(nn.Module):
    def __init__(self, dim=8, units=1, inner=2, outer=2, factor=2, side=8, scale=4):
        super().__init__()
        self.side, self.scale = side, scale
        self.sft = nn.Conv2d(3, dim, 3, padding=1)
        self.UFONE = nn.Sequential(*(Unit(dim, factor, inner, outer, side) for _ in range(units)))
        self.conv_after_body = nn.Conv2d(dim, dim, 3, padding=1)
        self.upsample = nn.Sequential(nn.Conv2d(dim, 3 * scale ** 2, 3, padding=1),
                                      nn.PixelShuffle(scale))

    def forward(self, x):
        height, width = x.shape[2:]
        first = self.sft(pad(x, self.side))
        y = self.upsample(self.conv_after_body(self.UFONE(first)) + first)
        return y[:, :, :height * self.scale, :width * self.scale]


def trained(weights, out):
    from safetensors.torch import save_file
    state = torch.load(weights, weights_only=True, map_location="cpu")
    network = Ditn(dim=60, inner=4, outer=4).eval()
    network.load_state_dict(state)
    ramp = torch.linspace(0, 1, 45)
    x = torch.stack([0.5 + 0.5 * torch.sin(9 * ramp[:37, None] + c + 20 * ramp[None] ** 2)
                     for c in range(3)])[None]
    with torch.no_grad():
        y = network(x)
    save_file({**state, "parity.input": x.contiguous(), "parity.output": y.contiguous()}, out,
              {"family": "DITN", "scale": "4"})
    print(f"output {y.min():.2f} to {y.max():.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        trained(*sys.argv[1:])
    else:
        write("ditn-x4", Ditn(), scale=4, family="DITN", height=10, width=19)
        write("ditn-x2-patch4", Ditn(units=2, inner=1, outer=1, factor=1.5, side=4, scale=2),
              scale=2, family="DITN", height=7, width=8, seed=2, options={"patch_size": 4})
