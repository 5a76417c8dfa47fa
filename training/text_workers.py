"""Processes that render scenes all the time, and the ring of scenes on the training device they fill.

Each worker owns BUFFERS blocks of SCENES scenes in memory shared with the parent, and a pipe: it sends
the number of a block that is full and is sent the number back when it may be filled again. No locks,
so ending the workers at any time is safe. Start them before CUDA is touched: they are forks.
"""
import mmap
import multiprocessing
import os
import signal
from multiprocessing import connection

import numpy as np
import torch

from .text_data import CELL, Scenes

SCENES, BUFFERS = 16, 3


class _Memory:
    """Blocks of scenes of `size` pixels a side in anonymous shared memory."""

    def __init__(self, size: int):
        pixels, cells = 3 * size * size, (size // CELL) ** 2
        self.raw = mmap.mmap(-1, BUFFERS * SCENES * (pixels + cells))
        flat = np.frombuffer(self.raw, np.uint8).reshape(BUFFERS, SCENES, pixels + cells)
        self.pictures = flat[:, :, :pixels].reshape(BUFFERS, SCENES, 3, size, size)
        self.areas = flat[:, :, pixels:].reshape(BUFFERS, SCENES, 1, size // CELL, size // CELL)
        assert np.shares_memory(self.pictures, flat) and np.shares_memory(self.areas, flat)


def _render(memory: _Memory, pipe, size: int, first: Scenes | None, scenes: Scenes, parent: int):
    """A worker's life: one block of `first` (if any), then blocks of `scenes`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    free, source = list(range(BUFFERS)), first or scenes
    try:
        while os.getppid() == parent:
            if not free:
                if pipe.poll(1.0):
                    free.append(pipe.recv())
                continue
            block = free.pop(0)
            for i in range(SCENES):
                picture, area = source.draw(size)
                memory.pictures[block, i] = picture
                memory.areas[block, i] = np.round(area * 255)
            pipe.send((block, source is first))
            source = scenes
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass


class Workers:
    """`make(number, held)` gives a worker's Scenes: of training, and of what is held out."""

    def __init__(self, count: int, size: int, make, held: bool = True):
        context = multiprocessing.get_context("fork")
        self.memories, self.processes = {}, []  # memories by pipe
        for number in range(count):
            ours, theirs = context.Pipe()
            memory = _Memory(size)
            first = make(number, True) if held else None
            process = context.Process(target=_render, daemon=True, args=(
                memory, theirs, size, first, make(number, False), os.getpid()))
            process.start()
            theirs.close()
            self.memories[ours] = memory
            self.processes.append(process)

    def full(self, timeout: float = 0.0):
        """Yields (pictures, areas, held) of every block that is ready; they are free again afterwards."""
        for pipe in connection.wait(list(self.memories), timeout):
            memory = self.memories[pipe]
            try:
                block, held = pipe.recv()
                yield memory.pictures[block], memory.areas[block], held
                pipe.send(block)
            except (EOFError, OSError):
                print("a worker ended early", flush=True)
                del self.memories[pipe]
                pipe.close()
                if not self.memories:
                    raise RuntimeError("no worker is left")

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(2)
            if process.is_alive():
                process.kill()


class Ring:
    """The last `room` scenes (a multiple of SCENES) as bytes on `device`."""

    def __init__(self, room: int, size: int, device):
        room = max(1, room // SCENES) * SCENES
        self.pictures = torch.empty((room, 3, size, size), dtype=torch.uint8, device=device)
        self.areas = torch.empty((room, 1, size // CELL, size // CELL), dtype=torch.uint8, device=device)
        self.room, self.filled, self.total = room, 0, 0

    def add(self, pictures: np.ndarray, areas: np.ndarray):
        first = self.total % self.room
        self.pictures[first:first + SCENES] = torch.from_numpy(pictures).to(self.pictures.device)
        self.areas[first:first + SCENES] = torch.from_numpy(areas).to(self.areas.device)
        self.total += SCENES
        self.filled = min(self.room, self.total)

    def sample(self, count: int):
        places = torch.randint(self.filled, (count,), device=self.pictures.device)
        return self.pictures[places], self.areas[places]
