"""Training of the text detector within minutes of wall-clock time: workers render, the device learns.

The learning rate falls with the time used to zero at its end; the averaged weights are what is scored,
saved and exported. Photographs are split by number: every eighth one is held out, as are some fonts.
"""
import copy
import math
import os
import time
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from .text_augment import Augment
from .text_data import Photographs, Scenes
from .text_fonts import find_faces, split
from .text_model import TextNet, cost
from .text_score import best_threshold, histogram
from .text_workers import Ring, Workers

SAVED, REPORTED = 30, 10  # seconds between checkpoints and between lines


def loss_of(logits, area):
    """Cross entropy and soft dice over the batch; `area` 0 to 1."""
    logits = logits.float()
    entropy = F.binary_cross_entropy_with_logits(logits, area)
    found = torch.sigmoid(logits)
    dice = 1 - (2 * (found * area).sum() + 1) / (found.sum() + area.sum() + 1)
    return entropy + 0.3 * dice


def floats(net) -> list[torch.Tensor]:
    """Weights and normalisation statistics."""
    return [t for t in (*net.parameters(), *net.buffers()) if t.is_floating_point()]


class Trainer:
    """`options`: device, minutes, out, pictures, fonts, workers, steps (0 for no limit)."""

    def __init__(self, recipe: dict, options, began: float):
        self.recipe, self.options, self.began = recipe, options, began
        self.out = Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)
        faces, held = split(find_faces(options.fonts), recipe["held_out_fonts"])
        photographs = Photographs(options.pictures or recipe["pictures"], recipe["without"])
        kept, away = photographs.parted(recipe["held_out_every"])
        seed, bare = recipe["seed"], recipe["bare"]
        make = lambda number, apart: Scenes(away if apart else kept, held if apart else faces,  # noqa: E731
                                            seed + 1000 * number + 500 * apart, bare)
        self.workers = Workers(options.workers, recipe["size"], make)  # before CUDA is touched
        print(f"{len(faces)} faces and {len(kept.files)} photographs, held out {len(held)} and {len(away.files)}; "
              f"{self.seconds():.0f}s", flush=True)

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def progress(self) -> float:
        steps = self.options.steps
        return max(self.seconds() / self.limit, self.step / steps if steps else 0.0)

    def prepare(self):
        """The device's part, with the workers already rendering."""
        recipe = self.recipe
        self.device = torch.device(self.options.device)
        torch.manual_seed(recipe["seed"])
        self.cuda = self.device.type == "cuda"
        if self.cuda:
            torch.backends.cudnn.benchmark = True
            torch.set_float32_matmul_precision("high")
        self.net = TextNet(recipe["channels"], recipe["blocks"]).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net).requires_grad_(False).eval()
        self.short = self.cuda  # in bfloat16, which the first step may take back
        self.optimizer = torch.optim.AdamW(self.net.parameters(), recipe["rate"], weight_decay=0.01,
                                           fused=self.cuda)
        self.augment = Augment(self.device)
        room = recipe["ring"] if self.cuda else min(recipe["ring"], 2000)
        self.ring = Ring(room, recipe["size"], self.device)
        self.held, self.step = [], 0
        self.limit = max(60 * self.options.minutes - recipe["reserve"], 1)
        print(f"{cost(self.net):.0f} multiply-adds per pixel, "
              f"{sum(p.numel() for p in self.net.parameters())} weights; {self.seconds():.0f}s", flush=True)

    def take(self, timeout: float = 0.0):
        for pictures, areas, held in self.workers.full(timeout):
            if held:
                self.held.append((torch.from_numpy(pictures.copy()), torch.from_numpy(areas.copy())))
            else:
                self.ring.add(pictures, areas)

    def learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / 200)
        begun = max(0.0, (self.progress() - self.start) / max(1 - self.start, 1e-6))
        return self.recipe["rate"] * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, begun)))

    def precise(self):
        return torch.autocast("cuda", torch.bfloat16) if self.short else nullcontext()

    def train_step(self):
        """One step; gives the loss, still on the device."""
        rate = self.learning_rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.no_grad():
            x, area = self.augment(*self.ring.sample(self.recipe["batch"]))
            x = x.contiguous(memory_format=torch.channels_last)
        with self.precise():
            logits = self.net(x)
        loss = loss_of(logits, area)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        decay = min(0.999, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(floats(self.average), floats(self.net), 1 - decay)
        self.step += 1
        return loss.detach()

    def first_step(self):
        """Goes on in float32 where the device cannot do it in bfloat16."""
        try:
            return self.train_step()
        except Exception as error:
            if not self.short:
                raise
            print(f"not in bfloat16: {error!r:.300}", flush=True)
            self.short = False
            return self.train_step()

    @torch.no_grad()
    def evaluate(self) -> str:
        """Of the averaged weights, on the scenes held out; empty before there are any."""
        if not self.held:
            return ""
        hits, all_ = torch.zeros(2, 256, device=self.device)
        for pictures, areas in self.held:
            x = (pictures.to(self.device).float() / 255).contiguous(memory_format=torch.channels_last)
            with self.precise():
                found = torch.sigmoid(self.average(x).float())
            right, every = histogram(found, areas.to(self.device).float() / 255)
            hits, all_ = hits + right, all_ + every
        threshold, precision, recall = best_threshold(hits.cpu(), all_.cpu(), self.recipe["precision"])
        return f"held-out recall {recall:.4f} at precision {precision:.3f} (threshold {threshold:.2f})"

    def save(self):
        temporary = self.out / "checkpoint.new"
        torch.save({"average": {k: v.cpu() for k, v in self.average.state_dict().items()}, "step": self.step},
                   temporary)
        os.replace(temporary, self.out / "checkpoint.pt")

    def train(self):
        """Until the time is up; always leaves a checkpoint and no worker."""
        try:
            self.prepare()
            self.loop()
            self.save()
        finally:
            self.workers.close()
        print(f"step {self.step} done, {self.ring.total} scenes, {self.seconds():.0f}s {self.evaluate()}", flush=True)
        return self.average

    def loop(self):
        recipe = self.recipe
        while self.ring.filled < recipe["warm"] and self.progress() < 0.3:
            self.take(0.5)
        while not self.ring.filled:
            self.take(0.5)
        print(f"{self.ring.filled} scenes to begin with; {self.seconds():.0f}s", flush=True)
        self.start = self.progress()
        total, count = self.first_step(), 1
        said = saved = self.seconds()
        while self.progress() < 1:
            self.take()
            total, count = total + self.train_step(), count + 1
            if self.cuda and self.step % 20 == 0:
                torch.cuda.synchronize()  # so that the clock tells the truth
            now = self.seconds()
            if now - said >= REPORTED:
                loss = float(total) / count
                print(f"{now:.0f}s step {self.step} scenes {self.ring.total} loss {loss:.4f} {self.evaluate()}",
                      flush=True)
                if not math.isfinite(loss):
                    raise FloatingPointError("the loss is no number")
                said, total, count = now, 0.0, 0
            if now - saved >= SAVED:
                self.save()
                saved = now
