"""Pictures damaged in known ways, to learn the measures of src/diagnose/damage from.

A chain as pictures go through it: the camera moves, a lens blurs, a sensor adds noise, JPEG compresses, an interpolation
enlarges, somebody sharpens, grain is added, JPEG compresses once more. Samples are RGB [3, S, S], whole numbers 0 to
255, and begin at a corner of JPEG's grid of 8x8 pixels.
"""
import math
import random
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn import functional as F

from .reduction import KERNELS, RADIUS, weight
from .shrink_samples import blurred, jpeg, reduced, whole

ENLARGERS = ("bilinear", "bicubic", "lanczos", "mitchell")
SMALLEST = 0.1      # of the transfer function: below, a frequency is lost
QUALITIES = (20, 97)
STORED, EARLIER = 0.15, (30, 95)  # share and qualities of what had been a JPEG before it was made smaller
MOVED, LENGTHS = 0.2, (2.5, 15)   # share, and pixels, of what moved
EARLY = 0.75        # share of the enlarged pictures whose noise is older than that
LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


@dataclass
class Damage:
    """0 or 1 where a step was left out."""
    resolution: float = 1.0  # share of Nyquist at which the transfer function, without motion, falls below SMALLEST
    blur: float = 0.0        # sigma in pixels of what was enlarged
    enlarged: float = 1.0    # factor
    luma: float = 0.0        # sigma of the noise in 8-bit levels, as it is at the end
    chroma: float = 0.0
    quality: int = 0         # of JPEG at the end; 0: none
    before: int = 0          # of JPEG before the enlargement
    motion: float = 0.0      # length in pixels of the line that points were drawn to
    angle: float = 0.0       # of that line from the horizontal, downwards, in radians

    def keep(self, before: tuple[float, float], after: tuple[float, float]):
        """Of the noise in luma and in colour, what a step left of it."""
        self.luma *= after[0] / max(before[0], 1e-6)
        self.chroma *= after[1] / max(before[1], 1e-6)


@lru_cache(maxsize=8)
def _spectrum(kernel: str) -> torch.Tensor:
    """The kernel's Fourier transform at 0 to 2 cycles per sample in steps of 1/256, 1 at 0."""
    x = torch.linspace(-RADIUS[kernel], RADIUS[kernel], 6001, dtype=torch.float64)
    f = torch.arange(513, dtype=torch.float64)[:, None] / 256
    values = (weight(kernel, x) * torch.cos(2 * math.pi * f * x)).sum(1)
    return values / values[0]


def resolution(blur: float, kernel: str | None, factor: float, amount: float, radius: float) -> float:
    """Of a Gaussian blur, an enlargement and an unsharp mask in that order, 0 to 1."""
    f = torch.linspace(0, 0.5, 501, dtype=torch.float64)  # cycles per pixel of the result
    gauss = lambda sigma, f: torch.exp(-2 * (math.pi * sigma * f) ** 2)
    before = f * factor
    transfer = gauss(blur, before)
    if kernel:
        transfer = transfer * _spectrum(kernel)[(before * 256).round().long().clamp(max=512)]
        transfer[before > 0.5] = 0  # only mirror images of what lies below
    transfer = transfer * (1 + amount * (1 - gauss(radius, f)))
    lost = torch.nonzero(transfer < SMALLEST)
    return float(f[lost[0]] / 0.5) if len(lost) else 1.0


@lru_cache(maxsize=512)
def _enlarging(kernel: str, source: int, target: int) -> torch.Tensor:
    centres = (torch.arange(target, dtype=torch.float64) + 0.5) * source / target - 0.5
    weights = weight(kernel, torch.arange(source, dtype=torch.float64) - centres[:, None])
    return (weights / weights.sum(1, keepdim=True)).float()


def enlarged(x: torch.Tensor, kernel: str, height: int, width: int) -> torch.Tensor:
    return _enlarging(kernel, x.shape[2], height) @ x @ _enlarging(kernel, x.shape[3], width).T


def coloured(x: torch.Tensor, sigma: float, coarse: int) -> torch.Tensor:
    """With noise that leaves luma alone, in spots of `coarse` pixels."""
    noise = torch.randn(1, 3, *(math.ceil(s / coarse) for s in x.shape[-2:]))
    noise = noise - (noise * LUMA).sum(1, keepdim=True)
    noise = noise.repeat_interleave(coarse, 2).repeat_interleave(coarse, 3)
    return x + noise[..., :x.shape[-2], :x.shape[-1]] * sigma


def moved(x: torch.Tensor, length: float, angle: float) -> torch.Tensor:
    """As a camera or what it looks at moves while it is exposed: each point becomes an even line."""
    reach = math.ceil(length / 2) + 1
    along = torch.linspace(-0.5, 0.5, 20 * reach + 1) * length
    side = torch.arange(-reach, reach + 1)
    near = lambda at: (1 - (at[:, None] - side).abs()).clamp(min=0)
    kernel = near(along * math.sin(angle)).T @ near(along * math.cos(angle)) / len(along)
    return F.conv2d(F.pad(x, (reach,) * 4, mode="reflect"), kernel.expand(3, 1, -1, -1), groups=3)


