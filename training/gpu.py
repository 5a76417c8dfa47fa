"""A training step as a CUDA graph: recorded once, then started by one call instead of hundreds.

A step that is recorded takes no arguments, gives nothing back and never asks the device for a value:
what changes from step to step (learning rate, random numbers, sums) lives in tensors on the device.
"""
import torch

WARM_UP = 4   # steps run before recording, which choose convolution algorithms and create Adam's state
AHEAD = 32    # steps; the host is at most twice as many ahead of the device, so that clocks agree


class Replay:
    """Starts the recorded step, and waits where the host would run too far ahead."""

    def __init__(self, graph: torch.cuda.CUDAGraph):
        self.graph, self.count = graph, 0
        self.mark = torch.cuda.Event(blocking=True)

    def __call__(self):
        self.graph.replay()
        self.count += 1
        if self.count % AHEAD == 0:
            self.mark.synchronize()  # reached by the device AHEAD steps ago
            self.mark.record()


def recorded(step):
    """Runs `step` WARM_UP times and gives a callable for further ones: a graph, or `step` itself."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    torch.backends.cudnn.benchmark = True
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, stream=side):
            step()
    except RuntimeError as error:
        print(f"no CUDA graph, every step is started piece by piece: {error}", flush=True)
        return step
    torch.backends.cudnn.benchmark = False  # scores have pictures of many sizes
    return Replay(graph)
