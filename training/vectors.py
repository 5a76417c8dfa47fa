"""Writes what the C++ test compares with: an input and PyTorch's output of an exported network.

    python -m training.vectors models/faithful-x4.onnx tests/data/faithful-x4.vector
    python -m training.vectors models/clean.onnx tests/data/clean.vector --condition 0.4 0.6 0.5 0.3

The file holds float32 input [3, 16, 16], then the network's difference [3, s*16, s*16].
"""
import argparse
from pathlib import Path

import torch

from .export import load_onnx
from .resample import bicubic

SIDE = 16


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--condition", type=float, nargs="+", default=())
    args = parser.parse_args()
    enlarge, scale = load_onnx(args.model, args.condition)
    torch.manual_seed(7)
    picture = torch.rand(1, 3, SIDE, SIDE)
    difference = enlarge(picture) - bicubic(picture, SIDE * scale, SIDE * scale)
    args.out.write_bytes(picture.numpy().tobytes() + difference.numpy().tobytes())


if __name__ == "__main__":
    main()
