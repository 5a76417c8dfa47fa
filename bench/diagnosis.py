"""How well `acuity diagnose` measures held-out pictures that were damaged in known ways.

    bench/diagnosis.py WORK [--pictures FOLDER...] [--cases 200] [--seed 11] [--program P]

Halves the pictures, so that they are sharp, damages them by chance (training/damage_samples.py says how), and
prints the mean errors, how often a measure lies within its own standard deviation, and precision and recall
of what is there or not, as docs/diagnosis.md has them; and how many of the pictures, halved by three kernels
and not damaged, are left alone. Needs torch.
"""
import argparse
import math
import random
import sys
from pathlib import Path

import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from training.damage_cases import SMALLEST, Cases, diagnosed, write  # noqa: E402
from training.damage_samples import moved  # noqa: E402
from training.data import READABLE, read_rgb  # noqa: E402
from training.reduction import reduce  # noqa: E402
from training.shrink_samples import jpeg, whole  # noqa: E402

SHARP = ("bicubic", "lanczos", "box")
MOVED, LENGTHS = 60, (4, 12)


class Errors:
    """Of one measure."""

    def __init__(self):
        self.sizes, self.within = [], []

    def add(self, found: dict, truth: float):
        off = abs(found["value"] - truth)
        self.sizes.append(off)
        self.within.append(off <= found["deviation"])

    def row(self, name: str) -> str:
        n = max(1, len(self.sizes))
        return f"| {name} | {n} | {sum(self.sizes) / n:.3f} | {100 * sum(self.within) / n:.0f} % |"


class Decisions:
    """Of what is there or not."""

    def __init__(self):
        self.pairs = []

    def add(self, likelihood: float, truth: bool):
        self.pairs.append((likelihood, truth))

    def row(self, name: str) -> str:
        said = [truth for likelihood, truth in self.pairs if likelihood > 0.5]
        there = [likelihood > 0.5 for likelihood, truth in self.pairs if truth]
        return (f"| {name} | {len(self.pairs)} | {sum(said) / max(1, len(said)):.3f} | "
                f"{sum(there) / max(1, len(there)):.3f} |")

    def calibration(self) -> str:
        """How often it was there, by how likely it was called."""
        rows = []
        for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.001)):
            some = [truth for likelihood, truth in self.pairs if low <= likelihood < high]
            if some:
                rows.append(f"{low:g} to {min(high, 1):g}: {sum(some)} of {len(some)}")
        return "; ".join(rows)


def left_alone(program: Path, folders: list[Path], work: Path) -> str:
    """Of the pictures, halved by SHARP and no worse for it, how many are taken for sharp."""
    work.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in sorted(p for folder in folders for p in folder.iterdir() if p.suffix in READABLE):
        x = read_rgb(file).float()[None]
        height, width = x.shape[2] // 2, x.shape[3] // 2
        for kernel in SHARP if min(height, width) >= SMALLEST else ():
            small = whole(reduce(x, kernel, height, width))
            paths.append(work / f"{file.stem}-{kernel}.png")
            Image.fromarray(small[0].byte().permute(1, 2, 0).numpy()).save(paths[-1], compress_level=1)
    found = diagnosed(program, paths)
    kept = [f["trueResolution"]["value"] >= 0.95 for f in found]
    wrong = [path.name for path, alone in zip(paths, kept) if not alone]
    taken = sum(f["enlargedBefore"] > 0.5 for f in found)
    return (f"Sharp clean pictures left alone: {sum(kept)} of {len(kept)} (not {', '.join(wrong) or 'any'}); "
            f"taken for enlarged: {taken}.")


def moved_ones(program: Path, cases: Cases, work: Path) -> str:
    """Motion that is found, with its direction and length, in pictures that were blurred by nothing else."""
    work.mkdir(parents=True, exist_ok=True)
    r, paths, truths = random.Random(5), [], []
    for i in range(MOVED):
        length, angle = r.uniform(*LENGTHS), r.uniform(0, math.pi)
        x = moved(r.choice(cases.pictures).float(), length, angle)
        x = whole(x + torch.randn_like(x) * r.choice((0, 1, 3)))
        x = jpeg(x, r.randint(60, 95), True) if r.random() < 0.5 else x
        paths.append(work / f"{i:03}.png")
        truths.append((length, -math.degrees(angle)))
        Image.fromarray(x[0].byte().permute(1, 2, 0).numpy()).save(paths[-1], compress_level=1)
    seen = [(f["motion"], truth) for f, truth in zip(diagnosed(program, paths), truths) if f["motion"]]
    turned = [abs((f["angle"] - angle + 90) % 180 - 90) for f, (_, angle) in seen]
    off = [abs(f["length"]["value"] - length) for f, (length, _) in seen]
    return (f"Motion of {LENGTHS[0]} to {LENGTHS[1]} pixels: seen in {len(seen)} of {MOVED}, its direction to "
            f"{sum(turned) / max(1, len(seen)):.0f} degrees (to 15 in {sum(t <= 15 for t in turned)}), its length to "
            f"{sum(off) / max(1, len(seen)):.1f} pixels.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    data = ROOT.parent / "shared/data"
    parser.add_argument("--pictures", type=Path, nargs="+", default=[data / "free/kodak", data / "test/Set14/HR"])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/acuity")
    parser.add_argument("--wrong", action="store_true", help="show the former enlargements it was wrong about")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    source = Cases(args.pictures, args.seed)
    cases = write(args.work, source, args.cases)
    print(moved_ones(args.program, source, args.work / "moved"), flush=True)
    print(left_alone(args.program, args.pictures, args.work / "sharp"), flush=True)
    still = 0
    errors = {name: Errors() for name in ("true resolution", "noise, luma", "noise, colour", "JPEG quality",
                                          "JPEG quality before an enlargement")}
    enlarged, compressed, sizes = Decisions(), Decisions(), []
    for (path, done, before), found in zip(cases, diagnosed(args.program, [path for path, *_ in cases])):
        errors["true resolution"].add(found["trueResolution"], done.resolution)
        errors["noise, luma"].add(found["noiseLuma"], done.luma)
        errors["noise, colour"].add(found["noiseChroma"], done.chroma)
        still += found["motion"] is None
        if done.quality:
            errors["JPEG quality"].add(found["jpeg"]["quality"], done.quality)
        likely, truth = found["enlargedBefore"], done.enlarged > 1
        if args.wrong and (likely > 0.5) != truth:
            print(path.name, f"{likely:.2f}", done, found["enlargement"])
        enlarged.add(likely, truth)
        compressed.add(found["jpeg"]["likelihood"], done.quality > 0)
        former = found["enlargement"]
        right = max(abs(former["height"] - before[0]), abs(former["width"] - before[1])) <= 1
        if truth:
            sizes.append(likely > 0.5 and right)
        if done.before and not done.quality and found["before"] and right:
            errors["JPEG quality before an enlargement"].add(found["before"]["jpeg"]["quality"], done.before)
    print(f"No motion seen in {still} of {len(cases)} in which there is none.")
    print("| measure | cases | mean absolute error | within its deviation |\n|---|---|---|---|")
    for name, measure in errors.items():
        print(measure.row(name))
    print("\n| there or not | cases | precision | recall |\n|---|---|---|---|")
    print(enlarged.row("a former enlargement") + "\n" + compressed.row("JPEG"))
    print(f"\nA former enlargement, by how likely it was called: {enlarged.calibration()}.")
    print(f"Its size was found in {sum(sizes)} of {len(sizes)}.")


if __name__ == "__main__":
    main()
