"""Trains the network of a recipe: python -m training.run training/recipes/faithful-x4.json

A run ends after `minutes` of training or `steps`, whichever comes first; the learning rate follows a
cosine over the same share, so any budget ends with a finished model. It resumes from its checkpoint
after an interruption. The result is the exponential moving average of the weights.
"""
import argparse
import copy
import json
import math
import os
import time
from pathlib import Path

import torch

from .data import Pictures
from .export import export
from .network import Faithful
from .score import mean_psnr


def has_fast_bf16() -> bool:
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class Run:
    def __init__(self, recipe: dict, out: Path, device: str):
        self.recipe, self.out, self.device = recipe, out, device
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe["seed"])
        self.net = Faithful(recipe["scale"], recipe["channels"], recipe["blocks"])
        self.net.to(device, memory_format=torch.channels_last)
        self.start_from(recipe.get("start"))
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.net.parameters(), recipe["rate"], (0.9, 0.99))
        self.step, self.seconds = 0, 0.0
        self.bf16 = device == "cuda" or has_fast_bf16()
        if self.checkpoint.exists():
            self.resume()

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.pt"

    def start_from(self, source: str | None):
        """Takes over every tensor of another run whose shape fits: the body serves all scales."""
        if not source:
            return
        theirs = torch.load(source, weights_only=True)["average"]
        mine = self.net.state_dict()
        fits = {k: v for k, v in theirs.items() if mine[k].shape == v.shape}
        self.net.load_state_dict(fits, strict=False)
        print(f"start: {len(fits)} of {len(mine)} tensors from {source}", flush=True)

    def resume(self):
        state = torch.load(self.checkpoint, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"resumed at step {self.step}", flush=True)

    def save(self):
        temporary = self.checkpoint.with_suffix(".new")
        torch.save({"net": self.net.state_dict(), "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "step": self.step,
                    "seconds": self.seconds}, temporary)
        os.replace(temporary, self.checkpoint)

    def progress(self) -> float:
        return max(self.step / self.recipe["steps"], self.seconds / (60 * self.recipe["minutes"]))

    def learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / 100)
        return self.recipe["rate"] * warm * 0.5 * (1 + math.cos(math.pi * min(1, self.progress())))

    def train_step(self, lr: torch.Tensor, hr: torch.Tensor) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        lr = lr.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bf16):
            sr = self.net(lr)
        error = (sr - hr.to(self.device)).square()
        loss = torch.sqrt(error + self.recipe["softness"] ** 2).mean()  # Charbonnier
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
        self.optimizer.step()
        decay = min(0.999, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.net.parameters()):
                mean.lerp_(now, 1 - decay)
        self.step += 1
        return float(loss.detach())

    def score(self, tests: list[str]) -> str:
        values = (f"{Path(t).name} {mean_psnr(self.average, Path(t), self.recipe['scale']):.3f}"
                  for t in tests if Path(t).is_dir())
        return " ".join(values)

    def train(self):
        recipe = self.recipe
        pictures = Pictures(recipe["pictures"], recipe["scale"], recipe["seed"] + self.step,
                            recipe["places"])
        print(f"{len(pictures.pairs)} pictures, bf16 {self.bf16}", flush=True)
        began, before, total, since = time.monotonic(), self.seconds, 0.0, 0
        while self.progress() < 1:
            total += self.train_step(*pictures.batch(recipe["batch"], recipe["patch"]))
            since += 1
            self.seconds = before + time.monotonic() - began
            if self.step % recipe["report"] == 0:
                self.save()
                print(f"step {self.step} {self.seconds:.0f}s loss {total / since:.5f} "
                      f"{self.score(recipe['tests'])}", flush=True)
                total, since = 0.0, 0
        self.save()
        print(f"done: {self.step} steps, {self.seconds:.0f}s {self.score(recipe['tests'])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, help="folder for checkpoint and result")
    parser.add_argument("--minutes", type=float, help="time budget instead of the recipe's")
    parser.add_argument("--start", help="checkpoint whose fitting tensors to begin with")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    recipe["minutes"] = args.minutes or recipe["minutes"]
    recipe["start"] = args.start or recipe.get("start")
    out = args.out or Path("training/runs") / args.recipe.stem
    run = Run(recipe, out, args.device)
    run.train()
    export(run.average, out / f"{args.recipe.stem}.onnx")


if __name__ == "__main__":
    main()
