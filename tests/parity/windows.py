"""What the windowed transformers share: windows, shift masks, Swin blocks, the ends."""
import torch
from torch import nn
from torch.nn import functional as F

MEAN = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)


def pad(x: torch.Tensor, window: int) -> torch.Tensor:
    """Mirrors rightwards and downwards to multiples of the window, to and fro if need be."""
    for axis in (2, 3):
        length = x.shape[axis]
        wave = list(range(length)) + list(range(length - 2, 0, -1))
        padded = -(-length // window) * window
        x = x.index_select(axis, torch.tensor([wave[i % len(wave)] for i in range(padded)]))
    return x


def partition(x: torch.Tensor, w: int) -> torch.Tensor:
    """[1, h, w, c] -> [windows, w * w, c]"""
    _, height, width, c = x.shape
    x = x.view(height // w, w, width // w, w, c).transpose(1, 2)
    return x.reshape(-1, w * w, c)


def reverse(x: torch.Tensor, w: int, height: int, width: int) -> torch.Tensor:
    c = x.shape[-1]
    x = x.view(height // w, width // w, w, w, c).transpose(1, 2)
    return x.reshape(1, height, width, c)


def shift_mask(height: int, width: int, w: int, shift: int) -> torch.Tensor:
    parts, n = torch.zeros(1, height, width, 1), 0
    for rows in (slice(0, -w), slice(-w, -shift), slice(-shift, None)):
        for columns in (slice(0, -w), slice(-w, -shift), slice(-shift, None)):
            parts[:, rows, columns] = n
            n += 1
    parts = partition(parts, w).squeeze(-1)
    return (parts[:, None, :] != parts[:, :, None]).float().unsqueeze(1) * -100


def grid(side: int) -> torch.Tensor:
    """[2, side * side]: rows and columns"""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack((rows.flatten(), columns.flatten()))


def index_within(w: int) -> torch.Tensor:
    distance = grid(w)[:, :, None] - grid(w)[:, None, :] + w - 1
    return distance[0] * (2 * w - 1) + distance[1]


def attend(q, k, v, heads: int, *biases) -> torch.Tensor:
    n, count, c = q.shape
    q, k, v = (t.reshape(n, -1, heads, c // heads).transpose(1, 2) for t in (q, k, v))
    logits = (q * (c // heads) ** -0.5) @ k.transpose(-1, -2)
    for bias in biases:
        logits = logits + bias
    return (logits.softmax(-1) @ v).transpose(1, 2).reshape(n, count, c)


class Attention(nn.Module):
    def __init__(self, dim: int, w: int, heads: int, stored_index: bool = True):
        super().__init__()
        self.w, self.heads = w, heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * w - 1) ** 2, heads))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.register_buffer("relative_position_index", index_within(w), persistent=stored_index)

    def forward(self, x: torch.Tensor, mask) -> torch.Tensor:
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.proj(attend(q, k, v, self.heads, bias, *([] if mask is None else [mask])))


class Mlp(nn.Module):
    def __init__(self, dim: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """A Swin block on [1, h, w, c]."""

    def __init__(self, dim: int, w: int, heads: int, shift: int, ratio: float,
                 stored_index: bool = True):
        super().__init__()
        self.w, self.shift = w, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, w, heads, stored_index)
        self.mlp = Mlp(dim, int(dim * ratio))

    def beside(self, normed: torch.Tensor):
        return 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, height, width, _ = x.shape
        normed = self.norm1(x)
        rolled = torch.roll(normed, (-self.shift, -self.shift), (1, 2))
        mask = shift_mask(height, width, self.w, self.shift) if self.shift else None
        y = reverse(self.attn(partition(rolled, self.w), mask), self.w, height, width)
        x = x + torch.roll(y, (self.shift, self.shift), (1, 2)) + self.beside(normed)
        return x + self.mlp(self.norm2(x))


class Steps(nn.Sequential):
    """Convolutions and pixel shuffles up to a scale of 2, 3, 4 or 8."""

    def __init__(self, scale: int, features: int):
        factors = [3] if scale == 3 else [2] * (scale.bit_length() - 1)
        layers = []
        for f in factors:
            layers += [nn.Conv2d(features, f * f * features, 3, padding=1), nn.PixelShuffle(f)]
        super().__init__(*layers)


def before_upsample(dim: int, features: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(dim, features, 3, padding=1), nn.LeakyReLU())


def residual_conv(dim: int, three: bool) -> nn.Module:
    if not three:
        return nn.Conv2d(dim, dim, 3, padding=1)
    return nn.Sequential(nn.Conv2d(dim, dim // 4, 3, padding=1), nn.LeakyReLU(0.2),
                         nn.Conv2d(dim // 4, dim // 4, 1), nn.LeakyReLU(0.2),
                         nn.Conv2d(dim // 4, dim, 3, padding=1))


def on_maps(layer: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    return layer(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Normed(nn.Module):
    """patch_embed as the authors name it."""

    def __init__(self, dim: int):
        super().__init__()
        self.norm = nn.LayerNorm(dim)


class Frame(nn.Module):
    """What SwinIR, HAT and DRCT have in common; `layers` work on [1, h, w, c]."""

    def frame(self, dim: int, layers, colours: int = 3, three: bool = False) -> None:
        self.conv_first = nn.Conv2d(colours, dim, 3, padding=1)
        self.patch_embed = Normed(dim)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(dim)
        self.conv_after_body = residual_conv(dim, three)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        first = self.conv_first(x)
        tokens = self.patch_embed.norm(first.permute(0, 2, 3, 1))
        for layer in self.layers:
            tokens = layer(tokens)
        return self.conv_after_body(self.norm(tokens).permute(0, 3, 1, 2)) + first
