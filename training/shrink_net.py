"""The network that tells which kernel made a picture small, and its file.

RGB 0 to 1 [N, 3, H, W] in, any size from 64; logits [N, 7, 1, 1] out, in the order of
shrink_samples.CLASSES: the evidence of all places, averaged.
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from .export import OPSET, _Graph

LUMA = (0.299, 0.587, 0.114)
FLOOR = 2.0 / 255  # below this much local contrast, rounding outweighs the kernel
SIDE = 7           # of the neighbourhood that a pixel is compared with


class Layer(nn.Module):
    """3x3 convolution and batch normalisation; `folded` gives the two as one kernel and bias."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, gain: float = 1.0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.02)
        nn.init.constant_(self.norm.weight, gain)

    def forward(self, x):
        return self.norm(self.conv(x))

    def fold(self, kernel, bias):
        """From here on one convolution with these weights, without normalisation."""
        self.norm = nn.Identity()
        self.conv.weight = nn.Parameter(kernel)
        self.conv.bias = nn.Parameter(bias)

    def folded(self):
        if isinstance(self.norm, nn.Identity):
            return self.conv.weight, self.conv.bias
        gain = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        return self.conv.weight * gain.view(-1, 1, 1, 1), self.norm.bias - self.norm.running_mean * gain


class ShrinkNet(nn.Module):
    """Two views of the detail (a pixel less the mean around it), relative to the contrast of the whole
    crop and to that of the place, through residual convolutions at full, half and quarter size."""

    def __init__(self, channels=(32, 48, 96), blocks=(1, 3, 2), hidden: int = 128, classes: int = 7):
        super().__init__()
        layers, inputs = [], 2
        for i, (width, count) in enumerate(zip(channels, blocks)):
            layers.append(nn.ModuleList([Layer(inputs, width, 1 if i == 0 else 2)]))
            layers += [nn.ModuleList([Layer(width, width), Layer(width, width, gain=0.2)])
                       for _ in range(count)]
            inputs = width
        self.layers = nn.ModuleList(layers)
        self.first = nn.Conv2d(2 * inputs, hidden, 1)
        self.last = nn.Conv2d(hidden, classes, 1)
        self.drop = nn.Dropout(0.1)
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1))
        self.register_buffer("box", torch.full((1, 1, SIDE, SIDE), SIDE ** -2.0))

    def views(self, x):
        y = F.conv2d(x, self.luma)
        detail = y - F.conv2d(y, self.box, padding=SIDE // 2)
        power = F.conv2d(detail * detail, self.box, padding=SIDE // 2)
        everywhere = power.mean((2, 3), keepdim=True)
        return torch.cat([detail / (everywhere + FLOOR ** 2).sqrt(), detail / (power + FLOOR ** 2).sqrt()], 1)

    def forward(self, views):
        """Of `views(x)`, which wants full precision."""
        y = views
        for layer in self.layers:
            if len(layer) == 1:
                y = F.relu(layer[0](y))
            else:
                y = F.relu(y + layer[1](F.relu(layer[0](y))))
        y = y.float()
        pooled = torch.cat([y.mean((2, 3), keepdim=True), (y * y).mean((2, 3), keepdim=True).add(1e-4).sqrt()], 1)
        return self.last(self.drop(F.relu(self.first(pooled))))

    def answer(self, x):
        return self.forward(self.views(x))


def read_weights(path: Path, net: ShrinkNet):
    """Gives `net` the weights of a file that `export` wrote; its normalisations are folded then."""
    import onnx
    from onnx import numpy_helper
    stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).astype("float32").copy())
              for t in onnx.load(path).graph.initializer}
    for i, layers in enumerate(net.layers):
        for j, layer in enumerate(layers):
            name = f"{i}" if len(layers) == 1 else f"{i}.{j}"
            layer.fold(stored[f"{name}.weight"], stored[f"{name}.bias"])
    for name, layer in (("first", net.first), ("last", net.last)):
        layer.load_state_dict({part: stored[f"{name}.{part}"] for part in ("weight", "bias")})


class _Writer(_Graph):
    def exact(self, value) -> str:
        """A float32 constant, where half precision is too coarse."""
        from onnx import numpy_helper
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(torch.as_tensor(value).detach().float().cpu().numpy(), name))
        return name

    def filtered(self, x, taps, pad) -> str:
        return self.node("Conv", [x, self.exact(taps)], kernel_shape=list(taps.shape[2:]), pads=[pad] * 4)

    def layer(self, name, layer, x) -> str:
        kernel, bias = layer.folded()
        weights = [self.weight(f"{name}.weight", kernel), self.weight(f"{name}.bias", bias)]
        return self.node("Conv", [x, *weights], kernel_shape=[3, 3], pads=[1] * 4,
                         strides=list(layer.conv.stride))

    def root(self, x, offset) -> str:
        return self.node("Sqrt", [self.node("Add", [x, self.exact(offset)])])

    def point(self, name, conv, x, **more) -> str:
        weights = [self.weight(f"{name}.weight", conv.weight), self.weight(f"{name}.bias", conv.bias)]
        return self.node("Conv", [x, *weights], kernel_shape=[1, 1], **more)

    def save(self, path: Path, outputs: int, facts: dict):
        """The file: input [1, 3, height, width], output [1, outputs, 1, 1]."""
        from onnx import TensorProto, checker, helper, save
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in
                (("input", [1, 3, "height", "width"]), ("output", [1, outputs, 1, 1]))]
        body = helper.make_graph(self.nodes, path.stem, ends[:1], ends[1:], self.initializers)
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)],
                                  producer_name="acuity", ir_version=8)
        helper.set_model_props(model, {"acuity": json.dumps(facts)})
        checker.check_model(model)
        save(model, str(path))
        print(f"wrote {path}, {path.stat().st_size} bytes", flush=True)


def export(net: ShrinkNet, path: Path, classes):
    """Writes `net` to an .onnx file: input [1, 3, height, width], output [1, 7, 1, 1]."""
    net = net.eval().cpu()
    g = _Writer()
    y = g.filtered("input", net.luma, 0)
    # The detail as one filter: a pixel less its neighbourhood's mean.
    taps = -net.box.clone()
    taps[0, 0, SIDE // 2, SIDE // 2] += 1
    detail = g.filtered(y, taps, SIDE // 2)
    power = g.filtered(g.node("Mul", [detail, detail]), net.box, SIDE // 2)
    everywhere = g.node("GlobalAveragePool", [power])
    y = g.node("Concat", [g.node("Div", [detail, g.root(p, FLOOR ** 2)]) for p in (everywhere, power)], axis=1)
    for i, layer in enumerate(net.layers):
        if len(layer) == 1:
            y = g.node("Relu", [g.layer(f"{i}", layer[0], y)])
        else:
            inner = g.node("Relu", [g.layer(f"{i}.0", layer[0], y)])
            y = g.node("Relu", [g.node("Add", [y, g.layer(f"{i}.1", layer[1], inner)])])
    mean = g.node("GlobalAveragePool", [y])
    square = g.node("GlobalAveragePool", [g.node("Mul", [y, y])])
    y = g.node("Concat", [mean, g.root(square, 1e-4)], axis=1)
    y = g.node("Relu", [g.point("first", net.first, y)])
    g.point("last", net.last, y, output="output")
    g.save(path, len(classes), {"classes": classes})
