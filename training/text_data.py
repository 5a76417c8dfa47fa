"""Pictures with lettering and the mask of where it is, made on the fly from fonts and photographs.

A block of lines is set in its own upright coordinates, together with its area: the letters with the
gaps inside and between them closed, within each line's box. Both are then turned and put in perspective
by one transformation and laid over a photograph, paper, a sign or clutter. The finished scene is
softened, reduced, made noisy and compressed, and the area is reduced with it.
"""
import copy
import io
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from . import text_clutter as clutter
from .text_fonts import Writer, opened, phrase

READABLE = {".png", ".webp", ".avif", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
FILTERS = (Image.BOX, Image.BILINEAR, Image.HAMMING, Image.BICUBIC, Image.LANCZOS)
CELL = 4  # pixels of the picture to one of the mask


class Photographs:
    """Folders of pictures in memory; `without` is what files with lettering begin with (folder/name)."""

    def __init__(self, folders: list[str], without: list[str] = ()):
        self.files = sorted(f for folder in folders for f in Path(folder).rglob("*")
                            if f.suffix.lower() in READABLE
                            and not f"{f.parent.name}/{f.name}".startswith(tuple(without)))
        if not self.files:
            raise FileNotFoundError(f"no pictures in {', '.join(folders)}")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.pictures = list(pool.map(_read, self.files))

    def chosen(self, stems: list[str]) -> "Photographs":
        """Those of the given names (without suffix) alone; all of them where none is there."""
        return self._of([i for i, f in enumerate(self.files) if f.stem in stems] or range(len(self.files)))

    def parted(self, every: int) -> tuple["Photographs", "Photographs"]:
        """(the others, one in `every`); a lone picture is in both."""
        away = range(0, len(self.files), every)
        return self._of([i for i in range(len(self.files)) if i not in away] or away), self._of(away)

    def _of(self, numbers) -> "Photographs":
        part = copy.copy(self)
        part.files, part.pictures = ([whole[i] for i in numbers] for whole in (self.files, self.pictures))
        return part

    def crop(self, size: int, random) -> Image.Image:
        """A square, reduced by 1 to 3, or less where the picture is small."""
        picture = self.pictures[random.integers(len(self.pictures))]
        side = min(size * random.uniform(1, 3), picture.width, picture.height)
        x, y = random.uniform(0, picture.width - side), random.uniform(0, picture.height - side)
        square = picture.resize((size, size), Image.BILINEAR if side < size else Image.BICUBIC,
                                (x, y, x + side, y + side), reducing_gap=1.5)
        return square.transpose(Image.FLIP_LEFT_RIGHT) if random.random() < 0.5 else square


def _read(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def grown(sheet: Image.Image, reach: int) -> Image.Image:
    """The largest value within `reach` pixels across and down, as Pillow's MaxFilter, but fast."""
    field = np.asarray(sheet)
    for axis in (0, 1):
        field = np.moveaxis(field, axis, 0)
        side, span = len(field), 1  # span: how many rows `wide` takes the largest of, from each row on
        wide = np.zeros((side + 2 * reach, field.shape[1]), np.uint8)
        wide[reach:reach + side] = field
        while span < 2 * reach + 1:
            step = min(span, 2 * reach + 1 - span)
            wide = np.maximum(wide[:-step], wide[step:])
            span += step
        field = np.moveaxis(wide[:side], 0, axis)
    return Image.fromarray(np.ascontiguousarray(field))


def line_area(glyphs: Image.Image, height: float, spread: float) -> Image.Image:
    """Coverage of one upright line, closed by about half of the x-height and widened a little."""
    scale = max(1.0, height / 8)
    w, h = (max(1, round(side / scale)) for side in glyphs.size)
    reach = max(1, round(max(0.55 * height, spread) / scale))
    small = glyphs.resize((w, h), Image.BOX).point(lambda v: 255 if v > 25 else 0)
    room = Image.new("L", (w + 2 * reach, h + 2 * reach))
    room.paste(small, (reach, reach))
    shrunk = grown(ImageChops.invert(grown(room, reach)), reach)
    closed = grown(ImageChops.invert(shrunk), 1).crop((reach, reach, reach + w, reach + h))
    return ImageChops.lighter(closed.resize(glyphs.size, Image.BILINEAR), glyphs)


class Block:
    """Lines of one face: `colours` RGB, its `alpha`, the letters' `area`; one size."""

    def __init__(self, writer: Writer, cap: float, widest: float, ground, random):
        self.script, face = writer.choose(random)
        font = opened(face.file, face.index, max(5, round(cap / 0.7)))
        lines = 1 if cap > 40 or random.random() < 0.45 else int(random.integers(2, 7))
        room = max(1, int(widest / (cap * (1.3 if self.script in ("kana", "han", "hangul") else 0.8))))
        length = int(np.clip(random.integers(1, 30) if random.random() < 0.8 else 60, 1, room))
        spacing = cap * random.uniform(0.1, 0.6) if random.random() < 0.12 and length < 15 else 0.0
        texts = [phrase(self.script, random, length) for _ in range(lines)]
        pad = 4 + round(cap * 0.5)
        sheets = [self._line(text, font, pad, spacing) for text in texts]
        leading = max(s.height - 2 * pad for s in sheets) + round(cap * random.uniform(0.1, 1.0))
        width = max(s.width for s in sheets)
        self.size = (width, leading * (lines - 1) + max(s.height for s in sheets))
        glyphs, self.area = Image.new("L", self.size), Image.new("L", self.size)
        align, x_height = random.choice([0, 0.5, 1]), cap * 0.72
        for i, sheet in enumerate(sheets):
            x, y = round((width - sheet.width) * align), i * leading
            area = line_area(sheet, x_height, spacing * 0.75)
            glyphs.paste(255, (x, y), sheet)
            self.area.paste(255, (x, y), area)
        self._colour(glyphs, cap, pad, ground, random)

    @staticmethod
    def _line(text, font, pad, spacing):
        """Coverage of a line with `pad` around it; it is as high as the capitals at least."""
        if spacing:
            advances = [font.getlength(c) + spacing for c in text]
            left, top, right, bottom = 0, *font.getbbox(text)[1:]
            right = math.ceil(sum(advances)) + 2
        else:
            left, top, right, bottom = font.getbbox(text)
        top = min(top, font.getmetrics()[0] - round(font.size * 0.7))
        bottom = max(bottom, font.getmetrics()[0])
        sheet = Image.new("L", (int(max(1, right - left)) + 2 * pad, int(max(1, bottom - top)) + 2 * pad))
        draw, at = ImageDraw.Draw(sheet), (pad - left, pad - top)
        if spacing:
            x = float(at[0])
            for c, advance in zip(text, advances):
                draw.text((x, at[1]), c, 255, font)
                x += advance
        else:
            draw.text(at, text, 255, font)
        return sheet

    def _colour(self, glyphs, cap, pad, ground, random):
        """Letters with outline, shadow, panel or none of them, apart from the `ground` colour."""
        contrast = 30 + 90 * random.random() ** 0.7
        self.alpha = glyphs
        if random.random() < 0.3:
            panel = clutter.colour(random)
            ink = clutter.apart(panel, contrast, random)
            self.colours = clutter.paper(self.size, random) if random.random() < 0.3 else None
            if self.colours is not None:
                ink = clutter.apart(np.asarray(self.colours.resize((1, 1), Image.BOX))[0, 0], contrast, random)
            else:
                self.colours = Image.new("RGB", self.size, panel)
            self.alpha, self.panel = Image.new("L", self.size), True
            inset = round(random.uniform(0, pad * 0.9))
            box = (inset, inset, self.size[0] - 1 - inset, self.size[1] - 1 - inset)
            ImageDraw.Draw(self.alpha).rounded_rectangle(box, random.choice([0, 0.3, 1]) * cap, 255)
            if random.random() < 0.4:
                width = max(1, round(cap * random.uniform(0.03, 0.15)))
                ImageDraw.Draw(self.colours).rounded_rectangle(box, 0, outline=ink, width=width)
        else:
            ink, self.panel = clutter.apart(ground, contrast, random), False
            self.colours = Image.new("RGB", self.size, ink)
            kind = random.random()
            if kind < 0.2 and cap > 8:  # outline
                reach = max(1, min(4, round(cap * random.uniform(0.03, 0.12))))
                other = clutter.apart(ink, 60, random)
                self.colours.paste(other, (0, 0, *self.size))
                self.alpha = grown(glyphs, reach)
            elif kind < 0.35 and cap > 8:  # shadow
                offset = max(1, round(cap * random.uniform(0.03, 0.12)))
                shade = ImageChops.offset(glyphs, offset, offset)
                if random.random() < 0.5:
                    shade = shade.filter(ImageFilter.GaussianBlur(offset * 0.7))
                self.colours.paste(clutter.apart(ink, 60, random), (0, 0, *self.size))
                self.alpha = ImageChops.lighter(glyphs, shade)
        fill = Image.new("RGB", self.size, ink)
        if random.random() < 0.1:  # two inks, one above the other
            near = tuple(int(np.clip(c + random.normal(0, 25), 0, 255)) for c in ink)
            fill.paste(near, (0, self.size[1] // 2, *self.size))
        if random.random() < 0.1 and cap > 14:  # hollow letters
            hollow = ImageChops.subtract(grown(glyphs, max(1, round(cap * 0.03))), glyphs)
            if not self.panel:
                self.alpha, self.colours = hollow, fill
            glyphs = hollow
        self.colours.paste(fill, (0, 0), glyphs)
        if not self.panel and random.random() < 0.2:
            strength = random.uniform(0.6, 1)
            self.alpha = self.alpha.point(lambda v: int(v * strength))


def _corners(size, centre, random):
    """Where the block's four corners (left top, left bottom, right bottom, right top) come to lie."""
    turn = random.random()
    if turn < 0.35:
        angle = 0.0
    elif turn < 0.88:
        angle = random.normal(0, math.radians(7))
    else:
        angle = random.uniform(0, 2 * math.pi)
    w, h = size
    corners = np.array([[-w, -h], [-w, h], [w, h], [w, -h]], np.float64) / 2
    if random.random() < 0.35:
        corners += random.normal(0, 0.05, (4, 2)) * min(max(w, h), 4 * h)
    c, s = math.cos(angle), math.sin(angle)
    return corners @ np.array([[c, s], [-s, c]]) + centre


def _perspective(source, target):
    """Pillow's eight coefficients: the map from target to source points."""
    rows, right = [], []
    for (x, y), (u, v) in zip(target, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows), np.array(right))


class Scenes:
    """An endless stream of (uint8 RGB [3, size, size], float area [1, size/4, size/4] 0-1)."""

    def __init__(self, photographs: Photographs, faces: list, seed: int, bare: float = 0.3):
        self.photographs, self.writer = photographs, Writer(faces)
        self.random = np.random.default_rng(seed)
        self.bare = bare

    def draw(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        random = self.random
        factor = 1.0 if random.random() < 0.4 else random.uniform(1.1, 2.0)
        big = round(size * factor)
        bare = random.random() < self.bare
        scene = self._ground(big, bare)
        area = Image.new("L", (big, big))
        if not bare:
            cap = 6 * (100 / 6) ** random.random()  # in pixels of the finished picture
            for _ in range(int(random.integers(1, 3 + int(30 / cap)))):
                self._write(scene, area, min(100.0, max(6.0, cap * 2 ** random.normal(0, 0.3))) * factor)
        return self._finish(scene, size), _cells(area, size)

    def _ground(self, size, bare):
        random = self.random
        if random.random() < (0.1 if bare else 0.25):
            scene = clutter.paper((size, size), random)
        else:
            scene = self.photographs.crop(size, random)
        if random.random() < (0.45 if bare else 0.2):
            kind = str(random.choice(clutter.PATTERNS))
            if random.random() < 0.5:
                scene = clutter.pattern(kind, scene, random)
            else:  # a part of the picture only
                w, h = (int(size * random.uniform(0.3, 1)) for _ in range(2))
                x, y = int(random.integers(size - w + 1)), int(random.integers(size - h + 1))
                ground = scene.crop((x, y, x + w, y + h))
                if random.random() < 0.5:
                    ground = clutter.paper((w, h), random)
                scene.paste(clutter.pattern(kind, ground, random), (x, y))
        elif random.random() < 0.15:  # an empty sign
            w, h = (int(size * random.uniform(0.2, 0.8)) for _ in range(2))
            scene.paste(clutter.paper((w, h), random), tuple(int(v) for v in random.integers(0, size - 20, 2)))
        return scene

    def _write(self, scene, area, cap):
        random, side = self.random, scene.width
        centre = random.uniform(0.05, 0.95, 2) * side
        x, y = (int(v) for v in centre)
        spot = scene.crop((x - 12, y - 12, x + 12, y + 12)).resize((1, 1), Image.BOX).getpixel((0, 0))
        block = Block(self.writer, cap, side * random.uniform(0.4, 1.3), spot, random)
        w, h = block.size
        corners = _corners(block.size, centre, random)
        low = np.clip(np.floor(corners.min(0)), 0, side).astype(int)
        high = np.clip(np.ceil(corners.max(0)), 0, side).astype(int)
        if (high - low).min() < 4:
            return
        box = (*low.tolist(), *high.tolist())
        data = _perspective([(0, 0), (0, h), (w, h), (w, 0)], corners - low)
        put = lambda sheet: sheet.transform(tuple((high - low).tolist()), Image.PERSPECTIVE,  # noqa: E731
                                            data.tolist(), Image.BILINEAR)
        alpha, ours = put(block.alpha), put(block.area)
        theirs = area.crop(box)
        if ImageChops.multiply(theirs, ImageChops.lighter(alpha, ours)).getbbox():
            return  # lettering over lettering is neither read nor worth learning
        scene.paste(put(block.colours), box[:2], alpha)
        area.paste(ImageChops.lighter(theirs, ours), box[:2])

    def _finish(self, scene, size):
        random = self.random
        if scene.width != size:
            scene = scene.resize((size, size), FILTERS[random.integers(len(FILTERS))])
        blur = random.uniform(0, 1.2) if random.random() < 0.5 else 0
        if blur > 0.3:
            scene = scene.filter(ImageFilter.BoxBlur(blur) if random.random() < 0.7 else ImageFilter.GaussianBlur(blur))
        if random.random() < 0.4:
            noise = random.standard_normal((size, size, 1 if random.random() < 0.5 else 3), np.float32)
            noisy = np.asarray(scene, np.float32) + noise * random.uniform(1, 14)
            scene = Image.fromarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))
        if random.random() < 0.5:
            stream = io.BytesIO()
            scene.save(stream, "JPEG", quality=int(random.integers(40, 96)), subsampling=int(random.choice([0, 2])))
            scene = Image.open(stream).convert("RGB")
        return np.ascontiguousarray(np.asarray(scene).transpose(2, 0, 1))

    def batch(self, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        pairs = [self.draw(size) for _ in range(count)]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])


def _cells(area: Image.Image, size: int) -> np.ndarray:
    cells = area.resize((size // CELL, size // CELL), Image.BOX)
    return np.asarray(cells, np.float32)[None] / 255
