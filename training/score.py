"""PSNR as the field defines it: Y of BT.601 studio range, border of `scale` pixels cropped, 8 bits.

    python -m training.score MODEL.onnx TEST_FOLDER     TEST_FOLDER holds SET/HR and SET/LR_xN
"""
import argparse
import json
from pathlib import Path

import torch

from .data import read_rgb, to_bytes


def luma(picture: torch.Tensor) -> torch.Tensor:
    """uint8 RGB [3, H, W] to Y, 16-235, in double."""
    r, g, b = picture.double()
    return 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255


def psnr_y(sr: torch.Tensor, hr: torch.Tensor, border: int) -> float:
    """dB between two uint8 pictures of one size."""
    inner = (slice(border, -border), slice(border, -border))
    error = (luma(sr)[inner] - luma(hr)[inner]).square().mean()
    return float(10 * torch.log10(255.0 ** 2 / error))


def test_pairs(folder: Path, scale: int):
    """(name, LR, HR) of a test set, HR cropped to a multiple of the scale."""
    for hr_file in sorted((folder / "HR").iterdir()):
        lr_file = next((folder / f"LR_x{scale}").glob(f"{hr_file.stem}*"))
        hr, lr = read_rgb(hr_file), read_rgb(lr_file)
        yield hr_file.stem, lr, hr[:, : lr.shape[1] * scale, : lr.shape[2] * scale]


@torch.no_grad()
def mean_psnr(enlarge, pairs, scale: int) -> float:
    """Mean over (name, LR, HR) on any device; `enlarge` maps float LR [1, 3, h, w] 0-1 to float SR."""
    values = []
    for _, lr, hr in pairs:
        sr = to_bytes(enlarge(lr[None].float() / 255)[0] * 255)
        # Some sets cropped HR to a multiple of another scale after LR was made.
        h, w = (min(a, b) for a, b in zip(sr.shape[1:], hr.shape[1:]))
        values.append(psnr_y(sr[:, :h, :w], hr[:, :h, :w], scale))
    return sum(values) / len(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    from .export import load_onnx
    enlarge, scale = load_onnx(args.model)
    scores = {s.name: round(mean_psnr(enlarge, test_pairs(s, scale), scale), 3)
              for s in sorted(args.folder.iterdir()) if (s / f"LR_x{scale}").is_dir()}
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
