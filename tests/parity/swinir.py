"""SwinIR (Liang et al., "SwinIR: Image Restoration Using Swin Transformer", 2021)."""
import torch
from torch import nn
from torch.nn import functional as F

from .common import write
from .windows import MEAN, Block, Frame, Steps, before_upsample, on_maps, pad, residual_conv


class Group(nn.Module):
    def __init__(self, dim, depth, heads, w, ratio, three, stored_index):
        super().__init__()
        self.residual_group = nn.Module()
        self.residual_group.blocks = nn.ModuleList(
            Block(dim, w, heads, w // 2 if i % 2 else 0, ratio, stored_index)
            for i in range(depth))
        self.conv = residual_conv(dim, three)

    def forward(self, x):
        y = x
        for block in self.residual_group.blocks:
            y = block(y)
        return on_maps(self.conv, y) + x


class SwinIR(Frame):
    def __init__(self, dim=8, depths=(2,), heads=2, w=4, ratio=2, scale=1, upsampler="",
                 colours=3, three=False, img_range=1.0, features=8, stored_index=True):
        super().__init__()
        self.w, self.scale, self.upsampler, self.img_range = w, scale, upsampler, img_range
        self.mean = MEAN if colours == 3 else 0
        self.frame(dim, [Group(dim, d, heads, w, ratio, three, stored_index) for d in depths],
                   colours, three)
        last = features
        if upsampler == "pixelshuffle":
            self.conv_before_upsample = before_upsample(dim, features)
            self.upsample = Steps(scale, features)
        elif upsampler == "pixelshuffledirect":
            self.upsample = nn.Sequential(nn.Conv2d(dim, colours * scale ** 2, 3, padding=1),
                                          nn.PixelShuffle(scale))
            last = 0
        elif upsampler == "nearest+conv":
            self.conv_before_upsample = before_upsample(dim, features)
            self.conv_up1 = nn.Conv2d(features, features, 3, padding=1)
            if scale == 4:
                self.conv_up2 = nn.Conv2d(features, features, 3, padding=1)
            self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        else:
            last = dim
        if last:
            self.conv_last = nn.Conv2d(last, colours, 3, padding=1)

    def forward(self, x):
        height, width = x.shape[2:]
        x = (pad(x, self.w) - self.mean) * self.img_range
        y = self.features(x)
        if self.upsampler == "pixelshuffle":
            y = self.conv_last(self.upsample(self.conv_before_upsample(y)))
        elif self.upsampler == "pixelshuffledirect":
            y = self.upsample(y)
        elif self.upsampler == "nearest+conv":
            y = self.conv_before_upsample(y)
            y = F.leaky_relu(self.conv_up1(F.interpolate(y, scale_factor=2)), 0.2)
            if self.scale == 4:
                y = F.leaky_relu(self.conv_up2(F.interpolate(y, scale_factor=2)), 0.2)
            y = self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))
        else:
            y = x + self.conv_last(y)
        y = y / self.img_range + self.mean
        return y[:, :, :height * self.scale, :width * self.scale]


def through_luma(network):
    """A grey network for RGB: full-range BT.601, colour as it is (the scale is 1)."""
    to = torch.tensor([[0.299, 0.587, 0.114],
                       [-0.5 * 0.299 / 0.886, -0.5 * 0.587 / 0.886, 0.5],
                       [0.5, -0.5 * 0.587 / 0.701, -0.5 * 0.114 / 0.701]], dtype=torch.float64)
    back = torch.linalg.inv(to)

    def run(x):
        ycc = torch.einsum("oc,bchw->bohw", to, x.double())
        ycc[:, :1] = network(ycc[:, :1].float()).double()
        return torch.einsum("oc,bchw->bohw", back, ycc).float()
    return run


if __name__ == "__main__":
    write("swinir-classical-x2", SwinIR(scale=2, upsampler="pixelshuffle", depths=(2, 2)),
          scale=2, family="SwinIR", height=10, width=7)
    write("swinir-classical-x3", SwinIR(scale=3, upsampler="pixelshuffle", stored_index=False),
          scale=3, family="SwinIR", height=3, width=9, seed=2)
    write("swinir-light-x4", SwinIR(dim=12, scale=4, upsampler="pixelshuffledirect", heads=3),
          scale=4, family="SwinIR", height=12, width=9, seed=3)
    write("swinir-real-x4", SwinIR(scale=4, upsampler="nearest+conv", three=True, ratio=1.5),
          scale=4, family="SwinIR", height=9, width=8, seed=4)
    write("swinir-denoise", SwinIR(w=3), scale=1, family="SwinIR", height=11, width=10, seed=5)
    write("swinir-jpeg", SwinIR(w=7, img_range=255.0), scale=1, family="SwinIR", height=16,
          width=15, seed=6)
    grey = SwinIR(colours=1)
    write("swinir-grey", grey, scale=1, family="SwinIR", height=8, width=13, seed=7,
          run=through_luma(grey))
