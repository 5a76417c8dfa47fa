"""Whole pictures, halved so that they are sharp, and damaged in known ways: what the measures of
`acuity diagnose` are judged by, and what they learn to weigh by.
"""
import json
import subprocess
from pathlib import Path

import torch
from PIL import Image

from .damage_samples import ENLARGERS, Damage, Damaged
from .data import READABLE, read_rgb
from .reduction import reduce
from .shrink_samples import whole

SMALLEST = 96  # pixels of the shorter side


class Cases(Damaged):
    def __init__(self, folders: list[Path], seed: int, most: int | None = None):
        files = sorted(p for folder in folders for p in Path(folder).iterdir() if p.suffix in READABLE)
        super().__init__([], seed)
        self.random.shuffle(files)
        for path in files[:most]:
            x = read_rgb(path).float()
            height, width = x.shape[1] // 2, x.shape[2] // 2
            if min(height, width) >= SMALLEST:
                self.pictures.append(whole(reduce(x[None], "bicubic", height, width)))

    def case(self) -> tuple[torch.Tensor, Damage, tuple[int, int]]:
        """uint8 [3, H, W], what was done to it, and its height and width before that."""
        r = self.random
        x = r.choice(self.pictures)
        before = tuple(x.shape[2:])
        enlarger = r.choice(ENLARGERS) if r.random() < 0.45 else None
        factor = r.uniform(1.2, 4) if enlarger else 1.0
        size = tuple(round(length * factor) for length in before)
        x, done = self.damaged(x, enlarger, size, factor, lambda x: x)
        return x[0].byte(), done, before


def write(folder: Path, cases: Cases, count: int) -> list[tuple[Path, Damage, tuple[int, int]]]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for i in range(count):
        x, done, before = cases.case()
        path = folder / f"{i:04}.png"
        Image.fromarray(x.permute(1, 2, 0).numpy()).save(path, compress_level=1)
        written.append((path, done, before))
    return written


def diagnosed(program: Path, paths: list[Path]) -> list[dict]:
    """What `acuity diagnose` says of them, in their order."""
    found = subprocess.run([program, "diagnose", *paths, "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line)["diagnosis"] for line in found.stdout.splitlines()]
