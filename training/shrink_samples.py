"""Small pictures whose reduction is known, made on the card from whole pictures that lie there.

A batch holds, for each of many places in sharp pictures, all seven classes: the place reduced by each
kernel of reduction.KERNELS, and "none": a picture as a camera, a soft lens, an interpolation or a
network leaves it. Samples are RGB [N, 3, size, size], 0 to 255, whole numbers.
"""
import math
import random
from functools import lru_cache

import torch
from torch.nn import functional as F

from .reduction import KERNELS, matrix, project
from .resample import bicubic

CLASSES = (*KERNELS, "none")
LUMINANCE = ((16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
             (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
             (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
             (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99))
CHROMINANCE = ((17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56, 99), (47, 66, 99, 99))
YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def whole(x: torch.Tensor) -> torch.Tensor:
    return x.round().clamp(0, 255)


def blurred(x: torch.Tensor, sigma: float) -> torch.Tensor:
    """[N, 3, H, W] through a Gaussian, borders repeated."""
    reach = int(3 * sigma) + 1
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=x.device) / sigma) ** 2)
    taps = (taps / taps.sum()).view(1, 1, 1, -1).repeat(3, 1, 1, 1)
    x = F.pad(x, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(x, taps, groups=3), taps.transpose(2, 3), groups=3)


@lru_cache(maxsize=2048)
def _matrix(kernel: str, source: int, target: int, device: torch.device) -> torch.Tensor:
    return matrix(kernel, source, target).float().to(device)


def reduced(x: torch.Tensor, kernel: str, size: int, stepwise: bool) -> torch.Tensor:
    """Squares [N, 3, S, S] to `size`; `stepwise` rounds between the two directions, as Pillow does."""
    m = _matrix(kernel, x.shape[-1], size, x.device)
    across = x @ m.T
    return whole(m @ (whole(across) if stepwise else across))


@lru_cache(maxsize=64)
def _tables(quality: int, device: torch.device):
    """Quantisation of luma and chroma, the cosine transform, RGB to YCbCr and back."""
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    chroma = torch.full((8, 8), 99.0)
    chroma[:4, :4] = torch.tensor(CHROMINANCE, dtype=torch.float32)
    luma = torch.tensor(LUMINANCE, dtype=torch.float32)
    i = torch.arange(8, dtype=torch.float32)
    dct = torch.cos(torch.pi * (i + 0.5) * i[:, None] / 8) * 0.5
    dct[0] /= math.sqrt(2)
    ycc = torch.tensor(YCC)
    found = [(t * scale + 0.5).floor().clamp(1, 255) for t in (luma, chroma)]
    return [t.to(device) for t in (*found, dct, ycc, torch.linalg.inv(ycc))]


def jpeg(x: torch.Tensor, quality: int, halved: bool, shift: int = 0) -> torch.Tensor:
    """[N, 3, H, W] through JPEG's losses (ITU-T T.81), its grid `shift` pixels off the corner."""
    h, w = x.shape[-2:]
    luma_table, chroma_table, dct, ycc, back = _tables(quality, x.device)
    y = torch.einsum("dc,nchw->ndhw", ycc, x)
    y = F.pad(y, (shift, (-w - shift) % 16, shift, (-h - shift) % 16), mode="replicate")

    def coded(plane, table, middle):
        n, c, height, width = plane.shape
        blocks = plane.reshape(n, c, height // 8, 8, width // 8, 8).transpose(3, 4)
        found = dct @ (blocks - middle) @ dct.T
        blocks = dct.T @ ((found / table).round() * table) @ dct + middle
        return blocks.transpose(3, 4).reshape(n, c, height, width)

    luma, colour = coded(y[:, :1], luma_table, 128), y[:, 1:]
    if halved:
        colour = coded(F.avg_pool2d(colour, 2), chroma_table, 0)
        # As libjpeg and the browsers enlarge it again ("fancy upsampling").
        colour = F.interpolate(colour, scale_factor=2.0, mode="bilinear", align_corners=False)
    else:
        colour = coded(colour, chroma_table, 0)
    y = torch.cat([luma, colour], 1)[:, :, shift:shift + h, shift:shift + w]
    return whole(torch.einsum("dc,nchw->ndhw", back, y))


def mosaiced(x: torch.Tensor) -> torch.Tensor:
    """Float [N, 3, H, W] seen through a Bayer filter, the missing colours interpolated bilinearly."""
    mask = torch.zeros_like(x[:1])
    mask[:, 0, ::2, ::2] = mask[:, 1, ::2, 1::2] = mask[:, 1, 1::2, ::2] = mask[:, 2, 1::2, 1::2] = 1
    cross = torch.tensor([[0.0, 1, 0], [1, 4, 1], [0, 1, 0]], device=x.device) / 4
    square = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], device=x.device) / 4
    taps = torch.stack([square, cross, square])[:, None]
    return F.conv2d(F.pad(x * mask, (1,) * 4, mode="reflect"), taps, groups=3)


