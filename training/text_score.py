"""How much held-out lettering the detector finds, run as the product runs it, and where it is wrong.

Shares are of area: of the cells (4x4 pixels) that bear lettering, and of those marked. Cells at the rim
of lettering, covered between a tenth and six tenths, count for neither.
"""
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from .text_data import CELL, Photographs, Scenes
from .text_fonts import find_faces, split

BARELY, MOSTLY = 0.1, 0.6
MULTIPLE = 16


def histogram(found, area):
    """(cells with lettering, all cells) by probability in 256 steps; `area` is 0 to 1."""
    steps = (found.reshape(-1) * 255).round().long().clamp(0, 255)
    area = area.reshape(-1)
    true, counted = (area >= MOSTLY).float(), ((area >= MOSTLY) | (area <= BARELY)).float()
    empty = torch.zeros(256, device=found.device)
    return empty.scatter_add(0, steps, true), empty.scatter_add(0, steps, counted)


def curve(hits, all_):
    """Precision and recall of each of the 256 thresholds step/255 (marked: that much or more)."""
    right, marked = (h.double().flip(0).cumsum(0).flip(0) for h in (hits, all_))
    return right / marked.clamp(min=1), right / hits.sum().clamp(min=1)


def best_threshold(hits, all_, precision: float) -> tuple[float, float, float]:
    """(threshold, precision, recall): the lowest threshold that is at least so precise, or the highest."""
    precisions, recalls = curve(hits, all_)
    enough = torch.nonzero(precisions >= precision)
    step = int(enough[0]) if len(enough) else 255
    return step / 255, float(precisions[step]), float(recalls[step])


def detect(net, picture: np.ndarray) -> torch.Tensor:
    """Probabilities [h/4, w/4], rounded up, of uint8 [h, w, 3]."""
    x = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
    h, w = x.shape[-2:]
    return net(padded(x))[0, 0, :-(-h // CELL), :-(-w // CELL)]


def padded(x):
    h, w = x.shape[-2:]
    return F.pad(x, (0, -w % MULTIPLE, 0, -h % MULTIPLE), mode="replicate")


def overlay(picture: np.ndarray, found: torch.Tensor, threshold: float) -> Image.Image:
    """The picture with marked cells in red."""
    h, w, _ = picture.shape
    marks = np.kron((found >= threshold).numpy(), np.ones((CELL, CELL)))[:h, :w, None]
    red = np.array([255, 0, 0])
    return Image.fromarray((picture * (1 - 0.55 * marks) + red * 0.55 * marks).astype(np.uint8))


def score(net, recipe: dict, fonts: str | None, pictures: list[str] | None, out: Path, count: int, size: int):
    """Prints the curve on rendered pictures and writes overlays of `tests` and some rendered ones."""
    out.mkdir(parents=True, exist_ok=True)
    tests = Photographs(recipe["tests"], [])
    _, held = split(find_faces(fonts), recipe["held_out_fonts"])
    folders = pictures or recipe["pictures"]
    _, away = Photographs(folders, recipe["without"]).parted(recipe["held_out_every"])
    grounds = [away, tests.chosen(recipe["tests_without_lettering"])]
    scenes = [Scenes(g, held, 77 + i, recipe["bare"]) for i, g in enumerate(grounds)]
    hits, all_, kept = torch.zeros(256), torch.zeros(256), []
    for number in range(count):
        picture, area = scenes[number % 2].draw(size)
        picture = picture.transpose(1, 2, 0)
        found = detect(net, picture)
        right, every = histogram(found, torch.from_numpy(area[0]))
        hits, all_ = hits + right, all_ + every
        kept.append((picture, found))
    precisions, recalls = curve(hits, all_)
    print(", ".join(f"{t:.2f}: precision {precisions[round(t * 255)]:.3f} recall {recalls[round(t * 255)]:.3f}"
                    for t in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)))
    threshold, precision, recall = best_threshold(hits, all_, recipe["precision"])
    print(f"threshold {threshold:.3f}: precision {precision:.4f}, recall {recall:.4f}", flush=True)
    threshold = max(threshold, recipe["least_threshold"])
    print(f"overlays at {threshold:.3f}")
    for path, picture in zip(tests.files, tests.pictures):
        picture = np.asarray(picture)
        found = detect(net, picture)
        overlay(picture, found, threshold).save(out / f"{path.stem}.png")
        print(f"{path.name}: {100 * float((found >= threshold).float().mean()):.3f} % marked, highest "
              f"{float(found.max()):.3f}", flush=True)
    for sheet in range(0, min(count, 48), 12):
        tiles = [np.asarray(overlay(p, f, threshold)) for p, f in kept[sheet:sheet + 12]]
        rows = [np.concatenate(tiles[i:i + 4], 1) for i in range(0, len(tiles) - 3, 4)]
        Image.fromarray(np.concatenate(rows)).save(out / f"rendered-{sheet // 12}.png")
