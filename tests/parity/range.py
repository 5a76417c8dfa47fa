"""Networks that know values of 0 to 255."""
import copy

import torch


def on_255(module: torch.nn.Module, first: str, last: str) -> dict:
    """Arguments for `write`: the module's first and last layers as training on 0-255 leaves them.

    With weights for 0-1 instead, values of 255 would drive every attention to 0 or 1, as they never
    are, and hide all differences.
    """
    def scaled(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name == first + ".weight":
            tensor = tensor / 255
        if name.startswith(last):
            tensor = tensor * 255
        return tensor.half().float()

    def state(tensors):
        return {name: scaled(name, tensor) for name, tensor in tensors.items()}

    def run(x: torch.Tensor) -> torch.Tensor:
        network = copy.deepcopy(module)
        network.load_state_dict(state(module.state_dict()))
        return network(x * 255) / 255

    return {"state": state, "run": run}
