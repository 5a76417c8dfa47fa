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
POSSIBLE, LIKELY, LEAST_CELLS = 0.18, 0.6, 6  # as in src/diagnose/text.cpp


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


def marked(found: torch.Tensor) -> torch.Tensor:
    """1 in the regions of cells that are POSSIBLE, touching side by side, whose mean is LIKELY; else 0."""
    left = {(y, x) for y, x in (found >= POSSIBLE).nonzero().tolist()}
    marks = torch.zeros_like(found)
    while left:
        region = [left.pop()]
        for y, x in region:  # which grows
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.remove(near)
                    region.append(near)
        rows, columns = zip(*region)
        if len(region) >= LEAST_CELLS and float(found[rows, columns].mean()) >= LIKELY:
            marks[rows, columns] = 1
    return marks


def overlay(picture: np.ndarray, marks: torch.Tensor) -> Image.Image:
    """The picture with marked cells in red."""
    h, w, _ = picture.shape
    marks = np.kron(marks.numpy(), np.ones((CELL, CELL)))[:h, :w, None]
    red = np.array([255, 0, 0])
    return Image.fromarray((picture * (1 - 0.55 * marks) + red * 0.55 * marks).astype(np.uint8))


def score(net, recipe: dict, fonts: str | None, pictures: list[str] | None, out: Path, count: int, size: int):
    """Prints recall and precision on rendered pictures and writes overlays of `tests` and some rendered ones."""
    out.mkdir(parents=True, exist_ok=True)
    tests = Photographs(recipe["tests"], [])
    _, held = split(find_faces(fonts), recipe["held_out_fonts"])
    folders = pictures or recipe["pictures"]
    _, away = Photographs(folders, recipe["without"]).parted(recipe["held_out_every"])
    grounds = [away, tests.chosen(recipe["tests_without_lettering"])]
    scenes = [Scenes(g, held, 77 + i, recipe["bare"]) for i, g in enumerate(grounds)]
    tables, kept = torch.zeros(2, 2, 256), []  # of probabilities, and of marks
    for number in range(count):
        picture, area = scenes[number % 2].draw(size)
        picture = picture.transpose(1, 2, 0)
        found = detect(net, picture)
        marks = marked(found)
        tables += torch.stack([torch.stack(histogram(f, torch.from_numpy(area[0]))) for f in (found, marks)])
        kept.append((picture, marks))
    precisions, recalls = curve(*tables[0])
    print(", ".join(f"{t:.2f}: precision {precisions[round(t * 255)]:.3f} recall {recalls[round(t * 255)]:.3f}"
                    for t in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)))
    threshold, precision, recall = best_threshold(*tables[0], recipe["precision"])
    print(f"threshold {threshold:.3f}: precision {precision:.4f}, recall {recall:.4f}")
    precisions, recalls = curve(*tables[1])
    print(f"as regions are marked: precision {precisions[255]:.4f}, recall {recalls[255]:.4f}", flush=True)
    for path, picture in zip(tests.files, tests.pictures):
        picture = np.asarray(picture)
        found = detect(net, picture)
        marks = marked(found)
        overlay(picture, marks).save(out / f"{path.stem}.png")
        print(f"{path.name}: {100 * float(marks.mean()):.3f} % marked, highest "
              f"{float(found.max()):.3f}", flush=True)
    for sheet in range(0, min(count, 48), 12):
        tiles = [np.asarray(overlay(p, m)) for p, m in kept[sheet:sheet + 12]]
        rows = [np.concatenate(tiles[i:i + 4], 1) for i in range(0, len(tiles) - 3, 4)]
        Image.fromarray(np.concatenate(rows)).save(out / f"rendered-{sheet // 12}.png")
