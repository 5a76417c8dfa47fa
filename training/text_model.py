"""The network that marks lettering: RGB 0 to 1 [N, 3, h, w] to one value for every 4x4 pixels.

A U-Net with additions for its joints: halves, quarters, eighths and sixteenths of the picture, so that
h and w are multiples of 16. About 25 thousand multiply-adds per pixel. `forward` gives logits
[N, 1, h/4, w/4]; the exported graph ends with their sigmoid.
"""
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    """3x3 or 1x1 convolution and batch normalisation; `folded` gives the two as one kernel and bias."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, side: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.02)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x):
        return self.norm(self.conv(x))

    def folded(self):
        gain = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        return (self.conv.weight * gain.view(-1, 1, 1, 1),
                self.norm.bias - self.norm.running_mean * gain)


class Block(nn.Module):
    """Two convolutions beside the way straight through; the second begins at nothing."""

    def __init__(self, channels: int):
        super().__init__()
        self.first, self.second = Layer(channels, channels), Layer(channels, channels)
        nn.init.constant_(self.second.norm.weight, 0.1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class TextNet(nn.Module):
    """`channels` at a half, quarter, eighth and sixteenth; `blocks` at the last three."""

    def __init__(self, channels: list[int], blocks: list[int]):
        super().__init__()
        a, b, c, d = channels
        self.head, self.detail = Layer(3, a, 2), Layer(a, a)
        self.down = nn.ModuleList([Layer(a, b, 2), Layer(b, c, 2), Layer(c, d, 2)])
        self.body = nn.ModuleList(nn.ModuleList(Block(n) for _ in range(count))
                                  for n, count in zip((b, c, d), blocks))
        self.narrow = nn.ModuleList([Layer(d, c, side=1), Layer(c, b, side=1)])
        self.join = nn.ModuleList([Layer(c, c), Layer(b, b)])
        self.tail = nn.Conv2d(b, 1, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=0.01)
        nn.init.constant_(self.tail.bias, -2.0)  # most places bear no lettering

    def forward(self, x):
        y = F.relu(self.detail(F.relu(self.head(x - 0.5))))
        levels = []
        for down, blocks in zip(self.down, self.body):
            y = F.relu(down(y))
            for block in blocks:
                y = block(y)
            levels.append(y)
        for narrow, join, skip in zip(self.narrow, self.join, levels[-2::-1]):
            y = F.interpolate(narrow(y), scale_factor=2, mode="nearest")
            y = F.relu(y + skip)
            y = F.relu(y + join(y))
        return self.tail(y)


def cost(net: TextNet) -> float:
    """Multiply-adds per pixel of the picture."""
    areas = {"head": 4, "detail": 4, "down.0": 16, "down.1": 64, "down.2": 256, "body.0": 16, "body.1": 64,
             "body.2": 256, "narrow.0": 256, "narrow.1": 64, "join.0": 64, "join.1": 16, "tail": 16}
    return sum(module.weight.numel() / next(v for k, v in areas.items() if name.startswith(k))
               for name, module in net.named_modules() if isinstance(module, nn.Conv2d))
