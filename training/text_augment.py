"""Cheap changes to rendered scenes on the training device, so that none is seen twice the same.

Takes uint8 [N, 3, S, S] and areas uint8 [N, 1, S/4, S/4], gives floats 0 to 1 of the same shapes. All
work is done where the scenes lie, without waiting for the device.
"""
import math

import torch
from torch.nn import functional as F

# Rows: luma and two colour differences of RGB 0 to 1.
TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])


def cosines(n: int = 8) -> torch.Tensor:
    """[n, n] orthonormal cosine transform."""
    i = torch.arange(n, dtype=torch.float32)
    lines = torch.cos(math.pi * (i + 0.5) * i[:, None] / n)
    return lines / lines.norm(dim=1, keepdim=True)


class Augment:
    def __init__(self, device, zoom=(0.75, 1.4)):
        self.device, self.zoom = device, zoom
        self.cosines = cosines().to(device)
        self.to_ycc = TO_YCC.to(device)
        self.to_rgb = TO_YCC.inverse().to(device)
        steps = 1 + 0.35 * (torch.arange(8)[:, None] + torch.arange(8))  # coarser for finer waves
        self.steps = steps.to(device)

    def uniform(self, n: int, low: float, high: float):
        return torch.rand(n, device=self.device) * (high - low) + low

    def chance(self, n: int, p: float):
        return (torch.rand(n, device=self.device) < p).float()

    def __call__(self, x, area):
        x, area = self.moved(x.float() / 255, area.float() / 255)
        x = self.softened(self.coloured(x))
        return self.compressed(x).clamp(0, 1), area

    def moved(self, x, area):
        """Mirrored, turned by quarters and a little more, and rescaled, all about a random place."""
        n = len(x)
        zoom = torch.exp(self.uniform(n, math.log(self.zoom[0]), math.log(self.zoom[1])))
        quarter = torch.randint(1, 4, (n,), device=self.device) * self.chance(n, 0.15) * (math.pi / 2)
        angle = quarter + torch.randn(n, device=self.device) * self.chance(n, 0.3) * 0.06
        mirror = 1 - 2 * self.chance(n, 0.2)
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        slack = (1 - 1 / zoom).abs()
        shift = [slack * self.uniform(n, -1, 1) for _ in range(2)]
        theta = torch.stack([torch.stack([cos * mirror, -sin, shift[0]], 1),
                             torch.stack([sin * mirror, cos, shift[1]], 1)], 1)
        plain = self.chance(n, 0.25).view(-1, 1, 1)  # left as rendered: nothing is resampled
        same = torch.eye(2, 3, device=self.device)
        theta = theta * (1 - plain) + same * plain
        return [F.grid_sample(picture, F.affine_grid(theta, picture.shape, align_corners=False), "bilinear",
                              "reflection", align_corners=False) for picture in (x, area)]

    def coloured(self, x):
        n = len(x)
        grey = self.chance(n, 0.15).view(-1, 1, 1, 1)
        luma = torch.einsum("nchw,c->nhw", x, self.to_ycc[0])[:, None]
        x = x + (luma - x) * grey
        negative = self.chance(n, 0.1).view(-1, 1, 1, 1)
        x = x + (1 - 2 * x) * negative
        gamma = torch.exp(self.uniform(n, -0.5, 0.5)).view(-1, 1, 1, 1)
        x = x.clamp(1e-4, 1) ** gamma
        gain = self.uniform(3 * n, 0.75, 1.25).view(n, 3, 1, 1) * self.uniform(n, 0.6, 1.1).view(n, 1, 1, 1)
        return x * gain + self.uniform(n, -0.05, 0.15).view(n, 1, 1, 1)

    def softened(self, x):
        """Blurred or sharpened, then made noisy."""
        n = len(x)
        soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        amount = self.uniform(n, -0.7, 1.0) * self.chance(n, 0.4)
        x = x + (soft - x) * amount.view(-1, 1, 1, 1)
        sigma = self.uniform(n, 0.0, 0.05) * self.chance(n, 0.4)
        return x + torch.randn_like(x) * sigma.view(-1, 1, 1, 1)

    def compressed(self, x):
        """Cosine coefficients of 8x8 blocks rounded to steps, for some of the pictures."""
        n, _, h, w = x.shape
        ycc = torch.einsum("nchw,dc->ndhw", x, self.to_ycc).view(n, 3, h // 8, 8, w // 8, 8)
        waves = torch.einsum("ncyixj,ui,vj->ncyxuv", ycc, self.cosines, self.cosines)
        step = torch.exp(self.uniform(n, math.log(2 / 255), math.log(25 / 255))).view(n, 1, 1, 1, 1, 1) * self.steps
        rounded = (waves / step).round() * step
        back = torch.einsum("ncyxuv,ui,vj->ncyixj", rounded, self.cosines, self.cosines).reshape(n, 3, h, w)
        back = torch.einsum("nchw,dc->ndhw", back, self.to_rgb)
        return torch.where(self.chance(n, 0.35).view(-1, 1, 1, 1) > 0, back, x)
