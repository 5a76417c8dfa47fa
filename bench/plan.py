"""What shrinking first and several passes bring on damaged pictures, and what the plan chooses.

    bench/plan.py WORK FOLDER [--pictures 6] [--skip 6] [--model M] [--program P]

Halves the folder's pictures, damages them in the ways of DAMAGES, and brings them back to twice their size
at every one of RATIOS, in two passes, cleaned as measured, and with nothing said; prints PSNR-Y to the
original, means over the pictures, as docs/plan.md has them, and how far the plan's PSNR-Y and SSIM are
behind the best. Needs torch.
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from training.damage_samples import enlarged  # noqa: E402
from training.data import read_rgb  # noqa: E402
from training.reduction import matrix  # noqa: E402
from training.shrink_samples import blurred, jpeg, whole  # noqa: E402

RATIOS = (100, 85, 70, 60, 50, 40)
UNCLEANED = ["--noise", 0, "--blur", 0, "--compression", 0]


def reduced(x, width, height):
    return whole(matrix("bicubic", x.shape[2], height).float() @ x
                 @ matrix("bicubic", x.shape[3], width).float().T)


def grown(kernel, factor):
    """Of the half-size picture: as if it had been `factor` times smaller and enlarged to that size."""
    def damage(x):
        h, w = x.shape[2:]
        small = reduced(x, round(w / factor), round(h / factor))
        return whole(enlarged(small, kernel, h, w))
    return damage


def noisy(sigma):
    return lambda x: whole(x + torch.randn_like(x) * sigma)


def sharpened(x):
    soft = blurred(x, 1.0)
    return whole(soft + 1.0 * (soft - blurred(soft, 1.5)))


DAMAGES = {
    "none": lambda x: x,
    "blur, sigma 1": lambda x: whole(blurred(x, 1.0)),
    "blur, sigma 2": lambda x: whole(blurred(x, 2.0)),
    "blur, sigma 1, and unsharp mask": sharpened,
    "noise, sigma 4": noisy(4),
    "noise, sigma 8": noisy(8),
    "noise, sigma 15": noisy(15),
    "noise, sigma 25": noisy(25),
    "JPEG 60": lambda x: jpeg(x, 60, True),
    "JPEG 30": lambda x: jpeg(x, 30, True),
    "noise, sigma 10, and JPEG 75": lambda x: jpeg(noisy(10)(x), 75, True),
    "enlarged 1.5x, bicubic": grown("bicubic", 1.5),
    "enlarged 2x, bicubic": grown("bicubic", 2),
    "enlarged 2x, bilinear": grown("bilinear", 2),
    "enlarged 3x, Lanczos": grown("lanczos", 3),
}


def save(x, path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x[0].byte().permute(1, 2, 0).numpy()).save(path, compress_level=1)


def run(program: Path, words: list) -> list[dict]:
    done = subprocess.run([program, *map(str, words), "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def tried(args, folder: Path, more: list) -> tuple[float, float, list[dict]]:
    """Mean PSNR-Y and SSIM, and the plans."""
    out = args.work / "out"
    shutil.rmtree(out, ignore_errors=True)
    model = ["-m", args.model] if args.model else []
    plans = run(args.program, [folder, "-s", 2, "-o", f"{out}/", *model, *more])
    mean = run(args.program, ["score", out, args.work / "truth", "--scale", 2])[-1]
    return mean["psnrY"], mean["ssim"], plans


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--skip", type=int, default=0, help="so many others, by lot, that a rule was fitted to")
    parser.add_argument("--ratios", type=int, nargs="+", default=RATIOS)
    parser.add_argument("--only", default="", help="damages whose names hold this")
    parser.add_argument("--model")
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/acuity")
    args = parser.parse_args()
    torch.manual_seed(1)
    listed = sorted(args.folder.iterdir())
    files = random.Random(1).sample(listed, len(listed))[args.skip:args.skip + args.pictures]
    shutil.rmtree(args.work, ignore_errors=True)
    for path in files:
        picture = read_rgb(path)[None].float()
        h, w = (side // 2 * 2 for side in picture.shape[2:])
        save(picture[..., :h, :w], args.work / "truth" / f"{path.stem}.png")
        half = reduced(picture[..., :h, :w], w // 2, h // 2)
        for number, damage in enumerate(DAMAGES.values()):
            save(damage(half), args.work / str(number) / f"{path.stem}.png")
    names = [f"{r} %" for r in args.ratios] + ["two passes", "cleaned", "the plan", "it keeps"]
    print("| damage | " + " | ".join(names) + " |\n|---|" + "---|" * len(names), flush=True)
    losses = []
    for number, name in enumerate(DAMAGES):
        folder = args.work / str(number)
        if args.only not in name:
            continue
        found = {r: tried(args, folder, ["--prescale", f"{r}%", *UNCLEANED])[:2] for r in args.ratios}
        found["two"] = tried(args, folder, ["--prescale", "off", "--passes", 2, *UNCLEANED])[:2]
        found["cleaned"] = tried(args, folder, ["--prescale", "off"])[:2]
        psnr, ssim, plans = tried(args, folder, [])
        kept = sorted(round(100 * plan["startWidth"] / plan["width"]) for plan in plans)
        best = max(value[0] for value in found.values())
        losses.append((best - psnr, max(value[1] for value in found.values()) - ssim))
        cells = [f"{value[0]:.2f}" for value in found.values()]
        print(f"| {name} | {' | '.join(cells)} | {psnr:.2f} | {kept[0]} to {kept[-1]} % |", flush=True)
    print(f"\nThe plan is {sum(l[0] for l in losses) / len(losses):.2f} dB and "
          f"{sum(l[1] for l in losses) / len(losses):.4f} of SSIM behind the best of each line on average.")


if __name__ == "__main__":
    main()
