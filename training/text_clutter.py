"""Surfaces to write on, and things that look like lettering but are none.

Everything returns uint8 RGB Pillow pictures of the size asked for.
"""
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

PATTERNS = ("bars", "bricks", "windows", "waves", "checks", "drawing", "strokes", "shapes", "leaves",
            "foliage", "rows", "mesh", "steps", "wheels", "louvres", "eyes")


def colour(random) -> tuple[int, int, int]:
    """Any colour; greys are more frequent than chance would have it."""
    if random.random() < 0.35:
        return (int(random.integers(256)),) * 3
    return tuple(int(c) for c in random.integers(0, 256, 3))


def luma(c) -> float:
    return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]


def apart(c, distance: float, random) -> tuple[int, int, int]:
    """A colour whose luma is at least `distance` (up to 120) from that of `c`."""
    while True:
        other = colour(random)
        if abs(luma(other) - luma(c)) >= distance:
            return other


def paper(size: tuple[int, int], random) -> Image.Image:
    """Plain, shaded or grainy ground, light more often than dark."""
    w, h = size
    base = np.array(colour(random) if random.random() < 0.5 else random.integers(190, 256, 3), np.float32)
    field = np.broadcast_to(base, (h, w, 3)).copy()
    if random.random() < 0.6:
        angle, strength = random.uniform(0, 2 * math.pi), random.uniform(5, 70)
        y, x = np.mgrid[0:h, 0:w].astype(np.float32)
        ramp = (x * math.cos(angle) + y * math.sin(angle)) / max(w, h)
        field += (ramp * strength)[..., None] * random.uniform(0.3, 1, 3).astype(np.float32)
    if random.random() < 0.5:
        coarse = int(2 ** random.uniform(0, 5))
        grain = random.normal(0, random.uniform(2, 14), (h // coarse + 2, w // coarse + 2)).astype(np.float32)
        grain = Image.fromarray(grain).resize((w, h), Image.BICUBIC)
        field += np.asarray(grain)[..., None]
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8))


def pattern(kind: str, ground: Image.Image, random) -> Image.Image:
    """`ground` with clutter of one kind drawn over it, sometimes turned, sometimes soft."""
    w, h = ground.size
    canvas = ground.copy()
    ink = apart(np.asarray(ground.resize((1, 1), Image.BOX))[0, 0], random.uniform(15, 110), random)
    globals()[f"_{kind}"](ImageDraw.Draw(canvas), w, h, ink, random)
    angle = random.normal(0, 6) if random.random() < 0.7 else random.uniform(0, 360)
    mask = Image.new("L", (w, h), 255)
    if random.random() < 0.6:
        canvas = canvas.rotate(angle, Image.BILINEAR)
        mask = mask.rotate(angle)
    if random.random() < 0.3:
        canvas = canvas.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.5)))
    return Image.composite(canvas, ground, mask)


def _near(c, spread, random):
    return tuple(int(np.clip(v + random.normal(0, spread), 0, 255)) for v in c)


def _bars(draw, w, h, ink, random):
    period, duty = 2 ** random.uniform(1.6, 5.5), random.uniform(0.15, 0.75)
    jitter = random.choice([0, 0, 0.1, 0.3])
    top, bottom = sorted(random.uniform(0, h, 2)) if random.random() < 0.5 else (0, h)
    x = -period
    while x < w:
        x += period * max(0.2, 1 + jitter * random.normal())
        lower = bottom + random.normal(0, jitter * 10)
        draw.rectangle([x, min(top, lower), x + max(period * duty, 1), max(top, lower)],
                       fill=_near(ink, 20 * (jitter > 0), random))
    if random.random() < 0.5:  # rails of a fence
        for y in random.uniform(0, h, random.integers(1, 4)):
            draw.rectangle([0, y, w, y + random.uniform(1, 8)], fill=ink)


def _bricks(draw, w, h, ink, random):
    tall = 2 ** random.uniform(2.2, 5)
    wide, joint, spread = tall * random.uniform(1.5, 3.5), max(1, tall * random.uniform(0.05, 0.2)), random.uniform(0, 30)
    for row in range(int(h / tall) + 1):
        shift = (row % 2) * wide / 2
        for column in range(-1, int(w / wide) + 1):
            x, y = column * wide + shift, row * tall
            draw.rectangle([x, y, x + wide - joint, y + tall - joint], fill=_near(ink, spread, random))