def noise_of(x: torch.Tensor) -> tuple[float, float]:
    """Standard deviations, in luma and in colour, of what the first of two pictures has beyond the second."""
    noise = x[:1] - x[1:]
    luma = (noise * LUMA).sum(1, keepdim=True)
    return float(luma.std()), float((noise - luma).std())


def compressed(x: torch.Tensor, quality: int, halved: bool, done: Damage) -> torch.Tensor:
    """As JPEG, which takes noise away: what lies below its steps, and half of what is fine in halved colour."""
    before, x = noise_of(x), jpeg(x, quality, halved)
    # More than there was is no noise: it decides on which side of a step a block falls.
    done.keep(before, tuple(map(min, before, noise_of(x))))
    return x


class Damaged:
    """`pictures`: uint8 [3, H, W], sharp."""

    def __init__(self, pictures: list[torch.Tensor], seed: int):
        self.pictures, self.random = pictures, random.Random(seed)

    def sharp(self, side: int, stored: float = 0) -> torch.Tensor:
        """Float [1, 3, side, side] from a random place, often reduced first, so that all is sharp; of these a share
        of `stored` had been JPEGs before."""
        r = self.random
        while True:
            picture = r.choice(self.pictures)
            most = min(picture.shape[1:]) / side
            if most >= 1:
                break
        before = max(1, int(side * min(most, r.uniform(1.2, 2) if r.random() < 0.85 else 1)))
        top, left = (r.randint(0, length - before) for length in picture.shape[1:])
        x = picture[None, :, top:top + before, left:left + before].float()
        if before > side:
            if stored and r.random() < stored:
                x = jpeg(x, r.randint(*EARLIER), r.random() < 0.6)
            x = reduced(x, r.choice(KERNELS), side, False)
        x = torch.rot90(x, r.randint(0, 3), (2, 3))
        if r.random() < 0.3:
            x = whole(255 * (x / 255) ** r.uniform(0.7, 1.4) * r.uniform(0.6, 1))
        return x

    def draw(self, size: int) -> tuple[torch.Tensor, Damage]:
        """Of size x size, beginning at the corner of a grid of JPEG, as the product takes its pieces."""
        r = self.random
        enlarger = r.choice(ENLARGERS) if r.random() < 0.45 else None
        factor = r.uniform(1.2, 4) if enlarger else 1.0
        x = self.sharp(math.ceil((size + 16) / factor), STORED)
        length = math.exp(r.uniform(*map(math.log, LENGTHS))) if r.random() < MOVED else 0.0
        angle = r.uniform(0, math.pi) if length else 0.0
        if length:
            x = moved(x, length, angle)
        x, done = self.damaged(x, enlarger, (size + 16, size + 16), factor, lambda x: x[..., 8:-8, 8:-8])
        done.motion, done.angle = length * factor, angle
        return x[0], done

    def damaged(self, x: torch.Tensor, enlarger: str | None, size: tuple[int, int], factor: float, cut):
        """[1, 3, H, W] damaged by chance; enlarged to height and width `size`, and `cut` before it is
        compressed at last."""
        r, done = self.random, Damage(enlarged=factor)
        if r.random() < 0.45:
            done.blur = math.exp(r.uniform(math.log(0.4), math.log(3)))
            x = blurred(x, done.blur)
        early = enlarger is not None and r.random() < EARLY
        x = torch.cat([x, x])  # all is done to a picture without noise as well: what they differ by is the noise left
        if early:
            x[:1] += self._noise(x[:1], done)
        grown = lambda x: x
        if enlarger:
            x = whole(x)
            if r.random() < 0.3:
                done.before = r.randint(*QUALITIES)
                x = compressed(x, done.before, r.random() < 0.6, done)
            grown = lambda x: enlarged(x, enlarger, *size)
        amount, radius = 0.0, 1.0
        if r.random() < 0.25:
            amount, radius = r.uniform(0.3, 1.5), r.uniform(0.6, 2)
        sharpened = lambda x: x + amount * (x - blurred(x, radius))
        done.keep(noise_of(x), noise_of(sharpened(grown(x))))
        x = sharpened(whole(grown(x)) if enlarger else x)
        done.resolution = resolution(done.blur, enlarger, factor, amount, radius)
        if not early:
            x[:1] += self._noise(x[:1], done)
        x = whole(cut(x))
        if r.random() < 0.5:
            done.quality = r.randint(*QUALITIES)
            x = compressed(x, done.quality, r.random() < 0.6, done)
        return x[:1], done

    def _noise(self, x: torch.Tensor, done: Damage) -> torch.Tensor:
        """In luma and in colour."""
        r = self.random
        luma = chroma = torch.zeros_like(x)
        if r.random() < 0.5:
            done.luma = 25 * r.random() ** 2
            luma = torch.randn_like(x[:, :1]).expand_as(x) * done.luma
        if r.random() < 0.3:
            done.chroma = 20 * r.random() ** 2
            chroma = coloured(chroma, done.chroma, r.choice((1, 1, 2, 3)))
        return luma + chroma
