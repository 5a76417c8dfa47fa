"""HAT (Chen et al., "Activating More Pixels in Image Super-Resolution Transformer", 2023)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .windows import (MEAN, Block, Frame, Mlp, Steps, attend, before_upsample, grid, index_within,
                      on_maps, pad, partition, residual_conv, reverse)


class ChannelAttention(nn.Module):
    def __init__(self, dim, squeeze):
        super().__init__()
        self.attention = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim // squeeze, 1),
                                       nn.ReLU(), nn.Conv2d(dim // squeeze, dim, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.attention(x)


class HybridBlock(Block):
    def __init__(self, dim, w, heads, shift, ratio, compress, squeeze, conv_scale):
        super().__init__(dim, w, heads, shift, ratio, stored_index=False)
        self.conv_scale = conv_scale
        self.conv_block = nn.Module()
        self.conv_block.cab = nn.Sequential(
            nn.Conv2d(dim, dim // compress, 3, padding=1), nn.GELU(),
            nn.Conv2d(dim // compress, dim, 3, padding=1), ChannelAttention(dim, squeeze))

    def beside(self, normed):
        return on_maps(self.conv_block.cab, normed) * self.conv_scale


def index_overlapping(w, outer):
    """The authors' offset leaves negative numbers, which PyTorch counts from the end."""
    distance = grid(outer)[:, None, :] - grid(w)[:, :, None] + w - outer + 1
    return distance[0] * (w + outer - 1) + distance[1]


class Overlapping(nn.Module):
    def __init__(self, dim, w, outer, heads, ratio):
        super().__init__()
        self.w, self.outer, self.heads = w, outer, heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((w + outer - 1) ** 2, heads))
        self.mlp = Mlp(dim, int(dim * ratio))

    def around(self, x):
        """[1, h, w, c] -> [windows, outer * outer, c]"""
        c = x.shape[-1]
        x = F.unfold(x.permute(0, 3, 1, 2), self.outer, stride=self.w,
                     padding=(self.outer - self.w) // 2)
        return x.view(c, self.outer ** 2, -1).permute(2, 1, 0)

    def forward(self, x):
        _, height, width, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        bias = self.relative_position_bias_table[index_overlapping(self.w, self.outer)]
        y = attend(partition(q, self.w), self.around(k), self.around(v), self.heads,
                   bias.permute(2, 0, 1))
        x = x + reverse(self.proj(y), self.w, height, width)
        return x + self.mlp(self.norm2(x))


class Group(nn.Module):
    def __init__(self, dim, depth, heads, w, outer, ratio, compress, squeeze, conv_scale):
        super().__init__()
        self.residual_group = nn.Module()
        self.residual_group.blocks = nn.ModuleList(
            HybridBlock(dim, w, heads, w // 2 if i % 2 else 0, ratio, compress, squeeze,
                        conv_scale) for i in range(depth))
        self.residual_group.overlap_attn = Overlapping(dim, w, outer, heads, ratio)
        self.conv = residual_conv(dim, False)

    def forward(self, x):
        y = x
        for block in self.residual_group.blocks:
            y = block(y)
        return on_maps(self.conv, self.residual_group.overlap_attn(y)) + x


class Hat(Frame):
    def __init__(self, dim=8, depths=(2,), heads=2, w=4, overlap=0.5, ratio=2, compress=2,
                 squeeze=4, conv_scale=0.01, scale=4, features=8):
        super().__init__()
        self.w, self.scale = w, scale
        outer = w + int(w * overlap)
        self.register_buffer("relative_position_index_SA", index_within(w))
        self.register_buffer("relative_position_index_OCA", index_overlapping(w, outer))
        self.frame(dim, [Group(dim, d, heads, w, outer, ratio, compress, squeeze, conv_scale)
                         for d in depths])
        self.conv_before_upsample = before_upsample(dim, features)
        self.upsample = Steps(scale, features)
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x):
        height, width = x.shape[2:]
        y = self.features(pad(x, self.w) - MEAN)
        y = self.conv_last(self.upsample(self.conv_before_upsample(y))) + MEAN
        return y[:, :, :height * self.scale, :width * self.scale]


if __name__ == "__main__":
    write("hat-x4", Hat(), scale=4, family="HAT", height=10, width=7)
    write("hat-x2-scaled", Hat(scale=2, conv_scale=0.5, depths=(2, 1), ratio=1.5), scale=2,
          family="HAT", height=12, width=9, seed=2, options={"conv_scale": 0.5})
