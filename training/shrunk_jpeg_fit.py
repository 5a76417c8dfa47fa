"""How strong the lines of a JPEG that was made smaller are at each quality (src/diagnose/shrunk_jpeg.cpp):

    python -m training.shrunk_jpeg_fit WORK

Compresses pictures, makes them smaller, has `acuity diagnose` measure them, fits the quality to what it measures on
the pictures of --pictures, and says how good that is, and how often one is found, on those of --tests.
"""
import argparse
import io
import random
from pathlib import Path

import numpy as np
from PIL import Image

from .damage_cases import SMALLEST, diagnosed
from .data import READABLE

FILTERS = (Image.BOX, Image.BILINEAR, Image.BICUBIC, Image.LANCZOS)
RIGHT = 0.006  # of a scale


def stored(picture: Image.Image, quality: int, subsampling: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(file)


def cases(folders: list[Path], work: Path, count: int, lots: random.Random) -> list[tuple[Path, int, float]]:
    """Written pictures with the quality and scale of each; quality 100 and scale 1 in a quarter that never were
    JPEGs."""
    work.mkdir(parents=True, exist_ok=True)
    files = sorted(p for folder in folders for p in folder.iterdir() if p.suffix in READABLE)
    written = []
    while len(written) < count:
        picture = Image.open(lots.choice(files)).convert("RGB")
        smaller = lots.uniform(1.3, 2.5)  # sharp, and free of JPEG in its own past
        picture = picture.resize([round(side / smaller) for side in picture.size], lots.choice(FILTERS))
        quality, scale = 100, 1.0
        if lots.random() < 0.75:
            quality, scale = lots.randint(15, 90), lots.uniform(0.5, 0.95)
            picture = stored(picture, quality, lots.choice((0, 2)))
            picture = picture.resize([round(side * scale) for side in picture.size], lots.choice(FILTERS))
        if min(picture.size) < SMALLEST:
            continue
        path = work / f"{len(written):04}.png"
        picture.save(path, compress_level=1)
        written.append((path, quality, scale))
    return written


def terms(found: dict) -> list[float]:
    """As ShrunkJpeg::quality has them."""
    plain = [1, *found["lines"], found["scale"], found["activity"]]
    return [a * b for i, a in enumerate(plain) for b in plain[i:]]


def measured(program: Path, written: list) -> tuple[np.ndarray, np.ndarray, str]:
    """Terms and qualities of what was found at the right scale, and how often that was."""
    found = [d.get("jpegShrunkSince") for d in diagnosed(program, [path for path, *_ in written])]
    there = [(f, q, s) for f, (_, q, s) in zip(found, written) if s < 1]
    seen = [(f, q) for f, q, s in there if f and abs(f["scale"] - s) < RIGHT]
    others = sum(f is not None for f, (_, _, s) in zip(found, written) if s == 1)
    said = sum(f is not None for f, *_ in there)
    strong = [f is not None for f, q, _ in there if q <= 60]
    words = (f"found {said} of {len(there)}, up to quality 60 {100 * np.mean(strong):.0f} %; "
             f"scale right in {len(seen)}; {others} of {len(written) - len(there)} others taken for one")
    return np.array([terms(f) for f, _ in seen]), np.array([float(q) for _, q in seen]), words


def fitted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares, weights held a little."""
    held, spread = 0.3, x.std(0)
    spread[0] = 1
    x = x / spread
    return np.linalg.solve(x.T @ x + held * np.eye(x.shape[1]), x.T @ y) / spread


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", default=[Path("../shared/data/train/a")])
    parser.add_argument("--tests", type=Path, nargs="+",
                        default=[Path("../shared/data/free/kodak"), Path("../shared/data/test/Set14/HR")])
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--program", type=Path, default=Path("build/release/acuity"))
    args = parser.parse_args()
    lots = random.Random(1)
    x, y, words = measured(args.program, cases(args.pictures, args.work / "fit", args.cases, lots))
    weights = fitted(x, y)
    print(f"{words}; error {np.abs(x @ weights - y).mean():.1f}")
    print(", ".join(f"{w:.4g}" for w in weights), flush=True)
    x, y, words = measured(args.program, cases(args.tests, args.work / "tests", args.cases // 2, lots))
    off = np.clip(x @ weights, 5, 95) - y
    print(f"tests: {words}; error {np.abs(off).mean():.1f}, deviation {np.sqrt((off ** 2).mean()):.1f}")


if __name__ == "__main__":
    main()
