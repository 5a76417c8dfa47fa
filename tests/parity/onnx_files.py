"""Writes small ONNX files of the kinds that people bring along, and what onnxruntime makes of them.

    python -m tests.parity.onnx_files     # from the repository's root; needs onnx, onnxruntime, numpy

Each tests/data/onnx/NAME.onnx has a NAME.safetensors beside it: "input" and "output", RGB 0-1, with
the translation between RGB and what the file wants done here in numpy, and in the metadata the scale,
the options (option.NAME), the tolerance, and the input pixels at the border that are not compared.
Files without one are those that must be refused.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent.parent / "data" / "onnx"
HEIGHT, WIDTH = 12, 10
TYPES = {np.float32: TensorProto.FLOAT, np.float16: TensorProto.FLOAT16, np.uint8: TensorProto.UINT8}


class Net:
    """A graph in the making: layers are added in order, weights are random."""

    def __init__(self, seed: int, dtype=np.float32, size: float = 1):
        self.random, self.dtype, self.size = np.random.default_rng(seed), dtype, size
        self.nodes, self.weights, self.count = [], [], 0

    def constant(self, value, dtype=None) -> str:
        self.count += 1
        name = f"c{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype or self.dtype), name))
        return name

    def op(self, op: str, *inputs: str, out: str | None = None, domain: str = "", outputs=None, **attributes):
        self.count += 1
        names = outputs or [out or f"x{self.count}"]
        self.nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attributes))
        return names[0]

    def conv(self, x: str, cin: int, cout: int, kernel: int = 3, stride: int = 1) -> str:
        weight = self.random.normal(0, (1 / (cin * kernel * kernel)) ** 0.5, (cout, cin, kernel, kernel))
        bias = self.random.normal(0, 0.05 * self.size, cout)
        half = lambda a: a.astype(np.float16)
        return self.op("Conv", x, self.constant(half(weight)), self.constant(half(bias)),
                       kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, strides=[stride] * 2)

    def body(self, x: str, channels: int = 3, scale: int = 2, out: str | None = None, shuffle: bool = True) -> str:
        x = self.op("Relu", self.conv(x, channels, 6))
        x = self.conv(x, 6, channels * scale * scale)
        if not shuffle:
            return x
        return self.op("DepthToSpace", x, out=out, blocksize=scale, mode="CRD")

    def save(self, name: str, inputs, outputs, opset: int = 13, version: int = 8, domains=(), more_inputs=()) -> Path:
        value = lambda n, t, s: helper.make_tensor_value_info(n, TYPES.get(t, t), s)
        graph = helper.make_graph(self.nodes, "net", [value(*i) for i in inputs] + list(more_inputs),
                                  [value(*o) for o in outputs], self.weights)
        sets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
        model = helper.make_model(graph, opset_imports=sets, ir_version=version)
        FOLDER.mkdir(exist_ok=True)
        onnx.save(model, FOLDER / f"{name}.onnx")
        return FOLDER / f"{name}.onnx"


def picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(7).random((1, 3, height, width), np.float32)


def run(path: Path, feed: dict) -> np.ndarray:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)[0]


def expect(name: str, x: np.ndarray, y: np.ndarray, scale: int, tolerance: float = 1e-4, border: int = 0, **facts):
    y = np.ascontiguousarray(y, np.float32)
    assert y.shape == (1, 3, x.shape[2] * scale, x.shape[3] * scale), (name, y.shape)
    metadata = {"scale": str(scale), "tolerance": str(tolerance), "border": str(border)}
    metadata |= {key.replace("option_", "option."): str(value) for key, value in facts.items()}
    save_file({"input": x, "output": y}, FOLDER / f"{name}.safetensors", metadata)
    (FOLDER / f"{name}.safetensors").chmod(0o644)
    print(f"{name}: output {y.min():.2f} to {y.max():.2f}")


# RGB to and from brightness as JPEG has it.
TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.299, -0.587, 0.886], [0.701, -0.587, -0.114]])
TO_YCC[1] *= 0.5 / 0.886
TO_YCC[2] *= 0.5 / 0.701
ANY = [1, None, None]


def keys(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    return np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))


def bicubic(x: np.ndarray, scale: int) -> np.ndarray:
    along = lambda n: keys((np.arange(n * scale)[:, None] + 0.5) / scale - 0.5 - np.arange(n)[None])
    return along(x.shape[-2]) @ x @ along(x.shape[-1]).T


def on_luma(x: np.ndarray, enlarge, scale: int) -> np.ndarray:
    ycc = np.einsum("ij,bjhw->bihw", TO_YCC, x)
    y = enlarge(ycc[:, :1].astype(np.float32))
    both = np.concatenate([y, bicubic(ycc[:, 1:], scale)], 1)
    return np.einsum("ij,bjhw->bihw", np.linalg.inv(TO_YCC), both)


def accepted() -> None:
    x = picture()
    size = [1, 3, None, None]

    net = Net(1)
    path = net.save("plain", [("in", np.float32, size)], [(net.body("in", out="out"), np.float32, size)])
    expect("plain", x, run(path, {"in": x}), 2)

    net = Net(2, np.float16)
    path = net.save("half", [("in", np.float16, size)], [(net.body("in"), np.float16, size)])
    expect("half", x, run(path, {"in": x.astype(np.float16)}), 2, tolerance=4e-3)

    net = Net(3)
    y = net.body(net.op("Transpose", "in", perm=[0, 3, 1, 2]))
    last = [None, None, None, 3]
    path = net.save("channels-last", [("in", np.float32, last)],
                    [(net.op("Transpose", y, perm=[0, 2, 3, 1]), np.float32, last)])
    expect("channels-last", x, run(path, {"in": x.transpose(0, 2, 3, 1)}).transpose(0, 3, 1, 2), 2)

    # Follows its input, but for biases that are small only among values to 255.
    net = Net(4, size=80)
    skip = net.op("Resize", "in", "", net.constant([1, 1, 2, 2], np.float32), mode="nearest",
                  coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    inside = net.body(net.op("Mul", "in", net.constant(0.01)))
    path = net.save("to-255", [("in", np.float32, size)], [(net.op("Add", inside, skip), np.float32, size)])
    expect("to-255", x, run(path, {"in": x * 255}) / 255, 2, option_range=255)

    net = Net(5)
    path = net.save("mean-bgr", [("in", np.float32, size)], [(net.body("in"), np.float32, size)])
    mean = np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 3, 1, 1)
    y = run(path, {"in": (x[:, ::-1] - mean) / np.float32(0.25)})
    expect("mean-bgr", x, (y * 0.25 + mean)[:, ::-1], 2, option_mean="0.4,0.5,0.6", option_std=0.25, option_bgr=1)

    net = Net(6)
    y = net.body(net.op("Div", net.op("Cast", "in", to=TensorProto.FLOAT), net.constant(255)))
    y = net.op("Clip", net.op("Mul", y, net.constant(255)), net.constant(0), net.constant(255))
    path = net.save("bytes", [("in", np.uint8, size)], [(net.op("Cast", y, to=TensorProto.UINT8), np.uint8, size)])
    expect("bytes", x, run(path, {"in": np.round(x * 255).astype(np.uint8)}) / 255, 2, tolerance=1.01 / 255)

    net = Net(7)
    one = [1, 1, None, None]
    path = net.save("brightness", [("in", np.float32, one)], [(net.body("in", 1, 3), np.float32, one)])
    expect("brightness", x, on_luma(x, lambda y: run(path, {"in": y}), 3), 3)

    net = Net(8)
    four = [1, 4, None, None]
    path = net.save("alpha", [("in", np.float32, four)], [(net.body("in", 4), np.float32, four)])
    opaque = np.concatenate([x, np.ones_like(x[:, :1])], 1)
    expect("alpha", x, run(path, {"in": opaque})[:, :3], 2)

    # A pixel shuffle as exporters write it for one size, with the order of PyTorch, before opset 11.
    net = Net(9)
    shape = lambda *s: net.constant(s, np.int64)
    y = net.op("Reshape", net.body("in", shuffle=False), shape(-1, 3, 2, 2, HEIGHT, WIDTH))
    y = net.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
    y = net.op("Reshape", y, shape(-1, 3, HEIGHT * 2, WIDTH * 2))
    fixed = lambda c, s=1: [1, c, HEIGHT * s, WIDTH * s]
    path = net.save("one-size", [("in", np.float32, fixed(3))], [(y, np.float32, fixed(3, 2))], opset=9)
    expect("one-size", x, run(path, {"in": x}), 2)

    net = Net(10)
    y = net.op("Reshape", "in", net.constant([1, 3, HEIGHT // 2, 2, WIDTH // 2, 2], np.int64))
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 1, 3, 5, 2, 4]),
               net.constant([1, 12, HEIGHT // 2, WIDTH // 2], np.int64))
    y = net.body(y, 12, 2)
    y = net.op("DepthToSpace", net.conv(y, 12, 12), blocksize=2, mode="CRD")
    path = net.save("unshuffled", [("in", np.float32, fixed(3))], [(y, np.float32, fixed(3, 2))])
    expect("unshuffled", x, run(path, {"in": x}), 2, align=2)

    net = Net(11)
    y = net.op("Reshape", net.body("in"), net.constant([1, 3, HEIGHT * 2, WIDTH * 2], np.int64))
    path = net.save("truly-one-size", [("in", np.float32, fixed(3))], [(y, np.float32, fixed(3, 2))])
    expect("truly-one-size", x, run(path, {"in": x}), 2, fixed=f"{HEIGHT}x{WIDTH}")

    net = Net(12)
    path = net.save("batch", [("in", np.float32, [4, 3, None, None])],
                    [(net.body("in"), np.float32, [4, 3, None, None])])
    expect("batch", x, run(path, {"in": np.repeat(x, 4, 0)})[:1], 2)

    net = Net(13)
    path = net.save("outside", [("in", np.float32, size)], [(net.body("in"), np.float32, size)])
    model = onnx.load(path)
    (FOLDER / "outside.data").unlink(missing_ok=True)
    onnx.save(model, path, save_as_external_data=True, location="outside.data", size_threshold=0)
    (FOLDER / "outside.data").chmod(0o644)
    expect("outside", x, run(path, {"in": x}), 2)

    # Two inputs, of which one is a number.
    net = Net(14)
    y = net.body(net.op("Mul", "in", "sigma"))
    path = net.save("two-inputs", [("sigma", np.float32, [1]), ("in", np.float32, size)], [(y, np.float32, size)])
    expect("two-inputs", x, run(path, {"in": x, "sigma": np.float32([0.7])}), 2, option_sigma=0.7)

    net = Net(15)
    y = net.op("Add", "in", net.constant(np.full((1, 3, 1, 1), 0.1)))
    y = net.op("Relu", net.conv(y, 3, 5))
    y = net.op("ConvTranspose", y, net.constant(net.random.normal(0, 0.2, (5, 3, 4, 4)).astype(np.float16)),
               kernel_shape=[4, 4], pads=[1] * 4, strides=[2, 2])
    listed = [helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in net.weights]
    path = net.save("weights-as-inputs", [("in", np.float32, size)], [(y, np.float32, size)], opset=7, version=3,
                    more_inputs=listed)
    expect("weights-as-inputs", x, run(path, {"in": x}), 2)

    # Brightness between operators of another domain, with glue on both sides and a shuffle of one size.
    strange = "ai.onnx.contrib"
    inner, net = Net(16), Net(16)
    for n in (inner, net):
        if n is net:
            n.op("DecodeImage", "file", domain=strange, outputs=["pixels"])
            n.op("ToYCbCr", "pixels", domain=strange, outputs=["y8", "cb", "cr"])
            n.op("Cast", "y8", to=TensorProto.FLOAT, out="yf")
        y = n.body("yf" if n is net else "in", 1, 3, shuffle=False)
        y = n.op("Reshape", y, n.constant([-1, 1, 3, 3, HEIGHT, WIDTH], np.int64))
        y = n.op("Reshape", n.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3]),
                 n.constant([-1, 1, HEIGHT * 3, WIDTH * 3], np.int64))
        if n is inner:
            path = inner.save("inner", [("in", np.float32, fixed(1))], [(y, np.float32, fixed(1, 3))])
    expect("wrapped", x, on_luma(x, lambda v: run(path, {"in": v}), 3), 3)
    path.unlink()
    y = net.op("Clip", net.op("Mul", y, net.constant(255)), net.constant(0), net.constant(255))
    y = net.op("Concat", net.op("Cast", y, to=TensorProto.UINT8), "cb", "cr", axis=1)
    net.op("EncodeImage", y, domain=strange, outputs=["picture"])
    net.save("wrapped", [("file", np.uint8, [None])], [("picture", np.uint8, [None])], domains=[strange])


def refused() -> None:
    size = [1, 3, None, None]

    net = Net(20)
    y = net.op("GlobalAveragePool", net.conv("in", 3, 8))
    net.save("refused-classifier", [("in", np.float32, size)], [(net.op("Flatten", y), np.float32, [1, 8])])

    net = Net(21)
    a, b = net.body("in"), net.conv("in", 3, 8)
    net.save("refused-detector", [("in", np.float32, size)], [(a, np.float32, size), (b, np.float32, [1, 8, None, None])])

    net = Net(22)
    net.save("refused-smaller", [("in", np.float32, size)], [(net.conv("in", 3, 3, stride=2), np.float32, size)])

    net = Net(23)
    y = net.op("Resize", "in", "", net.constant([1, 1, 1.5, 1.5], np.float32), mode="nearest")
    net.save("refused-one-and-a-half", [("in", np.float32, size)], [(y, np.float32, size)])

    net = Net(24)
    net.save("refused-features", [("in", np.float32, [1, 64, None, None])],
             [(net.conv("in", 64, 3), np.float32, size)])

    net = Net(25)
    net.op("Dream", "in", domain="some.vendor", outputs=["dreamt"])
    net.save("refused-unknown", [("in", np.float32, size)], [("dreamt", np.float32, size)], domains=["some.vendor"])

    net = Net(26)
    net.nodes.append(helper.make_node("Add", ["in", "b"], ["a"]))
    net.nodes.append(helper.make_node("Relu", ["a"], ["b"]))
    net.save("refused-cycle", [("in", np.float32, size)], [("b", np.float32, size)])


if __name__ == "__main__":
    accepted()
    refused()
