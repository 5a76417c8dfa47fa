"""How often the kernel that made a picture small is found, and what assuming each one gains or costs.

    bench/kernels.py SMALL_SETS FOLDER... [--gains] [--program P]

Reduces all pictures of the folders x2, x3 and x4 by the six kernels into SMALL_SETS (once; they are kept, so
empty it when what is made has changed), if that leaves 128 pixels a side, and asks the command. --gains also enlarges them under each assumption: PSNR-Y gained over no binding, the
table in src/diagnose/reduction.cpp. Needs torch.
"""
import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from training.data import read_rgb  # noqa: E402
from training.reduction import KERNELS, matrix  # noqa: E402

FACTORS = (2, 3, 4)
LEAST_SIDE = 128  # of a picture made small: fewer pixels say too little


def save(pixels: torch.Tensor, path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.byte().permute(1, 2, 0).numpy()).save(path, compress_level=1)


def reduce_all(pictures: list[Path], out: Path):
    whole = lambda x: x.round().clamp(0, 255)
    for number, path in enumerate(pictures):  # which may share a name
        picture = read_rgb(path).double()
        for factor in FACTORS:
            h, w = (side // factor * factor for side in picture.shape[1:])
            if min(h, w) // factor < LEAST_SIDE:
                continue
            name = f"{number:03}-{path.stem}.png"
            hr = picture[:, :h, :w]
            save(hr, out / f"HR_x{factor}" / name)
            for i, kernel in enumerate(KERNELS):
                across = hr @ matrix(kernel, w, w // factor).double().T
                # Some programs round between the two directions.
                across = whole(across) if i % 2 == 0 else across
                save(whole(matrix(kernel, h, h // factor).double() @ across), out / f"{kernel}_x{factor}" / name)


def asked(program: Path, words: list) -> list[dict]:
    done = subprocess.run([program, *map(str, words), "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def alike(a: Path, b: Path) -> bool:
    """Two reductions of a picture, by less than half a level RMS."""
    return float((read_rgb(a).double() - read_rgb(b).double()).square().mean().sqrt()) < 0.5


def found(program: Path, small: Path, kernel: str, factor: int) -> list[str]:
    """The kernels named for each picture; `kernel` itself where the one named makes nearly the same of it."""
    folder = small / f"{kernel}_x{factor}"
    plans = asked(program, [folder, "-s", factor, "--dry-run", "-o", small / "none/"])
    names = []
    for path, plan in zip(sorted(folder.iterdir()), plans, strict=True):
        name = (plan.get("findings", {}).get("reduction") or {}).get("kernel") or "none"
        other = small / f"{name}_x{factor}" / path.name
        names.append(kernel if name != "none" and alike(path, other) else name)
    return names


def accuracy(program: Path, small: Path):
    print("| made small by | " + " | ".join(f"x{f}" for f in FACTORS) + " | taken for |\n|---|---|---|---|---|")
    right = Counter()
    for kernel in KERNELS:
        cells, taken = [], Counter()
        for factor in FACTORS:
            names = found(program, small, kernel, factor)
            right[factor] += names.count(kernel) / len(names) / len(KERNELS)
            cells.append(f"{100 * names.count(kernel) / len(names):.0f} %")
            taken.update(name for name in names if name != kernel)
        others = ", ".join(f"{name} {count}" for name, count in taken.most_common(3))
        print(f"| {kernel} | {' | '.join(cells)} | {others} |")
    print(f"| all | {' | '.join(f'{100 * right[f]:.0f} %' for f in FACTORS)} | |", flush=True)


def psnr(program: Path, small: Path, kernel: str, factor: int, assumed: str | None) -> float:
    out = small / "enlarged"
    words = ["--consistency", 0] if assumed is None else ["--consistency", 1, "--reduced-by", assumed]
    asked(program, [small / f"{kernel}_x{factor}", "-s", factor, "-f", "png", "-o", f"{out}/", "--overwrite",
                    "--suffix", "", "--protect-text", "off", *words])
    return asked(program, ["score", out, small / f"HR_x{factor}", "--scale", factor])[-1]["psnrY"]


def gains(program: Path, small: Path):
    print("\n| made small by | " + " | ".join(f"bound by {k}" for k in KERNELS) + " |\n|---|" + "---|" * len(KERNELS))
    for kernel in KERNELS:
        sums = Counter()
        for factor in FACTORS:
            free = psnr(program, small, kernel, factor, None)
            for assumed in KERNELS:
                sums[assumed] += (psnr(program, small, kernel, factor, assumed) - free) / len(FACTORS)
        print(f"| {kernel} | " + " | ".join(f"{sums[k]:+.2f}" for k in KERNELS) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("small", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--gains", action="store_true")
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/acuity")
    args = parser.parse_args()
    if not (args.small / f"HR_x{FACTORS[-1]}").exists():
        kinds = (".png", ".webp", ".bmp", ".jpg")
        reduce_all([p for folder in args.folders for p in sorted(folder.iterdir()) if p.suffix in kinds], args.small)
    accuracy(args.program, args.small)
    if args.gains:
        gains(args.program, args.small)


if __name__ == "__main__":
    main()
