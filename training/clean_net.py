"""The cleaning network: takes noise, the traces of JPEG, softness and halos away, and keeps the size.

It works on a grid of half the size (as FFDNet does: Zhang, Zuo and Zhang, "FFDNet", 2018), which
quarters its cost. How much of each damage there is, it is told: four numbers that are added to the
biases of its layers, so that a graph with fixed numbers costs nothing more. It gives the difference to
its input; `forward` adds it. RGB, 0 to 1, in the picture's own encoded space; even height and width.
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from .network import Folded

# What it is told, each 0 to about 1: sigma of the noise in luma and colour by 25 levels of 255, JPEG's
# quality as (100 - q) / 80, and the share of detail that is gone.
CONDITIONS = ("noise", "colourNoise", "compression", "softness")


class Told(Folded):
    """The faithful networks' convolution, with a bias that depends on the conditions, too."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0):
        super().__init__(inputs, outputs, gain)
        self.told = nn.Linear(len(CONDITIONS), outputs, bias=False)

    def forward(self, x, told):
        return super().forward(x) + self.told(told)[:, :, None, None]


class Clean(nn.Module):
    """x [N, 3, H, W], told [N, 4]; gives x's size."""

    def __init__(self, channels: int = 64, blocks: int = 4):
        super().__init__()
        self.head = nn.Conv2d(3, channels, 4, stride=2, padding=1)
        nn.init.kaiming_normal_(self.head.weight)
        self.body = nn.ModuleList(nn.ModuleList([Told(channels, channels), Told(channels, channels, 0.1)])
                                  for _ in range(blocks))
        self.tail = Told(channels, 12, 0.1)

    @property
    def halo(self) -> int:
        """Radius of the receptive field in pixels: two for the head, two for every other convolution."""
        return 2 + 2 * (2 * len(self.body) + 1)

    def difference(self, x, told):
        y = self.head(x)
        for first, second in self.body:
            y = y + second(F.relu(first(y, told)), told)
        return F.pixel_shuffle(self.tail(y, told), 2)

    def forward(self, x, told):
        return x + self.difference(x, told).float()


def export(net: Clean, path: Path):
    """Writes an .onnx file of the difference; its initialiser `condition` [1, 4] is what it is told."""
    from onnx import TensorProto, checker, helper, numpy_helper, save
    from .export import OPSET, _Graph
    g = _Graph()
    g.initializers.append(numpy_helper.from_array(torch.zeros(1, len(CONDITIONS)).numpy(), "condition"))
    one = numpy_helper.from_array(torch.tensor([-1]).numpy(), "flat")
    g.initializers.append(one)

    def told(name, layer: Told, x):
        w = g.weight(f"{name}.weight", layer.kernel())
        told = g.node("Gemm", ["condition", g.weight(f"{name}.told", layer.told.weight),
                               g.weight(f"{name}.bias", layer.bias)], transB=1)
        return g.node("Conv", [x, w, g.node("Reshape", [told, "flat"])], kernel_shape=[3, 3], pads=[1] * 4)

    head = [g.weight("head.weight", net.head.weight), g.weight("head.bias", net.head.bias)]
    y = g.node("Conv", ["input", *head], kernel_shape=[4, 4], strides=[2, 2], pads=[1] * 4)
    for i, (first, second) in enumerate(net.body):
        y = g.node("Add", [y, told(f"body.{i}.second", second, g.node("Relu", [told(f"body.{i}.first", first, y)]))])
    g.node("DepthToSpace", [told("tail", net.tail, y)], blocksize=2, mode="CRD", output="output")
    inputs, outputs = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3, "height", "width"])
                       for n in ("input", "output"))
    model = helper.make_model(helper.make_graph(g.nodes, path.stem, [inputs], [outputs], g.initializers),
                              opset_imports=[helper.make_opsetid("", OPSET)], producer_name="acuity", ir_version=8)
    facts = {"scale": 1, "halo": net.halo, "align": 2, "skip": "bicubic", "conditions": CONDITIONS}
    helper.set_model_props(model, {"acuity": json.dumps(facts)})
    checker.check_model(model)
    save(model, str(path))
