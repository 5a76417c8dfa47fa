"""The antialiased kernels that pictures are made small with, and the projection onto their inverse.

Every reduction is separable: LR = R HR C^T, with one matrix for the rows and one for the columns.
The kernel is widened by the reduction factor; at the borders the taps outside the picture are cut and
the others weigh the more, as Pillow does. The formulas are those of src/ops/kernels.cpp.
Values are whatever the caller passes; nothing is clipped or rounded here.
"""
from functools import lru_cache

import torch

from .resample import bicubic, cubic
from .resample import matrix as enlarging

KERNELS = ("box", "bilinear", "hamming", "bicubic", "lanczos", "mitchell")
RADIUS = {"box": 0.5, "bilinear": 1, "hamming": 1, "bicubic": 2, "lanczos": 3, "mitchell": 2}


def _mitchell(x):
    near = (7 * x ** 3 - 12 * x ** 2 + 16 / 3) / 6
    far = (-7 / 3 * x ** 3 + 12 * x ** 2 - 20 * x + 32 / 3) / 6
    return torch.where(x < 1, near, far)


_FORMULAS = {
    "box": torch.ones_like,
    "bilinear": lambda x: 1 - x,
    "hamming": lambda x: torch.sinc(x) * (0.54 + 0.46 * torch.cos(torch.pi * x)),
    "bicubic": cubic,
    "lanczos": lambda x: torch.sinc(x) * torch.sinc(x / 3),
    "mitchell": _mitchell,
}


def weight(kernel: str, x: torch.Tensor) -> torch.Tensor:
    """The kernel at distances `x` in LR pixels, not normalised."""
    x = x.abs()
    return torch.where(x <= RADIUS[kernel] + 1e-9, _FORMULAS[kernel](x), torch.zeros_like(x))


@lru_cache(maxsize=1024)
def matrix(kernel: str, source: int, target: int, device: str = "cpu") -> torch.Tensor:
    """The float64 [target, source] matrix that reduces a line of `source` samples to `target`.

    It is made on `device`, so that a card need not wait for it.
    """
    factor = source / target
    centres = (torch.arange(target, dtype=torch.float64, device=device) + 0.5) * factor - 0.5
    samples = torch.arange(source, dtype=torch.float64, device=device)
    distances = (samples - centres[:, None]) / factor
    weights = weight(kernel, distances)
    return weights / weights.sum(1, keepdim=True)


def reduce(picture: torch.Tensor, kernel: str, height: int, width: int) -> torch.Tensor:
    """Reduces [..., H, W] to [..., height, width] in the picture's own float type."""
    device = str(picture.device)
    rows = matrix(kernel, picture.shape[-2], height, device).to(picture)
    columns = matrix(kernel, picture.shape[-1], width, device).to(picture)
    return rows @ picture @ columns.T


@lru_cache(maxsize=256)
def _inverse(kernel: str, small: int, large: int) -> torch.Tensor:
    """The inverse [small, small] of bicubic enlarging from `small` to `large` and reducing again."""
    both = matrix(kernel, large, small) @ enlarging(small, large).double()
    return torch.linalg.inv(both)


def project(y: torch.Tensor, x: torch.Tensor, kernel: str) -> torch.Tensor:
    """The picture near `y` [..., H, W] that `kernel` reduces to `x` [..., h, w] exactly.

    y + U (D U)^-1 (x - D y), with D the reduction and U the bicubic enlargement. Both in the same
    range of values; the result may leave that range a little.
    """
    (h, w), (height, width) = x.shape[-2:], y.shape[-2:]
    missing = (x - reduce(y, kernel, h, w)).double()
    rows, columns = (_inverse(kernel, *n).to(missing) for n in ((h, height), (w, width)))
    small = rows @ missing @ columns.T
    return y + bicubic(small.to(y), height, width)
