"""Damaged pictures beside what they were, to learn cleaning from.

The chain is that of damage_samples: a soft lens or a former enlargement, sharpening, noise, JPEG. What
is to come out is the sharp picture of the same size before all of it.
"""
import math
import random

import torch

from .clean_net import CONDITIONS
from .damage_samples import ENLARGERS, Damage, Damaged, coloured, enlarged, resolution
from .reduction import KERNELS
from .shrink_samples import blurred, jpeg, reduced, whole

MARGIN = 8


class Pairs(Damaged):
    def _softened(self, x: torch.Tensor, done: Damage) -> torch.Tensor:
        r = self.random
        side, amount, radius, kernel = x.shape[-1], 0.0, 1.0, None
        if r.random() < 0.55:
            kernel = r.choice(ENLARGERS)
            small = round(side / r.uniform(1.2, 3.5))
            done.enlarged = side / small
            x = reduced(x, r.choice(KERNELS), small, False)
            if r.random() < 0.3:
                done.blur = r.uniform(0.4, 1)
                x = whole(blurred(x, done.blur))
            x = whole(enlarged(x, kernel, side, side))
        else:
            done.blur = math.exp(r.uniform(math.log(0.4), math.log(2.5)))
            x = blurred(x, done.blur)
        if r.random() < 0.3:
            amount, radius = r.uniform(0.3, 1.5), r.uniform(0.6, 2)
            x = x + amount * (x - blurred(x, radius))
        done.resolution = resolution(done.blur, kernel, done.enlarged, amount, radius)
        return x

    def _noised(self, x: torch.Tensor, done: Damage) -> torch.Tensor:
        """Of the same strength in all colours, or of luma and colour apart, fine or blotchy."""
        r = self.random
        if r.random() < 0.5:
            sigma = 30 * r.random() ** 1.5
            done.luma, done.chroma = sigma * 0.67, sigma
            return x + torch.randn_like(x) * sigma
        done.luma = 25 * r.random() ** 1.5
        x = x + torch.randn_like(x[:, :1]) * done.luma
        if r.random() < 0.6:
            done.chroma = 20 * r.random() ** 1.5
            x = coloured(x, done.chroma, r.choice((1, 1, 2, 3)))
        return x

    def pair(self, size: int) -> tuple[torch.Tensor, torch.Tensor, Damage]:
        """Damaged and sharp, float [1, 3, size, size], 0 to 255, and what was done."""
        r, done = self.random, Damage()
        sharp = self.sharp(size + 2 * MARGIN)
        x, kind = sharp, r.random()
        if kind > 0.08:  # else nothing, and nothing may change
            if r.random() < 0.4:
                x = self._softened(x, done)
            if r.random() < 0.6:
                x = self._noised(x, done)
            x = whole(x)
            if r.random() < 0.4:
                done.quality = r.randint(15, 96)
                x = jpeg(x, done.quality, r.random() < 0.6, r.randint(0, 7))
        inner = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        return whole(x)[inner], sharp[inner], done

    def batch(self, count: int, size: int, each: int):
        """`each` crops from every one of count / each pictures of twice the size."""
        found = []
        while len(found) < count:
            x, y, done = self.pair(2 * size)
            for _ in range(each):
                top, left = self.random.randint(0, size), self.random.randint(0, size)
                here = (0, slice(None), slice(top, top + size), slice(left, left + size))
                found.append((x[here], y[here], told(done, self.random)))
        return [torch.stack(part) for part in zip(*found)]


def told(done: Damage, r: random.Random | None = None) -> torch.Tensor:
    """[4], as clean_net.CONDITIONS; with `r` as wrong as measures are."""
    gauss = (lambda s: r.gauss(0, s)) if r else (lambda s: 0.0)
    value = [done.luma / 25 * (1 + gauss(0.12)) + (gauss(0.02) if done.luma else 0),
             done.chroma / 25 * (1 + gauss(0.12)) + (gauss(0.02) if done.chroma else 0),
             (100 - done.quality + gauss(3)) / 80 if done.quality else 0,
             1 - done.resolution + gauss(0.05)]
    if not done.luma + done.chroma + done.quality and done.resolution == 1:
        value = [0.0] * len(CONDITIONS)
    return torch.tensor(value).clamp(0, 1.2)
