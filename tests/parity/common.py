"""Writes the vectors with which C++ is compared: small random weights, an input, PyTorch's output.

    python -m tests.parity.compact        # from the repository's root; needs torch and safetensors

Each file under tests/data/parity/ is a safetensors file with the network's weights under the names
its authors gave them, beside "parity.input" and "parity.output" ([1, 3, height, width], RGB, 0-1).
The reference implementations in this folder are our own, from the papers or public descriptions.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "data" / "parity"


def spread(module: torch.nn.Module, seed: int) -> None:
    """Weights that keep the signal's size through any depth, biases and slopes that matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            noise = torch.randn(tensor.shape, generator=generator)
            if tensor.dim() >= 2:
                fan = max(1, tensor[0].numel())
                tensor.copy_(noise * (1.6 / fan) ** 0.5)
            elif name.endswith("bias"):
                tensor.copy_(noise * 0.05)
            else:
                tensor.copy_(0.5 + noise.abs() * 0.3)


def write(name: str, module: torch.nn.Module, *, scale: int, family: str, half: bool = True,
          height: int = 12, width: int = 10, channels: int = 3, seed: int = 1, state=None,
          run=None, options: dict | None = None) -> None:
    """Rounds the weights to half precision (so that both sides have the same), runs, and saves.

    `state` maps the module's state dict to the names of the file (default: as it is); `run` maps an
    RGB input to an RGB output (default: the module); `options` are what --model-option must say.
    """
    spread(module, seed)
    if half:
        module.half().float()
    module.eval()
    generator = torch.Generator().manual_seed(seed + 1)
    x = torch.rand(1, 3, height, width, generator=generator)
    with torch.no_grad():
        y = (run or module)(x)
    assert y.shape == (1, 3, height * scale, width * scale), y.shape
    tensors = dict(module.state_dict())
    tensors = state(tensors) if state else tensors
    tensors = {k: v.half() if half and v.is_floating_point() else v for k, v in tensors.items()}
    tensors = {k: v.contiguous() for k, v in tensors.items()}
    tensors["parity.input"], tensors["parity.output"] = x.contiguous(), y.contiguous()
    metadata = {"family": family, "scale": str(scale)}
    metadata |= {"option." + k: str(v) for k, v in (options or {}).items()}
    FOLDER.mkdir(exist_ok=True)
    save_file(tensors, FOLDER / f"{name}.safetensors", metadata)
    size = (FOLDER / f"{name}.safetensors").stat().st_size
    print(f"{name}: {size / 1024:.0f} KB, output {y.min():.2f} to {y.max():.2f}")
