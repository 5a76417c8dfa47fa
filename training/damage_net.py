"""The network that measures damage: fixed measures of detail, noise and blocks, and small layers on top.

RGB 0 to 1 [N, 3, H, W] in, H and W multiples of 32 from 96, the first pixel at a corner of JPEG's grid;
[N, 16, 1, 1] out: for each of OUTPUTS its value and the logarithm of its standard deviation, the last two
as logits (value) and 0.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

OUTPUTS = ("resolution", "luma", "chroma", "quality", "motion_cos", "motion_sin", "compressed", "enlarged")
MEASURED = 6       # the first ones are measures, the others yes or no
WINDOW, STEP = 32, 16
PERIOD = 64        # longest pattern of the slopes' jumps that is looked for
HALF = WINDOW // 2 + 1
SECTORS, RINGS = 8, (2, 4, 7, 11, 17)  # directions of the spectrum, at frequencies between these of WINDOW's
BANDS = 2 * HALF - 2 + SECTORS * (len(RINGS) - 1)
EVENED = 0.5       # power of the variance by which the loss is evened out
COARSE = (2, 4)     # roughness is measured in pictures so much smaller, too: noise in colour comes in spots
CUT = 12           # a place no longer counts where this part of its samples was cut off
LUMA, CB, CR = (0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813)


def encoded(damage) -> list[float]:
    """The values that the network learns, in the order of OUTPUTS."""
    motion = math.log2(1 + damage.motion)  # twice the angle, as half a turn changes nothing
    return [math.log2(damage.resolution), math.log2(damage.luma + 0.5), math.log2(damage.chroma + 0.5),
            damage.quality / 20, motion * math.cos(2 * damage.angle), motion * math.sin(2 * damage.angle),
            float(damage.quality > 0), float(damage.enlarged > 1)]


def _across(window: int = WINDOW) -> torch.Tensor:
    """[window + 2, 1, 1, window]: cosine and sine of each frequency, windowed (Hann), in turn."""
    x = torch.arange(window)
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * (x + 0.5) / window)
    phase = 2 * math.pi * torch.arange(window // 2 + 1)[:, None] * x / window
    return torch.stack([phase.cos() * hann, phase.sin() * hann], 1).view(window + 2, 1, 1, window)


def _pairs(count: int) -> torch.Tensor:
    """[count, 2 * count, 1, 1]: sums of neighbours, the first one left out."""
    return torch.eye(count).repeat_interleave(2, 1)[1:].reshape(count - 1, 2 * count, 1, 1)


def _down() -> torch.Tensor:
    """[HALF * 4 * HALF, 2, WINDOW, 1], a group for each frequency across: real and imaginary part of each
    frequency down, once with the same and once with the opposite sign."""
    taps = _across().view(HALF, 2, WINDOW)
    cos, sin = taps[:, 0], taps[:, 1]
    rows = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1),
                        torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)  # HALF, 4, 2, WINDOW
    return rows.reshape(1, HALF * 4, 2, WINDOW, 1).repeat(HALF, 1, 1, 1, 1).flatten(0, 1)


def _bands() -> torch.Tensor:
    """[BANDS, HALF * 4 * HALF, 1, 1]: means of the squared parts in rings, along both axes, and in sectors of rings."""
    u = torch.arange(HALF)[:, None, None].expand(HALF, HALF, 4)
    v = torch.arange(HALF)[None, :, None].expand(HALF, HALF, 4)
    radius = torch.hypot(u.float(), v.float())
    rows = []
    for n in range(1, HALF):
        rows.append((radius.round() == n).float())
    for n in range(1, HALF):
        rows.append((((u == n) & (v <= 1)) | ((v == n) & (u <= 1))).float())
    angle = torch.atan2(v * torch.tensor([1.0, 1, -1, -1]), u.float())  # the signs of _down
    sector = (angle / math.pi * SECTORS).round() % SECTORS
    for low, high in zip(RINGS, RINGS[1:]):
        for n in range(SECTORS):
            rows.append(((radius >= low) & (radius < high) & (sector == n)).float())
    bands = torch.stack(rows).flatten(1)
    return (bands / bands.sum(1, keepdim=True)).view(len(rows), -1, 1, 1)


def _dct() -> torch.Tensor:
    i = torch.arange(8, dtype=torch.float32)
    line = torch.cos(math.pi * (i + 0.5) * i[:, None] / 8) * 0.5
    line[0] /= math.sqrt(2)
    return torch.einsum("ux,vy->uvxy", line, line).reshape(64, 1, 8, 8)


class Measures(nn.Module):
    """[N, FEATURES, 1, 1] of [N, 3, H, W]."""

    def __init__(self):
        super().__init__()
        self.register_buffer("colours", 255 * torch.tensor([LUMA, CB, CR]).view(3, 3, 1, 1))
        self.register_buffer("across", _across())
        self.register_buffer("down", _down())
        self.register_buffer("bands", _bands())
        self.register_buffer("dct", _dct())
        rough = torch.tensor([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6
        self.register_buffer("rough", rough.view(1, 1, 3, 3).repeat(3, 1, 1, 1))
        middle = torch.zeros(1, 3, 3, 3)
        middle[..., 1, 1] = 1 / 3
        self.register_buffer("middle", middle)
        self.register_buffer("step", torch.tensor([-1.0, 3, -3, 1]).view(1, 1, 1, 4))
        self.register_buffer("phases", torch.eye(8).view(8, 1, 1, 8))
        self.register_buffer("period", _across(PERIOD))
        self.register_buffer("pairs", _pairs(PERIOD // 2 + 1))

    def lost(self, x):
        """Share of samples that were cut off at black or white, in the places where `rough` is pooled."""
        off = (1 - 255 * x).clamp(0, 1) + (255 * x - 254).clamp(0, 1)
        return F.avg_pool2d(F.conv2d(off, self.middle), 8)

    @staticmethod
    def means_where(power: torch.Tensor, floor: float, counts: torch.Tensor) -> list[torch.Tensor]:
        """As `means`, each place counting by [N, 1, h, w]."""
        power = power + floor
        mean = lambda x: (x * counts).mean((2, 3), keepdim=True) / counts.mean((2, 3), keepdim=True)
        return [mean(power).log(), mean(power.log()), -mean(1 / power).log()]

    @staticmethod
    def means(power: torch.Tensor, floor: float) -> list[torch.Tensor]:
        """Logarithms of the arithmetic, geometric and harmonic mean over the places: the last one is that
        of the plainest places, where noise shows."""
        power = power + floor
        return [power.mean((2, 3), keepdim=True).log(), power.log().mean((2, 3), keepdim=True),
                -(1 / power).mean((2, 3), keepdim=True).log()]

    def forward(self, x):
        ycc = F.conv2d(x, self.colours)
        y = ycc[:, :1]
        parts = F.conv2d(F.conv2d(y, self.across, stride=(1, STEP)), self.down, stride=(STEP, 1), groups=HALF)
        found = self.means(F.conv2d(parts * parts, self.bands), 0.5)
        rough = F.conv2d(ycc, self.rough, groups=3)
        pooled, lost = F.avg_pool2d(rough * rough, 8), self.lost(x)
        found += self.means(pooled, 0.02)
        # Noise is measured where black and white did not cut it off, if there is such a place.
        counts = (1 - CUT * lost).clamp(0, 1) + 1e-3
        found += self.means_where(pooled, 0.02, counts)
        for scale in COARSE:
            rough = F.conv2d(F.avg_pool2d(ycc, scale), self.rough, groups=3)
            found += self.means_where(F.avg_pool2d(rough * rough, 8 // scale), 0.02, counts)
        found.append((lost.mean((2, 3), keepdim=True) + 1e-3).log())
        size = F.conv2d(y, self.dct, stride=8).abs()
        found.append((size.mean((2, 3), keepdim=True) + 0.1).log())
        found.append((1 - size).clamp(0, 1).mean((2, 3), keepdim=True))
        # Jumps of the slope by their place in the grid, along both axes; and how they come and go with
        # other periods, as an interpolation leaves them (Gallagher, "Detection of linear and cubic
        # interpolation in JPEG compressed images", 2005).
        patterns = []
        for axis in (3, 2):
            along = lambda taps: taps if axis == 3 else taps.transpose(2, 3)
            stride = lambda n: (1, n) if axis == 3 else (n, 1)
            jumps = F.conv2d(y, along(self.step)).abs()
            found.append((F.conv2d(jumps, along(self.phases), stride=stride(8)).mean((2, 3), keepdim=True) + 0.1).log())
            profile = (jumps + 0.1).log().mean(5 - axis, keepdim=True)
            waves = F.conv2d(profile, along(self.period), stride=stride(PERIOD // 2))
            patterns.append(F.conv2d(waves * waves, self.pairs).mean((2, 3), keepdim=True))
        found.append((patterns[0] + patterns[1] + 1e-3).log())
        return torch.cat(found, 1)


FEATURES = 3 * BANDS + 19 + 9 * len(COARSE) + 128 + 16 + PERIOD // 2


class DamageNet(nn.Module):
    """Several heads of small layers, whose answers are averaged: they err apart by how they began."""

    def __init__(self, hidden: int = 192, heads: int = 3):
        super().__init__()
        self.heads = heads
        self.measures = Measures()
        self.register_buffer("centre", torch.zeros(1, FEATURES, 1, 1))
        self.register_buffer("spread", torch.ones(1, FEATURES, 1, 1))
        widths = (heads * hidden, heads * hidden, heads * hidden // 2, heads * 2 * len(OUTPUTS))
        self.layers = nn.ModuleList([nn.Conv2d(FEATURES, widths[0], 1)] + [
            nn.Conv2d(before, after, 1, groups=heads) for before, after in zip(widths, widths[1:])])
        self.drop = nn.Dropout(0.05)

    def answers(self, measures):
        """[N, heads, 2 * outputs]. As products of matrices, which train many times faster than
        convolutions in groups."""
        y = ((measures - self.centre) / self.spread).flatten(1)
        y = y.expand(self.heads, *y.shape)
        for i, layer in enumerate(self.layers):
            weights = layer.weight.view(self.heads, -1, y.shape[2]).transpose(1, 2)
            y = torch.baddbmm(layer.bias.view(self.heads, 1, -1), y, weights)
            if i + 1 < len(self.layers):
                y = self.drop(F.relu(y))
        return y.transpose(0, 1)

    def forward(self, x):
        return self.answers(self.measures(x)).mean(1)[..., None, None]


def loss_of(answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Gaussian likelihood of the measures (quality only of what was compressed), and cross entropy.

    Likelihood alone weighs a sample by one over its variance: what is sure, as that a picture has no noise, would
    leave nothing for what is not. A power of the variance makes up for it (Seitzer et al., "On the pitfalls of
    heteroscedastic uncertainty estimation", 2022).

    answer [N, 2 * outputs], truth [N, outputs]."""
    value, spread = answer[:, 0::2], answer[:, 1::2].clamp(-4, 3)
    counts = torch.ones_like(truth[:, :MEASURED])
    counts[:, 3] = truth[:, MEASURED]
    off = value[:, :MEASURED] - truth[:, :MEASURED]
    spread = spread[:, :MEASURED]
    likelihood = (0.5 * off ** 2 * torch.exp(-2 * spread) + spread) * torch.exp(2 * EVENED * spread.detach())
    entropy = F.binary_cross_entropy_with_logits(value[:, MEASURED:], truth[:, MEASURED:], reduction="none")
    return (likelihood * counts).sum(1).mean() + entropy.sum(1).mean()
