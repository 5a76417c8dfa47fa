#!/usr/bin/env python3
"""A file of the size of Real-ESRGAN's large network, with random weights: how fast it is read, and in
how much memory.

    bench/large.py [--build FOLDER] [--keep FILE]

Measured is the whole command on an 8x8 picture, and of it what is left without the inference: start,
reading, arranging, compiling and the picture itself.
"""
import argparse
import json
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))

from command import measure, mosaic


def shapes(features: int = 64, growth: int = 32, blocks: int = 23) -> dict[str, list[int]]:
    """Names and shapes of an RRDBNet x4 in the layout of Real-ESRGAN."""
    found = {}

    def conv(name: str, inputs: int, outputs: int) -> None:
        found[name + ".weight"], found[name + ".bias"] = [outputs, inputs, 3, 3], [outputs]

    conv("conv_first", 3, features)
    for block in range(blocks):
        for dense in (1, 2, 3):
            for layer in range(1, 6):
                outputs = growth if layer < 5 else features
                conv(f"body.{block}.rdb{dense}.conv{layer}", features + (layer - 1) * growth, outputs)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        conv(name, features, features)
    conv("conv_last", features, 3)
    return found


def write(path: Path) -> None:
    """As safetensors, f32, small random values."""
    random.seed(1)
    pool = struct.pack("<65536f", *(random.gauss(0, 0.02) for _ in range(65536)))
    header, offset = {}, 0
    for name, shape in shapes().items():
        size = 4
        for side in shape:
            size *= side
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for start in range(0, offset, len(pool)):
            file.write(pool[: min(len(pool), offset - start)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--keep", type=Path, help="where to leave the file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.keep or folder / "large.safetensors"
        write(model)
        mosaic(folder / "tiny.png", 8, 8)
        print(f"{model.stat().st_size / 1e6:.0f} MB")
        command = [str(options.build / "acuity"), str(folder / "tiny.png"), "--overwrite", "-o",
                   str(folder / "x.png"), "-m"]
        for name in (str(model), "bicubic"):
            seconds, peak, good = min(measure(command + [name, "--quiet"]) for _ in range(3))
            assert good
            print(f"{Path(name).name}: {seconds:.2f} s, at most {peak:.0f} MiB")
        rest = []
        for _ in range(3):
            began = time.perf_counter()
            out = subprocess.run(command + [str(model), "--json"], capture_output=True, check=True)
            took = time.perf_counter() - began
            rest.append(took - json.loads(out.stdout)["network"]["inferenceSeconds"])
        print(f"without the inference: {min(rest):.2f} s")


if __name__ == "__main__":
    main()
