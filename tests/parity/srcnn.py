"""SRCNN (Dong et al., "Learning a Deep Convolutional Network for Image Super-Resolution", 2014)."""
from torch import nn

from .common import write
from .luma import bicubic, on_luma


def srcnn(channels: int, features: int = 8, middle: int = 6) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, features, 9, padding=4), nn.ReLU(),
                         nn.Conv2d(features, middle, 5, padding=2), nn.ReLU(),
                         nn.Conv2d(middle, channels, 5, padding=2))


def renamed(names):
    """From the indices of a Sequential to names."""
    def state(tensors):
        return {names[key.split(".")[0]] + "." + key.split(".")[1]: value
                for key, value in tensors.items()}
    return state


if __name__ == "__main__":
    net = srcnn(1)
    write("srcnn-y-x3", net, scale=3, family="SRCNN", options={"scale": 3},
          run=on_luma(lambda y: net(bicubic(y, 3)), 3),
          state=renamed({"0": "conv1", "2": "conv2", "4": "conv3"}))
    colour = srcnn(3, 6, 4)
    write("srcnn-rgb-x2", colour, scale=2, family="SRCNN", run=lambda x: colour(bicubic(x, 2)),
          state=renamed({"0": "features.0", "2": "map.0", "4": "reconstruction"}))
