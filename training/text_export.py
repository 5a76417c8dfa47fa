"""The text detector to ONNX: normalisation folded, half-precision weights, dynamic height and width.

Input RGB 0 to 1 [1, 3, h, w], h and w multiples of 16; output probabilities [1, 1, h/4, w/4]. The facts
a runner needs stand in the file's metadata under `acuity`.
"""
import json
from pathlib import Path

import torch

from .export import OPSET, _Graph
from .text_model import TextNet


class _Writer(_Graph):
    def layer(self, name: str, layer, x: str) -> str:
        kernel, bias = layer.folded()
        return self.convolution(name, x, kernel, bias, layer.conv.stride[0])

    def convolution(self, name, x, kernel, bias, stride=1) -> str:
        inputs = [x, self.weight(f"{name}.weight", kernel), self.weight(f"{name}.bias", bias)]
        side = kernel.shape[-1]
        return self.node("Conv", inputs, kernel_shape=[side, side], pads=[side // 2] * 4,
                         strides=[stride] * 2)

    def relu(self, x: str) -> str:
        return self.node("Relu", [x])

    def add(self, x: str, y: str) -> str:
        return self.node("Add", [x, y])

    def twice(self, x: str) -> str:
        return self.node("Resize", [x, "", "twice"], mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="asymmetric")


def export(net: TextNet, path: Path):
    """Writes `net` to an .onnx file."""
    from onnx import TensorProto, checker, helper, numpy_helper, save
    net = net.eval()
    g = _Writer()
    scales = torch.tensor([1.0, 1.0, 2.0, 2.0])
    g.initializers.append(numpy_helper.from_array(scales.numpy(), "twice"))
    g.initializers.append(numpy_helper.from_array(torch.tensor(-0.5).numpy(), "centre"))
    y = g.relu(g.layer("head", net.head, g.add("input", "centre")))
    y = g.relu(g.layer("detail", net.detail, y))
    levels = []
    for i, (down, blocks) in enumerate(zip(net.down, net.body)):
        y = g.relu(g.layer(f"down.{i}", down, y))
        for j, block in enumerate(blocks):
            name = f"body.{i}.{j}"
            inner = g.relu(g.layer(f"{name}.first", block.first, y))
            y = g.relu(g.add(y, g.layer(f"{name}.second", block.second, inner)))
        levels.append(y)
    for i, (narrow, join, skip) in enumerate(zip(net.narrow, net.join, levels[-2::-1])):
        y = g.twice(g.layer(f"narrow.{i}", narrow, y))
        y = g.relu(g.add(y, skip))
        y = g.relu(g.add(y, g.layer(f"join.{i}", join, y)))
    y = g.convolution("tail", y, net.tail.weight, net.tail.bias)
    g.node("Sigmoid", [y], output="output")
    inputs = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])
    outputs = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "height/4", "width/4"])
    body = helper.make_graph(g.nodes, path.stem, [inputs], [outputs], g.initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)],
                              producer_name="acuity", ir_version=8)
    helper.set_model_props(model, {"acuity": json.dumps({"cell": 4, "multiple": 16})})
    checker.check_model(model)
    save(model, str(path))
    print(f"wrote {path}, {path.stat().st_size} bytes", flush=True)


def load_onnx(path: Path):
    """Maps float RGB [1, 3, h, w] to probabilities [1, 1, h/4, w/4], run by onnxruntime on one thread."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(None, {"input": x.contiguous().numpy()})[0])
