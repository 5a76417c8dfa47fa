"""Training pictures: decoded once, kept as bytes on the training device, handed out as LR/HR crops.

A folder may carry an `index.tsv` with columns `file`, `collection` and `texture` (0 to 1); crops are
then drawn in proportion to texture and to the weight of the collection. Without it every picture
counts by its area.

Everything after decoding is tensor arithmetic of fixed shapes without a look at a value from the host,
so that on a GPU a batch can be part of a CUDA graph. Random numbers are torch's own for the device.
"""
import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .reduction import matrix

COLLECTION_WEIGHT = {"gb82": 3.0, "CID22_training": 2.0}
READABLE = {".png", ".webp", ".avif", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
MARGIN = 3  # LR pixels around a crop that the widest reduction kernel looks at


def read_rgb(path: Path) -> torch.Tensor:
    """uint8 [3, H, W], sRGB 0-255."""
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).contiguous()


def to_bytes(picture: torch.Tensor) -> torch.Tensor:
    """Float 0-255 to uint8, as a file on disk would hold it."""
    return picture.round().clamp(0, 255).byte()


def proportions(shares: dict[str, float], count: int) -> list[str]:
    """`count` names in the proportion of their shares, by the largest remainders."""
    total = sum(shares.values())
    exact = {name: count * share / total for name, share in shares.items()}
    counts = {name: int(value) for name, value in exact.items()}
    rest = count - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:rest]:
        counts[name] += 1
    return [name for name, times in counts.items() for _ in range(times)]


class Pictures:
    """All pictures of some folders on one device, and batches of `count` LR crops of `size` pixels.

    `reductions` are the shares of the kernels (reduction.py) that make LR; every batch holds them in
    that proportion.
    """

    def __init__(self, folders: list[str], scale: int, count: int, size: int,
                 reductions: dict[str, float], device: str = "cpu"):
        listed = [pair for folder in folders for pair in _listed(Path(folder))]
        if not listed:
            raise FileNotFoundError(f"no pictures in {', '.join(folders)}")
        with ThreadPoolExecutor() as pool:
            decoded = list(pool.map(lambda pair: _pixels(pair[0], size * scale), listed))
        sides = torch.tensor([picture.shape[:2] for picture in decoded])
        areas = sides[:, 0] * sides[:, 1]
        share = areas * torch.tensor([weight for _, weight in listed], dtype=torch.float64)
        # One row of RGB bytes for every pixel of every picture, one picture after the other.
        self.pixels = torch.cat([p.reshape(-1, 3) for p in decoded]).to(device)
        self.heights, self.widths = (side.contiguous().to(device) for side in sides.T)
        self.starts = (areas.cumsum(0) - areas).to(device)
        self.cumulative = (share.cumsum(0) / share.sum()).to(device)
        self.scale, self.count, self.margin = scale, count, MARGIN * scale
        self.side = size * scale
        self.steps = torch.arange(self.side + 2 * self.margin, device=device)
        self.kernels = proportions(reductions, count)
        self.reducing = torch.stack([_reducing(k, size, scale) for k in self.kernels])[:, None].to(device)

    def __len__(self) -> int:
        return len(self.starts)

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """LR [count, 3, size, size], 8-bit values, and HR, float 0-1, at random places and turns."""
        wide = self.crops().permute(0, 3, 1, 2).contiguous().float()
        lr = self.reducing @ wide @ self.reducing.mT
        inner = slice(self.margin, self.margin + self.side)
        return lr.round().clamp(0, 255) / 255, wide[:, :, inner, inner] / 255

    def crops(self) -> torch.Tensor:
        """uint8 [count, side, side, 3]: HR with the margin; pictures go on mirrored at their borders."""
        dice = torch.rand(6, self.count, dtype=torch.float64, device=self.pixels.device)
        picture = torch.searchsorted(self.cumulative, dice[0]).clamp(max=len(self) - 1)
        width = self.widths[picture]
        rows = self._line(self.heights[picture], dice[1], dice[2]) * width[:, None]
        columns = self._line(width, dice[3], dice[4])
        turned = (dice[5] < 0.5)[:, None]
        down = torch.where(turned, columns, rows) + self.starts[picture][:, None]
        right = torch.where(turned, rows, columns)
        return self.pixels[down[:, :, None] + right[:, None, :]]

    def _line(self, length, place, flip):
        """Source coordinates [count, side] along one direction, from two random numbers 0-1 each."""
        first = (place * (length - self.side + 1)).long() - self.margin
        steps = torch.where((flip < 0.5)[:, None], self.steps, self.steps.flip(0)) + first[:, None]
        steps = torch.where(steps < 0, -1 - steps, steps)
        return torch.where(steps >= length[:, None], 2 * length[:, None] - 1 - steps, steps)


def _reducing(kernel: str, size: int, scale: int) -> torch.Tensor:
    """float [size, HR side with margins]: reduces, and leaves the margins away."""
    whole = size + 2 * MARGIN
    return matrix(kernel, whole * scale, whole)[MARGIN:-MARGIN].float()


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


def _pixels(path: Path, least: int) -> torch.Tensor:
    """uint8 [H, W, 3] of a file whose sides are at least as long as a crop."""
    picture = read_rgb(path).permute(1, 2, 0).contiguous()
    if min(picture.shape[:2]) < least:
        raise ValueError(f"{path}: smaller than a crop of {least} pixels")
    return picture
