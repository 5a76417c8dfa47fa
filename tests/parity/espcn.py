"""ESPCN (Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network", 2016)."""
from torch import nn

from .common import write
from .luma import on_luma
from .srcnn import renamed


def espcn(channels: int, features: list[int], scale: int, activation, *end) -> nn.Module:
    layers, inside = [], channels
    for i, outside in enumerate(features):
        kernel = 3 if i else 5
        layers += [nn.Conv2d(inside, outside, kernel, padding=kernel // 2), activation()]
        inside = outside
    layers.append(nn.Conv2d(inside, channels * scale * scale, 3, padding=1))
    return nn.Sequential(*layers, nn.PixelShuffle(scale), *end)


if __name__ == "__main__":
    net = espcn(1, [8, 6], 3, nn.Tanh)
    write("espcn-y-x3", net, scale=3, family="ESPCN", run=on_luma(net, 3),
          state=renamed({"0": "feature_maps.0", "2": "feature_maps.2", "4": "sub_pixel.0"}))
    parts = espcn(3, [8, 6], 2, nn.ReLU)
    write("espcn-rgb-relu", parts, scale=2, family="ESPCN", options={"activation": "relu"},
          state=renamed({"0": "first_part.0", "2": "first_part.2", "4": "last_part.0"}))
    four = espcn(1, [8, 8, 6], 2, nn.ReLU)
    write("espcn-four", four, scale=2, family="ESPCN", run=on_luma(four, 2, studio=False),
          state=renamed({"0": "conv1", "2": "conv2", "4": "conv3", "6": "conv4"}))
    three = espcn(1, [8, 6], 2, nn.Tanh, nn.Sigmoid())
    write("espcn-sigmoid", three, scale=2, family="ESPCN", run=on_luma(three, 2, studio=False),
          state=renamed({"0": "conv1", "2": "conv2", "4": "conv3"}))
