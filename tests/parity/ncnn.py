"""Writes small ncnn models and what they must give: tests/data/ncnn/*.param, .bin, .safetensors.

    python -m tests.parity.ncnn_nets      # from the repository's root; needs torch and safetensors

Every layer is written and computed side by side; the semantics are those of ncnn's documentation.
Blobs have no batch: channels, height, width. "input" and "output" in the safetensors file are
[1, 3, height, width]; its metadata says scale and whether the network looks at the whole picture
("global").
"""
import struct
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

FOLDER = Path(__file__).resolve().parent.parent / "data" / "ncnn"
TYPES = {"Input": 16, "Convolution": 6, "PReLU": 23, "Split": 33, "PixelShuffle": 69, "Interp": 50,
         "BinaryOp": 40, "ReLU": 26}
random = torch.Generator().manual_seed(5)


def noise(*shape: int, size: float = 0.5) -> torch.Tensor:
    return torch.randn(shape, generator=random) * size


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


class Blob:
    def __init__(self, name: str, value: torch.Tensor):
        self.name, self.value = name, value


class Net:
    """`storage` is how tagged weights are stored: f32, f16, table."""

    def __init__(self, name: str, height: int = 12, width: int = 10, storage: str = "f32",
                 border: int = 0):
        self.name, self.storage, self.lines, self.bin, self.words = name, storage, [], b"", []
        random.manual_seed(5)  # so that nets do not depend on each other
        self.blobs, self.picture = 0, torch.rand(3, height, width, generator=random)
        whole = F.pad(self.picture[None], [border] * 4, mode="replicate")[0]
        self.input = self.add("Input", [], whole, name="data")

    def store(self, weight: torch.Tensor) -> torch.Tensor:
        """Appends a tagged weight and returns what a reader gets back."""
        flat = weight.detach().float().contiguous()
        if self.storage == "f32":
            self.bin += struct.pack("<I", 0) + flat.numpy().tobytes()
        elif self.storage == "f16":
            flat = flat.half()
            self.bin += struct.pack("<I", 0x01306B47) + padded(flat.numpy().tobytes())
        elif self.storage == "table":
            table = torch.linspace(float(flat.min()), float(flat.max()), 256)
            index = (flat[..., None] - table).abs().argmin(-1)
            self.bin += struct.pack("<I", 1) + table.numpy().tobytes()
            self.bin += padded(index.to(torch.uint8).numpy().tobytes())
            flat = table[index]
        return flat.float()

    def raw(self, *tensors: torch.Tensor) -> None:
        for tensor in tensors:
            self.bin += tensor.detach().float().contiguous().numpy().tobytes()

    def add(self, kind: str, inputs: list, value, params: dict | None = None, name: str = ""):
        """A layer that gives `value` (or several); parameters by key, lists as lists."""
        many = isinstance(value, (list, tuple))
        out = []
        for v in value if many else [value]:
            out.append(Blob(name or f"b{self.blobs}", v))
            self.blobs += 1
        text, words = "", []
        for key, p in (params or {}).items():
            values = p if isinstance(p, list) else [p]
            shown = [f"{v:e}" if isinstance(v, float) else str(v) for v in values]
            is_list = isinstance(p, list)
            text += f" {-23300 - key if is_list else key}="
            text += ",".join([str(len(values))] * is_list + shown)
            words += [-23300 - key, len(values)] if is_list else [key]
            words += [struct.unpack("<i", struct.pack("<f", v))[0] if isinstance(v, float) else v
                      for v in values]
        names = " ".join(b.name for b in [*inputs, *out])
        self.lines.append(f"{kind:16} l{len(self.lines)} {len(inputs)} {len(out)} {names}{text}")
        numbers = {name: i for i, name in enumerate(self.order())}
        self.words += [TYPES.get(kind, -1), len(inputs), len(out)]
        self.words += [numbers[b.name] for b in inputs]
        self.words += list(range(self.blobs - len(out), self.blobs)) + words + [-233]
        self.names = self.order() + [b.name for b in out]
        return out if many else out[0]

    def order(self) -> list:
        return getattr(self, "names", [])

    def conv(self, x: Blob, out: int, kernel=(3, 3), stride=(1, 1), dilation=(1, 1), pad=None,
             groups=0, act=0, act_params=None, value=0.0, bias=True, scales=0) -> Blob:
        """pad: left, right, top, bottom; None keeps the size; -233, -234 by the graph."""
        per = x.value.shape[0] // max(1, groups)
        weight = noise(out, per, *kernel, size=(1.5 / (per * kernel[0] * kernel[1])) ** 0.5)
        h, w = x.value.shape[1:]
        extent = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
        params = {0: out, 1: kernel[1], 11: kernel[0], 2: dilation[1], 12: dilation[0],
                  3: stride[1], 13: stride[0], 5: int(bias), 6: weight.numel()}
        if pad is None:
            pad = (extent[1] // 2, extent[1] // 2, extent[0] // 2, extent[0] // 2)
        if isinstance(pad, int):
            params |= {4: pad, 14: pad, 15: pad, 16: pad}
            total = [max(0, e + (n - 1) // s * s - n)
                     for e, n, s in zip(extent, (h, w), stride)]
            less, more = [t // 2 for t in total], [t - t // 2 for t in total]
            first, last = (less, more) if pad == -233 else (more, less)
            pad = (first[1], last[1], first[0], last[0])
        else:
            params |= {4: pad[0], 15: pad[1], 14: pad[2], 16: pad[3]}
        if value:
            params[18] = value
        if groups:
            params[7] = groups
        shift = noise(out, size=0.1) if bias else None
        if scales:  # int8, with one scale for each of so many parts
            by = 127 / weight.reshape(scales, -1).abs().amax(1)
            spread = by.repeat_interleave(out // scales).reshape(-1, 1, 1, 1)
            stored = (weight * spread).round()
            self.bin += struct.pack("<I", 0x000D4B38)
            self.bin += padded(stored.to(torch.int8).numpy().tobytes())
            weight, params[8] = stored / spread, 2 if groups and scales == 1 else 1
        else:
            weight = self.store(weight)
        if bias:
            self.raw(shift)
        if scales:
            self.raw(by, 127 / x.value.abs().max().reshape(1))
        if act:
            params[9] = act
            if act_params:
                params[10] = act_params
        y = F.conv2d(F.pad(x.value[None], pad, value=value), weight, shift, stride, 0, dilation,
                     max(1, groups))[0]
        kind = "ConvolutionDepthWise" if groups else "Convolution"
        return self.add(kind, [x], activated(y, act, act_params), params)

    def deconv(self, x: Blob, out: int, kernel: int, stride: int, pad: int = 0, extra: int = 0,
               groups: int = 0, act: int = 0, act_params=None) -> Blob:
        g = max(1, groups)
        weight = noise(g, out // g, x.value.shape[0] // g, kernel, kernel, size=0.3)
        shift = noise(out, size=0.1)
        params = {0: out, 1: kernel, 3: stride, 4: pad, 18: extra, 5: 1, 6: weight.numel()}
        if groups:
            params[7] = groups
        if act:
            params[9] = act
            if act_params:
                params[10] = act_params
        weight = self.store(weight).transpose(1, 2).flatten(0, 1)
        self.raw(shift)
        y = F.conv_transpose2d(x.value[None], weight, shift, stride, pad, extra, g)[0]
        kind = "DeconvolutionDepthWise" if groups else "Deconvolution"
        return self.add(kind, [x], activated(y, act, act_params), params)

    def linear(self, x: Blob, out: int, act: int = 0) -> Blob:
        rows = x.value.dim() == 2
        flat = x.value if rows else x.value.flatten()
        weight = noise(out, flat.shape[-1], size=flat.shape[-1] ** -0.5)
        shift = noise(out, size=0.1)
        weight = self.store(weight)
        self.raw(shift)
        return self.add("InnerProduct", [x], activated(F.linear(flat, weight, shift), act, None),
                        {0: out, 1: 1, 2: weight.numel(), 9: act})

    def memory(self, *shape: int) -> Blob:
        data = noise(*shape)
        self.raw(data)
        keys = {1: [0], 2: [1, 0], 3: [2, 1, 0]}[len(shape)]
        return self.add("MemoryData", [], data, dict(sorted(zip(keys, shape))))

    def split(self, x: Blob, count: int) -> list:
        return self.add("Split", [x], [x.value] * count)

    def concat(self, blobs: list, axis: int = 0) -> Blob:
        return self.add("Concat", blobs, torch.cat([b.value for b in blobs], axis), {0: axis})

    def op(self, kind: int, a: Blob, b: Blob, value: torch.Tensor) -> Blob:
        return self.add("BinaryOp", [a, b], value, {0: kind})

    def save(self, last: Blob, scale: int, looks_everywhere: bool = False, cut: int = 0,
             binary: bool = False) -> None:
        y = last.value
        if cut:
            y = y[:, cut:-cut, cut:-cut]
        assert y.shape == (3, self.picture.shape[1] * scale, self.picture.shape[2] * scale), y.shape
        assert y.isfinite().all() and y.abs().max() < 100, y.abs().max()
        FOLDER.mkdir(exist_ok=True)
        if binary:
            words = [7767517, len(self.lines), self.blobs, *self.words]
            (FOLDER / f"{self.name}.param.bin").write_bytes(struct.pack(f"<{len(words)}i", *words))
        else:
            head = f"7767517\n{len(self.lines)} {self.blobs}\n"
            (FOLDER / f"{self.name}.param").write_text(head + "\n".join(self.lines) + "\n")
        (FOLDER / f"{self.name}.bin").write_bytes(self.bin)
        save_file({"input": self.picture[None].contiguous(), "output": y[None].contiguous()},
                  FOLDER / f"{self.name}.safetensors",
                  {"facts": f"scale {scale}{', global' * looks_everywhere}"})
        print(f"{self.name}: {len(self.lines)} layers, {len(self.bin) / 1024:.1f} KB, "
              f"output {y.min():.2f} to {y.max():.2f}")


def activated(y: torch.Tensor, act: int, p: list | None) -> torch.Tensor:
    p = p or []
    return [lambda: y, lambda: F.relu(y), lambda: F.leaky_relu(y, *p), lambda: y.clip(*p),
            lambda: y.sigmoid(), lambda: F.mish(y),
            lambda: y * (p[0] * y + p[1]).clip(0, 1)][act]()