class Samples:
    """`pictures` and `pool` (pictures that the network enlarged): uint8 [3, H, W] on one device."""

    def __init__(self, pictures: list, pool: list, pool_share: float, seed: int):
        self.pictures, self.pool = pictures, pool
        self.pool_share = pool_share if pool else 0
        self.random = random.Random(seed)

    def crops(self, source: list, count: int, side: int) -> torch.Tensor:
        """Float [count, 3, side, side] from random places, turned and flipped; the livelier of two."""
        found = []
        while len(found) < 2 * count:
            picture = self.random.choice(source)
            _, h, w = picture.shape
            if min(h, w) < side:
                continue
            for _ in range(2):
                top, left = self.random.randint(0, h - side), self.random.randint(0, w - side)
                found.append(picture[:, top:top + side, left:left + side])
        both = torch.stack(found)
        lively = both[:, 1, ::4, ::4].float().var((1, 2)).view(count, 2)
        choice = lively.argmax(1) + 2 * torch.arange(count, device=both.device)
        x = torch.rot90(both[choice].float(), self.random.randint(0, 3), (2, 3))
        return x.flip(3) if self.random.random() < 0.5 else x

    def _factor(self, enlarged: bool) -> float:
        kind = self.random.random()
        if kind < (0.7 if enlarged else 0.45):
            return 4
        return 2 if kind < 0.62 else 3 if kind < 0.79 else self.random.uniform(1.5, 5)

    def group(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples [7 * count, 3, size, size] and classes of `count` places with one history."""
        r = self.random
        enlarged = r.random() < self.pool_share
        source = self.pool if enlarged else self.pictures
        # Most pictures must be large enough to choose from.
        most = sorted(min(p.shape[1:]) for p in source)[len(source) // 4]
        factor = min(self._factor(enlarged), most / size)
        side = round(size * factor)
        before = 1.0 if enlarged or r.random() < 0.35 else r.uniform(1, 2.5)
        before = min(before, most / side)
        hr = self.crops(source, count, int(side * before))
        if hr.shape[-1] > side:
            hr = reduced(hr, r.choice(KERNELS), side, False)
        if not enlarged:
            hr = self._taken(hr)
        if r.random() < 0.3:  # lighter, darker, flatter
            hr = 255 * (hr / 255).clamp(0, 1) ** r.uniform(0.7, 1.4) * r.uniform(0.7, 1)
        hr = whole(hr)
        stepwise = r.random() < 0.4
        small = [reduced(hr, kernel, size, stepwise) for kernel in KERNELS]
        samples = torch.cat([*small, self._none(count, size)])
        if r.random() < 0.12:
            samples = whole(samples + torch.randn_like(samples) * r.uniform(0.2, 1.2))
        if r.random() < 0.3:
            samples = jpeg(samples, r.randint(70, 97), r.random() < 0.5)
        classes = torch.arange(len(CLASSES), device=samples.device).repeat_interleave(count)
        return samples, classes

    def _taken(self, x: torch.Tensor) -> torch.Tensor:
        """As softer and sharper cameras take pictures and store them."""
        r, kind = self.random, self.random.random()
        if kind < 0.2:
            x = blurred(x, r.uniform(0.3, 0.9))
        elif kind < 0.6:
            x = x + r.uniform(0.2, 1.2) * (x - blurred(x, r.uniform(0.5, 1.5)))
        if r.random() < 0.1:
            x = whole(x) + torch.randn_like(x) * r.uniform(0.5, 4)
        return jpeg(whole(x), r.randint(75, 95), r.random() < 0.5, r.randint(0, 7)) if r.random() < 0.15 else x

    def _none(self, count: int, size: int) -> torch.Tensor:
        r, kind = self.random, self.random.random()
        if self.pool and kind < 0.2:
            return self.crops(self.pool, count, size)
        x = self.crops(self.pictures, count, size + 16)
        if kind < 0.55:  # a camera: a lens, a mosaic, noise, sharpening
            if r.random() < 0.8:
                x = blurred(x, r.uniform(0.3, 1.0))
            x = mosaiced(x)
            x = x + torch.randn_like(x) * r.uniform(0, 3)
            if r.random() < 0.5:
                x = x + r.uniform(0.2, 1.0) * (x - blurred(x, r.uniform(0.6, 1.5)))
        elif kind < 0.75:
            x = blurred(x, r.uniform(0.7, 2.0))
        else:
            side, factor = x.shape[-1], r.uniform(1.3, 4)
            small = x[..., :math.ceil(side / factor), :math.ceil(side / factor)]
            mode = r.choice(("ours", "bilinear", "bicubic"))
            x = bicubic(small, side, side) if mode == "ours" else F.interpolate(
                small, (side, side), mode=mode, align_corners=False)
        return whole(x[..., 8:-8, 8:-8])

    def batch(self, groups: int, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        found = [self.group(count, size) for _ in range(groups)]
        return torch.cat([f[0] for f in found]), torch.cat([f[1] for f in found])


@torch.no_grad()
def round_trips(pictures: list, enlarge, count: int, seed: int) -> list[torch.Tensor]:
    """`count` pictures, uint8 [3, H, W], after one to three rounds of reducing x4 by a random kernel and
    enlarging by the network, projected four times of five. `enlarge` maps [1, 3, h, w] 0-1 to x4."""
    r, found = random.Random(seed), []
    while len(found) < count:
        picture = r.choice(pictures)
        h, w = (min(side, 640) // 4 * 4 for side in picture.shape[1:])
        y = picture[:, :h, :w].float()
        for _ in range(r.choice((1, 1, 1, 2, 2, 3))):
            kernel = r.choice(KERNELS)
            rows, columns = (matrix(kernel, n, n // 4).to(y) for n in (h, w))
            x = whole(rows @ y @ columns.T) / 255
            y = enlarge(x[None])[0].float()
            if r.random() < 0.8:
                y = project(y, x, kernel)
            y = whole(y * 255)
        found.append(y.byte())
    return found