def _windows(draw, w, h, ink, random):
    wide, tall = 2 ** random.uniform(2.5, 6), 2 ** random.uniform(2.5, 6)
    gap_x, gap_y = wide * random.uniform(0.15, 1.5), tall * random.uniform(0.15, 1.5)
    frame, bars = colour(random), random.integers(0, 4)
    many = random.integers(1, 20)
    rows = 0
    y = random.uniform(0, gap_y)
    while y < h and rows < many:
        x = random.uniform(0, 1) * gap_x * (random.random() < 0.2)
        while x < w:
            fill = _near(ink, 25, random)
            draw.rectangle([x, y, x + wide, y + tall], fill=fill, outline=frame)
            for i in range(bars):
                at = x + wide * (i + 1) / (bars + 1)
                draw.line([at, y, at, y + tall], fill=frame)
                if i % 2:
                    draw.line([x, y + tall / 2, x + wide, y + tall / 2], fill=frame)
            x += wide + gap_x
        y += tall + gap_y
        rows += 1


def _waves(draw, w, h, ink, random):
    period, bend = 2 ** random.uniform(1.7, 5), random.uniform(0, 12)
    length, width = random.uniform(20, 200), max(1, int(period * random.uniform(0.2, 0.6)))
    xs = np.arange(0, w + 6, 6)
    for y in np.arange(-bend, h + bend, period):
        ys = y + bend * np.sin(xs / length * 2 * math.pi + y * 0.02)
        draw.line(list(zip(xs.tolist(), ys.tolist())), fill=ink, width=width)


def _checks(draw, w, h, ink, random):
    side, other = 2 ** random.uniform(1.6, 5.5), 2 ** random.uniform(1.6, 5.5)
    other = side if random.random() < 0.6 else other
    for i in range(int(w / side) + 1):
        for j in range(i % 2, int(h / other) + 1, 2):
            draw.rectangle([i * side, j * other, (i + 1) * side - 1, (j + 1) * other - 1], fill=ink)


def _curve(random, x, y, reach, steps=24):
    """Points of a smooth random arc from (x, y)."""
    angle, turn = random.uniform(0, 2 * math.pi), random.normal(0, 3.0 / steps)
    points = []
    for _ in range(steps):
        points.append((x, y))
        x, y = x + math.cos(angle) * reach / steps, y + math.sin(angle) * reach / steps
        angle += turn
    return points


def _drawing(draw, w, h, ink, random):
    width = int(random.integers(1, 5))
    for _ in range(random.integers(3, 25)):
        x, y, r = random.uniform(0, w), random.uniform(0, h), 2 ** random.uniform(3, 7)
        kind = random.integers(4)
        if kind == 0:
            draw.ellipse([x - r, y - r * 0.7, x + r, y + r * 0.7], outline=ink, width=width)
        elif kind == 1:
            draw.line([tuple(p) for p in random.normal((x, y), r, (random.integers(2, 6), 2))], fill=ink, width=width)
        elif kind == 2:
            draw.line(_curve(random, x, y, 3 * r), fill=ink, width=width)
        else:
            draw.rectangle([x, y, x + r, y + r * random.uniform(0.3, 2)], outline=ink, width=width)


def _strokes(draw, w, h, ink, random):
    reach, width = 2 ** random.uniform(3, 6), int(random.integers(1, 7))
    for _ in range(random.integers(5, 60)):
        draw.line(_curve(random, random.uniform(0, w), random.uniform(0, h), reach * random.uniform(0.5, 2), 8),
                  fill=_near(ink, 15, random), width=width)


def _shapes(draw, w, h, ink, random):
    size = 2 ** random.uniform(1, 5)
    for _ in range(random.integers(5, 120)):
        x, y, r = random.uniform(0, w), random.uniform(0, h), size * random.uniform(0.4, 1.5)
        sides = int(random.integers(2, 7))
        fill = _near(ink, 30, random)
        if sides == 2:
            draw.ellipse([x, y, x + r, y + r * random.uniform(0.4, 1.6)], fill=fill)
        else:
            draw.regular_polygon((x, y, max(r / 2, 1)), sides, rotation=int(random.integers(360)), fill=fill)


def _leaves(draw, w, h, ink, random):
    for _ in range(int(w * h / 400)):
        x, y, r = random.uniform(-20, w), random.uniform(-20, h), min(60.0, 3 / random.uniform(0.02, 1))
        fill = colour(random)
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)(
            [x, y, x + r, y + r * random.uniform(0.3, 1)], fill=fill)


def _foliage(draw, w, h, ink, random):
    size, width = 2 ** random.uniform(2, 5), int(random.integers(1, 4))
    for _ in range(int(min(1500, 3 * w * h / size ** 2))):
        x, y, a = random.uniform(0, w), random.uniform(0, h), random.uniform(0, math.pi)
        dx, dy = math.cos(a) * size, math.sin(a) * size
        draw.line([x, y, x + dx, y + dy], fill=_near(ink, 40, random), width=width)


