"""Fits how the signs of a former enlargement are weighed (kWeights in src/diagnose/enlargement.cpp):

    python -m training.enlargement_fit WORK --seeds 21 22 23

Damages training pictures in known ways, has `acuity diagnose` measure them (two a second), and prints the weights of a
logistic regression, in the order of Enlargement::likelihood. Measures are kept in WORK, so that more seeds
can be added; empty it when the measures have changed.
"""
import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch

from .damage_cases import Cases, diagnosed, write

TERMS = ("1", "spectra", "power", "hidden by blocks", "clarity")
CHANCE, MOST = 1.5, 6  # of the clarity of the less clear direction: up to the first by chance


class Patterns(Cases):
    """Some of what was not enlarged repeats itself, as fences and fabrics do: that is a rhythm, too. Which ones
    is in `repeats`."""

    def __init__(self, *args):
        super().__init__(*args)
        self.repeats = []

    def damaged(self, x, enlarger, size, factor, cut):
        self.repeats.append(enlarger is None and self.random.random() < 0.15)
        if self.repeats[-1]:
            height, width = x.shape[2:]
            period = [self.random.randint(20, length // 2) for length in (height, width)]
            x = x[..., :period[0], :period[1]]
            x = x.repeat(1, 1, height // period[0] + 1, width // period[1] + 1)[..., :height, :width]
        return super().damaged(x, enlarger, size, factor, cut)


def terms(found: dict) -> list[float]:
    """As Enlargement::likelihood in src/diagnose/enlargement.cpp has them."""
    former, compressed = found["enlargement"], found["jpeg"]["likelihood"]
    spectra = min(max(former["bySpectra"], 1e-4), 1 - 1e-4)
    hidden = compressed * former["rhythmOfBlocks"]
    clear = min(max(min(former["clear"]) - CHANCE, 0), MOST)
    return [1, math.log(spectra / (1 - spectra)), math.log(1 + former["rhythm"]) * (1 - hidden), hidden,
            clear * (1 - hidden)]


def fitted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Newton's method, weights held a little."""
    held = 0.3
    spread = x.std(0)
    spread[0] = 1
    x, weights = x / spread, np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - y) + held * weights
        bend = (x.T * (p * (1 - p))) @ x + held * np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    return weights / spread


def rates(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Precision and recall of what is called likelier than not."""
    said = x @ weights > 0
    return y[said].mean(), said[y > 0].mean()


def balanced(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The first weight moved so that precision and recall are alike."""
    moved = [weights + np.eye(len(weights))[0] * by for by in np.linspace(-2, 2, 201)]
    return min(moved, key=lambda w: abs(np.subtract(*rates(x, y, w))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", default=[Path("../shared/data/train/a")])
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22])
    parser.add_argument("--cases", type=int, default=500, help="of each seed")
    parser.add_argument("--program", type=Path, default=Path("build/release/acuity"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for seed in args.seeds:
        kept = args.work / f"measures-{seed}.json"
        if kept.exists():
            continue
        torch.manual_seed(seed)
        patterns = Patterns(args.pictures, seed, 60)
        cases = write(args.work / str(seed), patterns, args.cases)
        found = diagnosed(args.program, [path for path, *_ in cases])
        kept.write_text(json.dumps([[f, float(done.enlarged > 1), repeats] for f, (_, done, _), repeats
                                     in zip(found, cases, patterns.repeats)]))
        print(f"{seed} measured", flush=True)
    rows = [row for path in sorted(args.work.glob("measures-*.json")) for row in json.loads(path.read_text())]
    x, y = np.array([terms(row[0]) for row in rows]), np.array([row[1] for row in rows])
    plain = np.array([not row[2] for row in rows])  # repeated pictures are rarer than here
    weights = balanced(x[plain], y[plain], fitted(x, y))
    for name, weight in zip(TERMS, weights):
        print(f"{name:18} {weight:8.3f}")
    precision, recall = rates(x[plain], y[plain], weights)
    print(f"{plain.sum()} cases that do not repeat: precision {precision:.3f}, recall {recall:.3f}")


if __name__ == "__main__":
    main()
