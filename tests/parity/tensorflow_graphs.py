"""Small TensorFlow graphs like those of OpenCV's dnn_superres, written without TensorFlow.

    python -m tests.parity.tensorflow_graphs       # from the repository's root

Each tests/data/tensorflow/NAME.pb is a GraphDef, NAME.safetensors an RGB input and what comes out of it,
computed here with PyTorch from TensorFlow's description of its operations.
"""
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

FOLDER = Path(__file__).resolve().parent.parent / "data" / "tensorflow"
MEAN = torch.tensor([103.1545782, 111.561547, 114.35629928]).view(1, 3, 1, 1)  # BGR


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


TYPES = {np.dtype("float32"): 1, np.dtype("int32"): 3, np.dtype("float16"): 19}


def tensor(array: np.ndarray, listed: bool) -> bytes:
    """TensorProto: as bytes, or with `listed` as values of which the last repeats."""
    out = field(1, TYPES[array.dtype])
    out += field(2, b"".join(field(2, field(1, side)) for side in array.shape))
    if not listed:
        return out + field(4, array.tobytes())
    values = array.ravel().tolist()
    while len(values) > 1 and values[-1] == values[-2]:
        values.pop()
    if array.dtype == np.float32:
        return out + field(5, np.float32(values).tobytes())
    if array.dtype == np.float16:
        return out + field(13, b"".join(varint(int(v)) for v in np.float16(values).view(np.uint16)))
    return out + field(7, b"".join(varint(v) for v in values))


class Graph:
    """Writes nodes; `maps` holds what each gives, [1, channels, height, width] in PyTorch."""

    def __init__(self, seed: int):
        self.bytes, self.random, self.count = b"", np.random.default_rng(seed), 0

    def node(self, op: str, inputs: list[str], name: str | None = None, **attributes) -> str:
        self.count += 1
        name = name or f"{op}_{self.count}"
        out = field(1, name) + field(2, op) + b"".join(field(3, i) for i in inputs)
        for key, value in attributes.items():
            out += field(5, field(1, key) + field(2, value))
        self.bytes += field(1, out)
        return name

    def const(self, array, listed: bool = False) -> str:
        array = np.asarray(array)
        array = array.astype({"f": array.dtype, "i": "int32"}[array.dtype.kind])
        return self.node("Const", [], value=field(8, tensor(array, listed)),
                         dtype=field(6, TYPES[array.dtype]))

    def weights(self, *shape: int, dtype="float32") -> np.ndarray:
        fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 400
        return (self.random.standard_normal(shape) * (1.6 / fan) ** 0.5).astype(dtype)


def ints(*values: int) -> bytes:
    return field(1, field(3, b"".join(varint(v) for v in values)))


HOW = {"data_format": field(2, "NHWC")}


