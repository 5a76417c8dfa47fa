"""Pictures damaged in known ways, to learn the measures of src/diagnose/damage from.

A chain as pictures go through it: a lens blurs, a sensor adds noise, JPEG compresses, an interpolation
enlarges, somebody sharpens, grain is added, JPEG compresses once more. Samples are RGB [3, S, S], whole numbers 0 to 255, and begin at
a corner of JPEG's grid of 8x8 pixels.
"""
import math
import random
from dataclasses import dataclass
from functools import lru_cache

import torch

from .reduction import KERNELS, RADIUS, weight
from .shrink_samples import blurred, jpeg, reduced, whole

ENLARGERS = ("bilinear", "bicubic", "lanczos", "mitchell")
SMALLEST = 0.1      # of the transfer function: below, a frequency is lost
QUALITIES = (20, 97)
EARLY = 0.75        # share of the enlarged pictures whose noise is older than that


@dataclass
class Damage:
    """0 or 1 where a step was left out."""
    resolution: float = 1.0  # share of Nyquist at which the transfer function falls below SMALLEST
    blur: float = 0.0        # sigma in pixels of what was enlarged
    enlarged: float = 1.0    # factor
    luma: float = 0.0        # sigma of the noise in 8-bit levels, as it is at the end
    chroma: float = 0.0
    quality: int = 0         # of JPEG at the end; 0: none
    before: int = 0          # of JPEG before the enlargement


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
    noise = noise - (noise * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    noise = noise.repeat_interleave(coarse, 2).repeat_interleave(coarse, 3)
    return x + noise[..., :x.shape[-2], :x.shape[-1]] * sigma


class Damaged:
    """`pictures`: uint8 [3, H, W], sharp."""

    def __init__(self, pictures: list[torch.Tensor], seed: int):
        self.pictures, self.random = pictures, random.Random(seed)

    def sharp(self, side: int) -> torch.Tensor:
        """Float [1, 3, side, side] from a random place, often reduced first, so that all is sharp."""
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
        x = self.sharp(math.ceil((size + 16) / factor))
        x, done = self.damaged(x, enlarger, (size + 16, size + 16), factor, lambda x: x[..., 8:-8, 8:-8])
        return x[0], done

    def damaged(self, x: torch.Tensor, enlarger: str | None, size: tuple[int, int], factor: float, cut):
        """[1, 3, H, W] damaged by chance; enlarged to height and width `size`, and `cut` before it is
        compressed at last."""
        r, done = self.random, Damage(enlarged=factor)
        if r.random() < 0.45:
            done.blur = math.exp(r.uniform(math.log(0.4), math.log(3)))
            x = blurred(x, done.blur)
        early = enlarger is not None and r.random() < EARLY
        noise = self._noise(x, done) if early else None
        if enlarger:
            x = whole(x if noise is None else x + sum(noise))
            if r.random() < 0.3:
                done.before = r.randint(*QUALITIES)
                x = jpeg(x, done.before, r.random() < 0.6)
            x = whole(enlarged(x, enlarger, *size))
        amount, radius = 0.0, 1.0
        if r.random() < 0.25:
            amount, radius = r.uniform(0.3, 1.5), r.uniform(0.6, 2)
        sharpened = lambda x: x + amount * (x - blurred(x, radius))
        x = sharpened(x)
        done.resolution = resolution(done.blur, enlarger, factor, amount, radius)
        if early:
            left = [float(sharpened(enlarged(n, enlarger, *size)).std() / n.std().clamp(min=1e-6)) for n in noise]
            done.luma, done.chroma = done.luma * left[0], done.chroma * left[1]
        else:
            x = x + sum(self._noise(x, done))
        x = whole(cut(x))
        if r.random() < 0.5:
            done.quality = r.randint(*QUALITIES)
            x = jpeg(x, done.quality, r.random() < 0.6)
        return x, done

    def _noise(self, x: torch.Tensor, done: Damage) -> tuple[torch.Tensor, torch.Tensor]:
        """In luma and in colour."""
        r = self.random
        luma = chroma = torch.zeros_like(x)
        if r.random() < 0.5:
            done.luma = 25 * r.random() ** 2
            luma = torch.randn_like(x[:, :1]).expand_as(x) * done.luma
        if r.random() < 0.3:
            done.chroma = 20 * r.random() ** 2
            chroma = coloured(chroma, done.chroma, r.choice((1, 1, 2, 3)))
        return luma, chroma
