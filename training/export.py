"""Network to ONNX: folded kernels, half-precision weights, dynamic height and width.

The graph gives the difference to the bicubic enlargement (see network.py). The facts a runner needs
(scale, halo, skip) stand in the file's metadata under the key `acuity`, as JSON.
"""
import json
from pathlib import Path

import torch

from .network import Faithful
from .resample import bicubic

OPSET = 17


class _Graph:
    """Collects nodes and half-precision initialisers, each behind a Cast to float."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def node(self, kind: str, inputs: list[str], **attributes) -> str:
        from onnx import helper
        output = attributes.pop("output", f"t{len(self.nodes)}")
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name: str, value: torch.Tensor) -> str:
        from onnx import TensorProto, numpy_helper
        half = value.detach().cpu().half().numpy()
        self.initializers.append(numpy_helper.from_array(half, name))
        return self.node("Cast", [name], to=TensorProto.FLOAT)

    def conv(self, name: str, layer, x: str) -> str:
        weights = [self.weight(f"{name}.weight", layer.kernel()), self.weight(f"{name}.bias", layer.bias)]
        return self.node("Conv", [x, *weights], kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def export(net: Faithful, path: Path):
    """Writes `net` to an .onnx file of its difference branch."""
    from onnx import TensorProto, checker, helper, save
    graph = _Graph()
    y = graph.conv("head", net.head, "input")
    for i, block in enumerate(net.body):
        inner = graph.node("Relu", [graph.conv(f"body.{i}.first", block.first, y)])
        y = graph.node("Add", [y, graph.conv(f"body.{i}.second", block.second, inner)])
    y = graph.conv("tail", net.tail, y)
    graph.node("DepthToSpace", [y], blocksize=net.scale, mode="CRD", output="output")
    sides = ([1, 3, "height", "width"], [1, 3, f"{net.scale}*height", f"{net.scale}*width"])
    inputs, outputs = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
                       for n, s in zip(("input", "output"), sides))
    body = helper.make_graph(graph.nodes, path.stem, [inputs], [outputs], graph.initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)],
                              producer_name="acuity", ir_version=8)
    facts = {"scale": net.scale, "halo": net.halo, "skip": "bicubic"}
    helper.set_model_props(model, {"acuity": json.dumps(facts)})
    checker.check_model(model)
    save(model, str(path))
    print(f"wrote {path}, {path.stat().st_size} bytes")


def stored_weights(path: Path) -> dict[str, torch.Tensor]:
    """The float tensors of an exported file under the network's own names; folded, so without centres."""
    import onnx
    from onnx import numpy_helper
    return {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()).float()
            for i in onnx.load(str(path)).graph.initializer}


def load_onnx(path: Path, condition: list[float] = ()):
    """(enlarge, scale) of an exported file, run by ONNX's reference operators in PyTorch.

    `enlarge` maps float [1, 3, h, w] 0-1, on any device, to float SR; `condition` is what a network
    that takes conditions is told.
    """
    import onnx
    model = onnx.load(str(path))
    facts = json.loads({p.key: p.value for p in model.metadata_props}["acuity"])
    scale = facts["scale"]

    @torch.no_grad()
    def enlarge(x):
        h, w = x.shape[-2:]
        return bicubic(x, h * scale, w * scale) + _evaluate(model.graph, x, condition)

    return enlarge, scale


def _evaluate(graph, x, condition):
    from onnx import helper, numpy_helper
    functional = torch.nn.functional
    run = {
        "Cast": lambda a, _: a[0].float(),
        "Relu": lambda a, _: torch.relu(a[0]),
        "Add": lambda a, _: a[0] + a[1],
        "Conv": lambda a, k: functional.conv2d(*a, padding=1, stride=k.get("strides", [1, 1])),
        "DepthToSpace": lambda a, k: functional.pixel_shuffle(a[0], k["blocksize"]),
        "Gemm": lambda a, _: functional.linear(*a),  # transB
        "Reshape": lambda a, _: a[0].reshape(a[1].tolist()),
    }
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()).to(x.device)
              for i in graph.initializer}
    values["input"] = x
    if condition:
        values["condition"] = torch.tensor([condition], device=x.device)
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = run[node.op_type]([values[i] for i in node.input], attributes)
    return values["output"]


def main():
    import argparse
    parser = argparse.ArgumentParser(description="Exports the averaged weights of a checkpoint.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    net = Faithful(recipe["scale"], recipe["channels"], recipe["blocks"])
    net.load_state_dict(torch.load(args.checkpoint, weights_only=True)["average"])
    export(net, args.out)


if __name__ == "__main__":
    main()
