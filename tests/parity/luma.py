"""What surrounds a network that knows only brightness: Y of BT.601, and colour enlarged bicubically."""
import torch
from torch.nn import functional as F


def bicubic(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Keys' kernel with a = -0.5 (PyTorch has it under `antialias`), zeros beyond the border."""
    border = 4
    large = F.interpolate(F.pad(x, (border,) * 4), scale_factor=scale, mode="bicubic",
                          antialias=True, align_corners=False)
    cut = border * scale
    return large[:, :, cut:-cut, cut:-cut]


def to_ycc(rgb: torch.Tensor, studio: bool) -> torch.Tensor:
    r, g, b = rgb.double().unbind(1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    colour = [(b - y) / 1.772 * 255, (r - y) / 1.402 * 255]  # -127.5 to 127.5
    if studio:
        parts = [16 + 219 * y] + [128 + 224 / 255 * c for c in colour]
    else:
        parts = [255 * y] + [128 + c for c in colour]
    return (torch.stack(parts, 1) / 255).float()


def to_rgb(ycc: torch.Tensor, studio: bool) -> torch.Tensor:
    y, cb, cr = (ycc.double() * 255).unbind(1)
    if studio:
        y, cb, cr = (y - 16) / 219, (cb - 128) / 224, (cr - 128) / 224
    else:
        y, cb, cr = y / 255, (cb - 128) / 255, (cr - 128) / 255
    r, b = y + 1.402 * cr, y + 1.772 * cb
    return torch.stack([r, (y - 0.299 * r - 0.114 * b) / 0.587, b], 1).float()


def on_luma(network, scale: int, studio: bool = True):
    """`network` maps Y to an enlarged Y; the result maps RGB to RGB."""
    def run(rgb: torch.Tensor) -> torch.Tensor:
        ycc = to_ycc(rgb, studio)
        return to_rgb(torch.cat([network(ycc[:, :1]), bicubic(ycc[:, 1:], scale)], 1), studio)
    return run