def _rows(draw, w, h, ink, random):
    """Equal marks in rows: railings, balusters, beads, tyres, keys. One shape repeated says nothing."""
    tall = 2 ** random.uniform(2.5, 6)
    wide = tall * random.uniform(0.2, 1.2)
    step, kind, line = wide * random.uniform(1.1, 2.0), random.integers(4), max(1, int(tall / 12))
    for y in np.arange(random.uniform(0, h / 2), h, tall * random.uniform(1.3, 6)):
        for x in np.arange(0, w, step):
            box = [x, y, x + wide, y + tall]
            if kind == 0:
                draw.ellipse(box, fill=ink)
            elif kind == 1:
                draw.ellipse(box, outline=ink, width=line)
            elif kind == 2:
                draw.rectangle(box, outline=ink, width=line)
            else:
                draw.polygon([(x, y + tall), (x + wide / 2, y), (x + wide, y + tall)], outline=ink)


def _mesh(draw, w, h, ink, random):
    period, slope, width = 2 ** random.uniform(2.5, 5.5), random.uniform(0.3, 2), int(random.integers(1, 4))
    for x in np.arange(-h / slope, w + h / slope, period):
        draw.line([x, 0, x + h / slope, h], fill=ink, width=width)
        draw.line([x, 0, x - h / slope, h], fill=ink, width=width)


def _steps(draw, w, h, ink, random):
    """Planks and stairs: bands whose thickness grows, as perspective makes them."""
    y, thick, growth = random.uniform(-20, h / 2), random.uniform(2, 8), random.uniform(1.0, 1.25)
    while y < h:
        draw.rectangle([0, y, w, y + thick * random.uniform(0.3, 0.7)], fill=_near(ink, 15, random))
        y += thick
        thick = min(thick * growth, 80)


def _wheels(draw, w, h, ink, random):
    """Rims, hubs and spokes, seen more or less from the side: of carts, motorcycles, fans and clocks."""
    for _ in range(random.integers(1, 7)):
        x, y, r = random.uniform(0, w), random.uniform(0, h), 2 ** random.uniform(3, 7)
        flat, first = random.uniform(0.4, 1), random.uniform(0, math.pi)
        near, line = _near(ink, 40, random), max(1, int(r * random.uniform(0.02, 0.15)))
        for share in (1, *random.uniform(0.1, 0.95, random.integers(1, 4))):
            box = [x - r * share, y - r * flat * share, x + r * share, y + r * flat * share]
            draw.ellipse(box, outline=near, width=line, fill=colour(random) if random.random() < 0.2 else None)
        spokes, lean = int(random.integers(0, 28)), random.choice([0, 0, 0.3])
        for i in range(spokes):
            a = first + 2 * math.pi * i / spokes
            b = a + lean * (1 if i % 2 else -1)
            draw.line([x + 0.15 * r * math.cos(b), y + 0.15 * r * flat * math.sin(b), x + r * math.cos(a),
                       y + r * flat * math.sin(a)], fill=near, width=max(1, line // 2))


def _louvres(draw, w, h, ink, random):
    """Window shutters, blinds, grilles and radiators: slats within frames, side by side."""
    wide, tall = 2 ** random.uniform(3, 6.5), 2 ** random.uniform(4, 7.5)
    slat, frame, gap = 2 ** random.uniform(1, 3.5), random.uniform(1, 6), random.uniform(0, wide)
    shade, rim = _near(ink, 40, random), _near(ink, 60, random)
    for y in np.arange(random.uniform(-tall, h), h, tall * random.uniform(1.1, 2)):
        for x in np.arange(random.uniform(-wide, w / 2), w, wide + gap):
            draw.rectangle([x, y, x + wide, y + tall], fill=ink, outline=rim, width=max(1, int(frame)))
            for at in np.arange(y + frame, y + tall - frame, slat):
                draw.line([x + frame, at, x + wide - frame, at], fill=shade, width=max(1, int(slat * 0.4)))


def _eyes(draw, w, h, ink, random):
    """Painted eyes, buttons, portholes and targets: few round things within one another."""
    for _ in range(random.integers(1, 5)):
        x, y, r = random.uniform(0, w), random.uniform(0, h), 2 ** random.uniform(2, 5.5)
        flat = random.uniform(0.35, 1)
        line = max(1, int(r * random.uniform(0.05, 0.3)))
        draw.ellipse([x - r, y - r * flat, x + r, y + r * flat], fill=colour(random), outline=ink, width=line)
        x, r = x + r * random.uniform(-0.3, 0.3), r * flat * random.uniform(0.4, 0.9)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=_near(ink, 50, random), outline=colour(random))
        if random.random() < 0.5:
            r *= random.uniform(0.2, 0.6)
            draw.ellipse([x - r, y - r, x + r, y + r], fill=colour(random))
        if random.random() < 0.5:  # lashes or brow
            draw.arc([x - 3 * r, y - 2 * r, x + 3 * r, y + 2 * r], 200, 340, fill=ink, width=line)