def same(x: torch.Tensor, kernel: int, dilation: int = 1) -> torch.Tensor:
    total = (kernel - 1) * dilation
    return F.pad(x, (total // 2, total - total // 2) * 2)


class Net(Graph):
    """Layers that write a node and compute it: each takes and gives (name, map)."""

    def conv(self, x, out: int, kernel: int, bias: str = "BiasAdd", valid=False, dilation=1, listed=False,
             dtype="float32"):
        name, value = x
        w = self.weights(kernel, kernel, value.shape[1], out, dtype=dtype)
        b = np.full(out, 0.03, "float32") if listed else self.weights(out)
        weight = self.const(w, listed)
        if dtype != "float32":  # frozen graphs read their variables so
            weight = self.node("Identity", [weight, "^" + weight])
        name = self.node("Conv2D", [name, weight], strides=ints(1, 1, 1, 1), dilations=ints(1, 1, 1, 1),
                         padding=field(2, "VALID" if valid else "SAME"), **HOW)
        value = value if valid else same(value, kernel)
        value = F.conv2d(value, torch.from_numpy(w).float().permute(3, 2, 0, 1), dilation=dilation)
        if bias:
            name = self.node(bias, [name, self.const(b, listed)])
            value = value + torch.from_numpy(b).view(1, -1, 1, 1)
        return name, value

    def deconv(self, x, out: int, kernel: int, stride: int):
        """With its output's shape computed in the graph."""
        name, value = x
        w = self.weights(kernel, kernel, out, value.shape[1])
        whole = self.node("Shape", [name])
        sides = []
        for axis in (1, 2):
            ends = [self.const([axis]), self.const([axis + 1]), self.const([1])]
            side = self.node("StridedSlice", [whole, *ends], shrink_axis_mask=field(3, 1))
            sides.append(self.node("Mul", [side, self.const(stride)]))
        shape = self.node("Pack", [self.const(1), *sides, self.const(out)])
        name = self.node("Conv2DBackpropInput", [shape, self.const(w), name], strides=ints(1, stride, stride, 1),
                         padding=field(2, "SAME"), **HOW)
        h, w_ = value.shape[2] * stride, value.shape[3] * stride
        full = F.conv_transpose2d(value, torch.from_numpy(w).permute(3, 2, 0, 1), stride=stride)
        cut = max(kernel - stride, 0) // 2
        return name, full[:, :, cut:cut + h, cut:cut + w_]

    def unary(self, x, op: str, f, **attributes):
        return self.node(op, [x[0]], **attributes), f(x[1])

    def add(self, a, b, op: str = "AddV2"):
        return self.node(op, [a[0], b[0]]), a[1] + b[1]

    def times(self, x, factor: float):
        return self.node("Mul", [self.const(np.float32(factor)), x[0]]), x[1] * factor

    def leaky(self, x, slope: float):
        return self.unary(x, "LeakyRelu", lambda v: F.leaky_relu(v, slope), alpha=field(4, slope))

    def shuffle(self, x, factor: int, name: str | None = None):
        name = self.node("DepthToSpace", [x[0]], name, block_size=field(3, factor), **HOW)
        _, c, h, w = x[1].shape
        blocks = x[1].view(1, factor, factor, c // factor ** 2, h, w)  # blocks before channels
        return name, blocks.permute(0, 3, 4, 1, 5, 2).reshape(1, -1, h * factor, w * factor)

    def prelu(self, x):
        """From parts, as FSRCNN has it."""
        name, value = x
        alpha = np.abs(self.weights(value.shape[1])) * 4
        size = self.node("Abs", [name])
        low = self.node("Mul", [self.const(alpha), self.node("Sub", [name, size])])
        low = self.node("Mul", [low, self.const(np.float32(0.5))])
        return self.node("Add", [self.node("Relu", [name]), low]), F.prelu(value, torch.from_numpy(alpha))

    def nchw(self, x, name: str):
        return self.node("Transpose", [x[0], self.const([0, 3, 1, 2])], name), x[1]


def edsr(net: Net, x):
    x = first = net.conv(x, 6, 3, "Add", listed=True)
    y = net.unary(net.conv(x, 6, 3, "Add"), "Relu", F.relu)
    x = net.add(x, net.times(net.conv(y, 6, 3, "Add"), 0.1), "Add")
    x = net.add(net.conv(x, 6, 3, "Add", dtype="float16"), first, "Add")
    return net.nchw(net.shuffle(net.conv(x, 12, 3, "Add"), 2, "NHWC_output"), "NCHW_output")


def lapsrn(net: Net, x):
    features = image = x
    for level in (2, 4):
        y = net.leaky(features, 0.2)
        y = net.leaky(net.conv(y, 8, 3), 0.2)
        y = net.deconv(net.add(y, net.conv(features, 8, 1)), 4, 4, 2)
        mean = net.node("ExpandDims", [net.node("Mean", [y[0], net.const([-1])]), net.const(-1)])
        features = y
        residual = mean, y[1].mean(1, keepdim=True)
        image = net.add(net.shuffle(net.conv(image, 4, 4), 2), residual)
        net.nchw(image, f"NCHW_output_{level}x")
    return image


def mixture(net: Net, x):
    """What is left: halves, reflection, splits, a dilated convolution, resizing."""
    name = net.node("MirrorPad", [x[0], net.const([[0, 0], [2, 2], [2, 2], [0, 0]])], mode=field(2, "REFLECT"))
    y = net.prelu(net.conv((name, F.pad(x[1], (2, 2, 2, 2), mode="reflect")), 8, 5, valid=True, dtype="float16"))
    parts = net.node("Split", [net.const(3), y[0]], "parts", num_split=field(3, 2))
    a, b = (parts, y[1][:, :4]), (parts + ":1", y[1][:, 4:])
    block, around = net.const([2, 2]), net.const([[2, 3], [2, 3]])
    name = net.node("SpaceToBatchND", [b[0], block, around])
    dilated = net.conv((name, F.pad(b[1], (2, 3, 2, 3))), 4, 3, bias="", valid=True, dilation=2)
    name = net.node("BatchToSpaceND", [dilated[0], block, net.const([[0, 1], [0, 1]])])
    b = net.unary((name, dilated[1][:, :, :-1, :-1]), "Tanh", torch.tanh)
    y = net.node("ConcatV2", [b[0], a[0], net.const(-1)]), torch.cat([b[1], a[1]], 1)
    y = net.shuffle(net.conv(y, 9, 3), 3)
    shape = net.node("StridedSlice", [net.node("Shape", [x[0]]), net.const([1]), net.const([3]), net.const([1])])
    size = net.node("Mul", [shape, net.const(3)])
    large = net.node("ResizeBilinear", [x[0], size], half_pixel_centers=field(5, 1))
    return net.add(y, (large, F.interpolate(x[1], scale_factor=3, mode="bilinear")))


def keys(x: float) -> float:
    x = abs(x)
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return ((-0.5 * x + 2.5) * x - 4) * x + 2 if x < 2 else 0.0


def bicubic(x: torch.Tensor, n: int) -> torch.Tensor:
    """Channels apart, zeros around."""
    taps = torch.tensor([[keys(k - 2 - ((i + 0.5) / n - 0.5)) for k in range(5)] for i in range(n)])
    kernel = torch.einsum("iy,jx->ijyx", taps, taps).reshape(n * n, 1, 5, 5)
    planes = [F.pixel_shuffle(F.conv2d(x[:, c:c + 1], kernel, padding=2), n) for c in range(x.shape[1])]
    return torch.cat(planes, 1)


def on_luma(net: Net, build, x: torch.Tensor) -> torch.Tensor:
    """BT.601, full range; the colour enlarged bicubically."""
    r, g, b = x[:, 0:1], x[:, 1:2], x[:, 2:3]
    y = 0.299 * r + 0.587 * g + 0.114 * b
    large = build(net, (net.node("Placeholder", [], "input"), y))[1]
    colour = bicubic(torch.cat([(b - y) / 1.772, (r - y) / 1.402], 1) + 128 / 255, large.shape[2] // y.shape[2])
    blue, red = (colour - 128 / 255).split(1, 1)
    green = large - (0.299 * 1.402 * red + 0.114 * 1.772 * blue) / 0.587
    return torch.cat([large + 1.402 * red, green, large + 1.772 * blue], 1)


def on_bgr(net: Net, build, x: torch.Tensor) -> torch.Tensor:
    x = x.flip(1) * 255 - MEAN
    return (build(net, (net.node("Placeholder", [], "input"), x))[1] + MEAN).flip(1) / 255


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True, parents=True)
    for seed, (build, run) in enumerate([(edsr, on_bgr), (lapsrn, on_luma), (mixture, on_luma)]):
        net = Net(seed)
        x = torch.rand(1, 3, 11, 9, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            y = run(net, build, x)
        (FOLDER / f"{build.__name__}.pb").write_bytes(net.bytes + field(4, field(1, 27)))
        save_file({"parity.input": x, "parity.output": y.contiguous()}, FOLDER / f"{build.__name__}.safetensors")
        print(build.__name__, len(net.bytes), tuple(y.shape), f"{y.min():.2f} to {y.max():.2f}")
