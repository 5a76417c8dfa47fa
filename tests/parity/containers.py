"""Writes the same few tensors in every container that PyTorch has had, and seeds for the fuzz targets.

    python -m tests.parity.containers     # from the repository's root; needs torch and safetensors

tests/data/weights/expected.safetensors holds what all the others must give: tests/weights_torch.cpp
compares them byte by byte.
"""
import argparse
import collections
import io
import pickle
import shutil
import struct
import zipfile
from pathlib import Path

import numpy
import torch
from safetensors.torch import save, save_file

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "data" / "weights"
CORPUS = ROOT / "fuzz" / "corpus"


def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    base = torch.randn(3, 4, 5)
    return {
        "conv.weight": torch.nn.Parameter(torch.randn(2, 3, 3, 3)),
        "conv.bias": torch.randn(2).half(),
        "permuted": base.permute(2, 0, 1),
        "offset": base[1:, :, 2:4],
        "transposed": torch.arange(12, dtype=torch.int16).reshape(3, 4).t(),
        "repeated": torch.randn(3, 1).expand(3, 4),
        "slice": base[1],
        "bf16": torch.randn(5).bfloat16(),
        "f64": torch.randn(2, 2, dtype=torch.float64),
        "i64": torch.tensor([1, -2, 1 << 40]),
        "i32": torch.tensor([[7, -8]], dtype=torch.int32),
        "i8": torch.tensor([-1, 2], dtype=torch.int8),
        "u8": torch.tensor([255, 2], dtype=torch.uint8),
        "boolean": torch.tensor([True, False, True]),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
    }


def zipped(value, **options) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def rezipped(archive: bytes, change, *, folders=False, method=zipfile.ZIP_DEFLATED, top="x y.pth"):
    """The archive's members, each through `change(name, bytes)`, as other tools pack them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", method) as new:
        if folders:
            new.writestr(f"{top}/", b"")
            new.writestr(f"{top}/data/", b"")
        for name in old.namelist():
            short = name.split("/", 1)[1]
            if (contents := change(short, old.read(name))) is not None:
                new.writestr(f"{top}/{short}", contents)
    return out.getvalue()


def big_endian(state: dict) -> bytes:
    """As a big-endian machine writes: every storage's elements turned round."""
    archive = zipped(state)
    # Storages are numbered as the pickler meets them.
    sizes, seen = {}, {}
    for tensor in state.values():
        storage = tensor.untyped_storage()
        seen.setdefault(storage._cdata, len(seen))
        sizes[f"data/{seen[storage._cdata]}"] = tensor.element_size()

    def change(name: str, contents: bytes) -> bytes:
        if name == "byteorder":
            return b"big"
        if name in sizes:
            elements = numpy.frombuffer(contents, numpy.uint8).reshape(-1, sizes[name])
            return elements[:, ::-1].tobytes()
        return contents

    return rezipped(archive, change, method=zipfile.ZIP_STORED)


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight.t()


class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.register_buffer("shift", torch.ones(2))
        self.factor = 2.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) * self.factor + self.shift


def script(frozen: bool) -> bytes:
    out = io.BytesIO()
    module = torch.jit.script(Outer().eval())
    torch.jit.save(torch.jit.freeze(module) if frozen else module, out)
    return out.getvalue()


def containers(state: dict) -> dict[str, bytes]:
    ordered = collections.OrderedDict(state)
    ordered._metadata = {"": {"version": 1}}  # as state dicts of modules have
    new = zipped(ordered)
    other = {name: torch.zeros(1) for name in state}
    optimizer = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1e-4}]}
    counted = {"iter": 3, "best": numpy.float64(31.5), "loss": collections.Counter(a=1),
               "log": collections.defaultdict(list, a=[1]), "device": torch.device("cpu"),
               "type": torch.float32, "size": torch.Size([1, 2]), "names": {"a", "b"}}
    nested: dict = {}
    for name, tensor in state.items():
        place = nested
        *parents, leaf = name.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = tensor
    return {
        "new.pth": new,
        "legacy.pth": zipped(ordered, _use_new_zipfile_serialization=False),
        "protocol4.pth": zipped(dict(state), pickle_protocol=4),
        "protocol5-legacy.pth": zipped(state, pickle_protocol=5, _use_new_zipfile_serialization=False),
        "deflated.pth": rezipped(new, lambda name, contents: contents, folders=True),
        "big-endian.pth": big_endian(state),
        "ema.pth": zipped({"params": other, "params_ema": ordered}),
        "trained.pth": zipped({"epoch": 5, "args": argparse.Namespace(lr=1e-4, scale=[4]), **counted,
                               "state_dict": ordered, "optimizer": optimizer}),
        "only.pth": zipped({"epoch": 5, "weights": {"generator": ordered}, "optimizer": optimizer}),
        "nested.pth": zipped({**nested, "config": {"layers": [1, 2], "name": "x"}, **counted}),
        "script.pt": script(False),
        "frozen.pt": script(True),
    }


def seeds(files: dict[str, bytes]) -> None:
    small = {"weight": torch.arange(6.0).reshape(2, 3).t(), "bias": torch.ones(2).half()}
    plain = save({k: v.contiguous() for k, v in small.items()}, {"a": "b"})
    zips = {"new.pth": zipped({"params": small}),
            "deflated.pth": rezipped(zipped(small), lambda name, contents: contents, folders=True)}
    legacy = zipped(small, _use_new_zipfile_serialization=False)
    pickles = {}
    for name in ("new.pth", "trained.pth", "protocol4.pth", "script.pt"):
        with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
            member = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            pickles[name + ".pkl"] = archive.read(member)
    text = pickle.dumps({"a": [1, 2.5, None, True, 1 << 70, "it's", b"\0"], "b": (1, {2})}, 0)
    corpora = {
        "safetensors": {"small": plain,
                        "empty": struct.pack("<Q", 2) + b"{}"},
        "pickle": {**pickles, "protocol0.pkl": text},
        "zip": zips,
        "torch": {**zips, "legacy.pth": legacy, "script.pt": files["script.pt"]},
    }
    for name, entries in corpora.items():
        shutil.rmtree(CORPUS / name, ignore_errors=True)
        (CORPUS / name).mkdir(parents=True)
        for entry, contents in entries.items():
            (CORPUS / name / entry).write_bytes(contents)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    state = tensors()
    save_file({k: v.detach().contiguous().clone() for k, v in state.items()},
              FOLDER / "expected.safetensors")
    files = containers(state)
    for name, contents in files.items():
        (FOLDER / name).write_bytes(contents)
        print(f"{name}: {len(contents)} bytes")
    seeds(files)
