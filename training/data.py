"""Training pictures: decoded once, kept in memory as bytes, handed out as aligned LR/HR crops.

A folder may carry an `index.tsv` with columns `file`, `collection` and `texture` (0 to 1); crops are
then drawn in proportion to texture and to the weight of the collection. Without it every picture
counts by its area.
"""
import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .resample import bicubic

COLLECTION_WEIGHT = {"gb82": 3.0, "CID22_training": 2.0}
READABLE = {".png", ".webp", ".avif", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


def read_rgb(path: Path) -> torch.Tensor:
    """uint8 [3, H, W], sRGB 0-255."""
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).contiguous()


def to_bytes(picture: torch.Tensor) -> torch.Tensor:
    """Float 0-255 to uint8, as a file on disk would hold it."""
    return picture.round().clamp(0, 255).byte()


def reduce(picture: torch.Tensor, scale: int) -> torch.Tensor:
    """uint8 HR [3, H, W], sides divisible by scale, to uint8 LR by antialiased bicubic."""
    _, h, w = picture.shape
    return to_bytes(bicubic(picture.float(), h // scale, w // scale))


class Pictures:
    """All pictures of some folders, with their LR versions for one scale.

    Each crop is the liveliest of `places` random ones.
    """

    def __init__(self, folders: list[str], scale: int, seed: int, places: int = 1):
        files, weights = [], []
        for folder in folders:
            for path, weight in _listed(Path(folder)):
                files.append(path)
                weights.append(weight)
        if not files:
            raise FileNotFoundError(f"no pictures in {', '.join(folders)}")
        with ThreadPoolExecutor(2) as pool:
            self.pairs = list(pool.map(lambda f: _pair(f, scale), files))
        area = np.array([lr.shape[1] * lr.shape[2] for _, lr in self.pairs], float)
        share = area * np.array(weights)
        self.share = share / share.sum()
        self.scale, self.places = scale, places
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """LR [count, 3, size, size] and HR float 0-1, at random places, turns and flips."""
        pairs = [self._crop(size) for _ in range(count)]
        lr = torch.stack([p[0] for p in pairs]).float() / 255
        hr = torch.stack([p[1] for p in pairs]).float() / 255
        return lr, hr

    def _crop(self, size: int):
        hr, lr = self.pairs[self.random.choice(len(self.pairs), p=self.share)]
        # With several places to choose from, the livelier one: flat sky teaches little.
        places = [self._place(lr, size) for _ in range(self.places)]
        y, x = max(places, key=lambda p: lr[:, p[0]:p[0] + size, p[1]:p[1] + size].float().var())
        s = self.scale
        lr = lr[:, y:y + size, x:x + size]
        hr = hr[:, y * s:(y + size) * s, x * s:(x + size) * s]
        turns, flip = self.random.integers(4), self.random.integers(2)
        return tuple(_turned(t, turns, flip) for t in (lr, hr))

    def _place(self, lr, size):
        _, h, w = lr.shape
        return self.random.integers(h - size + 1), self.random.integers(w - size + 1)


def _turned(picture, turns, flip):
    picture = torch.rot90(picture, int(turns), (1, 2))
    return picture.flip(2) if flip else picture


def _listed(folder: Path):
    index = folder / "index.tsv"
    if index.exists():
        with open(index, newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                weight = COLLECTION_WEIGHT.get(row["collection"], 1.0)
                yield folder / row["file"], weight * (0.3 + float(row["texture"]))
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in READABLE:
            yield path, 1.0


def _pair(path: Path, scale: int):
    hr = read_rgb(path)
    h, w = (side - side % scale for side in hr.shape[1:])
    hr = hr[:, :h, :w].contiguous()
    return hr, reduce(hr, scale)
