"""Antialiased bicubic resampling as the super-resolution field defines it.

Kernel: Keys' cubic with a = -0.5 (R. Keys, "Cubic convolution interpolation for digital image
processing", 1981), widened by the reduction factor when shrinking, borders mirrored with the edge
sample repeated. This is what the published LR pictures were made with.
Values are whatever the caller passes; nothing is clipped or rounded here.
"""
from functools import lru_cache

import torch


def cubic(x: torch.Tensor) -> torch.Tensor:
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


@lru_cache(maxsize=256)
def matrix(source: int, target: int) -> torch.Tensor:
    """The [target, source] matrix that resamples a line of `source` samples to `target`."""
    ratio = target / source
    stretch = min(ratio, 1.0)
    reach = int(2 / stretch) + 2
    centre = (torch.arange(target, dtype=torch.float64) + 0.5) / ratio - 0.5
    taps = centre.floor()[:, None] + torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = cubic((centre[:, None] - taps) * stretch)
    weights = weights / weights.sum(1, keepdim=True)
    period = 2 * source
    index = taps.long() % period
    index = torch.where(index >= source, period - 1 - index, index)
    out = torch.zeros(target, source, dtype=torch.float64)
    return out.scatter_add_(1, index, weights).float()


def bicubic(picture: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resamples [..., H, W] to [..., height, width] in float."""
    rows = matrix(picture.shape[-2], height).to(picture)
    columns = matrix(picture.shape[-1], width).to(picture)
    return rows @ picture @ columns.T
