"""Trains the network of a recipe: python -m training.run training/recipes/faithful-x4.json

A run ends after `minutes` (start-up included) or `steps`, whichever comes first; the learning rate
follows a cosine over the same share, so any budget ends with a finished model. It resumes from its
checkpoint after an interruption. The result is the exponential moving average of the weights.
On a GPU pictures, degradation and step stay on the card, and the step is a CUDA graph (gpu.py).
"""
import time
BEGAN = time.monotonic()  # before the imports, which take seconds of a short budget

import argparse
import copy
import json
import math
import os
from pathlib import Path

import torch

from . import gpu
from .data import Pictures
from .export import export, stored_weights
from .network import Faithful
from .resample import matrix
from .score import mean_psnr, test_pairs

SAVE_SECONDS = 60


def has_fast_bf16() -> bool:
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class Run:
    """One training. `began`: the value of time.monotonic() that the budget counts from."""

    def __init__(self, recipe: dict, out: Path, device: str, began: float | None = None):
        self.recipe, self.out, self.device = recipe, out, device
        self.began = time.monotonic() if began is None else began
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe["seed"])
        self.net = Faithful(recipe["scale"], recipe["channels"], recipe["blocks"])
        self.start_from(recipe.get("start"))
        self.net.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.on_gpu = torch.device(device).type == "cuda"
        self.bf16 = self.on_gpu or has_fast_bf16()
        # What changes from step to step is a tensor on the device, for the step may be a CUDA graph.
        self.rate = torch.tensor(float(recipe["rate"]), device=device)
        self.share = torch.tensor(1.0, device=device)  # of the newest weights in the average
        self.loss = torch.zeros((), device=device)  # summed since the last report
        self.enlarge = matrix(recipe["patch"], recipe["patch"] * recipe["scale"]).to(device)
        self.optimizer = torch.optim.Adam(self.net.parameters(), self.rate, (0.9, 0.99),
                                          fused=self.on_gpu, capturable=self.on_gpu)
        self.use_rate()
        self.step, self.seconds, self.earlier = 0, 0.0, 0.0
        if self.checkpoint.exists():
            self.resume()
        torch.manual_seed(recipe["seed"] + self.step)

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.pt"

    def start_from(self, source: str | None):
        """Takes over every tensor of another run or model whose shape fits: the body serves all scales."""
        if not source:
            return
        if source.endswith(".onnx"):
            theirs = stored_weights(Path(source))
        else:
            theirs = torch.load(source, map_location="cpu", weights_only=True)["average"]
        mine = self.net.state_dict()
        fits = {k: v for k, v in theirs.items() if k in mine and mine[k].shape == v.shape}
        self.net.load_state_dict(fits, strict=False)
        print(f"start: {len(fits)} of {len(mine)} tensors from {source}", flush=True)

    def resume(self):
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.net.load_state_dict(saved["net"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": saved["optimizer"]})
        self.use_rate()
        self.step, self.earlier = saved["step"], saved["seconds"]
        self.seconds = self.earlier
        print(f"resumed at step {self.step}", flush=True)

    def save(self):
        temporary = self.checkpoint.with_suffix(".new")
        torch.save({"net": self.net.state_dict(), "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict()["state"], "step": self.step,
                    "seconds": self.seconds}, temporary)
        os.replace(temporary, self.checkpoint)

    def use_rate(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate

    def progress(self) -> float:
        return max(self.step / self.recipe["steps"], self.seconds / (60 * self.recipe["minutes"]))

    def set_pace(self):
        """Learning rate and averaging of the next step."""
        warm = min(1.0, (self.step + 1) / 100)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, self.progress())))
        self.rate.fill_(self.recipe["rate"] * warm * cosine)
        self.share.fill_(max(0.001, 9 / (self.step + 10)))

    def train_step(self):
        self.optimizer.zero_grad(set_to_none=True)
        lr, hr = self.pictures.batch()
        missing = hr - self.enlarge @ lr @ self.enlarge.T  # what the bicubic enlargement lacks
        lr = lr.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.rate.device.type, torch.bfloat16, self.bf16, cache_enabled=False):
            difference = self.net.difference(lr)
        error = (difference.float() - missing).square()
        loss = torch.sqrt(error + self.recipe["softness"] ** 2).mean()  # Charbonnier
        loss.backward()
        self.align_gradients()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
        self.optimizer.step()
        with torch.no_grad():
            means, now = list(self.average.parameters()), list(self.net.parameters())
            gaps = torch._foreach_sub(now, means)
            torch._foreach_mul_(gaps, self.share)
            torch._foreach_add_(means, gaps)
            self.loss += loss.detach()

    def align_gradients(self):
        """The strides of a 1x1 kernel are ambiguous; the optimizer's fast path wants them equal."""
        for weights in self.net.parameters():
            if weights.grad.stride() != weights.stride():
                weights.grad = torch.empty_like(weights.detach()).copy_(weights.grad)

    def score(self) -> str:
        values = (f"{name} {mean_psnr(self.average, pairs, self.recipe['scale']):.3f}"
                  for name, pairs in self.tests.items())
        return " ".join(values)

    def load(self):
        recipe = self.recipe
        self.pictures = Pictures(recipe["pictures"], recipe["scale"], recipe["batch"], recipe["patch"],
                                 recipe.get("reductions", {"bicubic": 1}), self.device)
        self.tests = {}
        for folder in map(Path, recipe["tests"]):
            if (folder / f"LR_x{recipe['scale']}").is_dir():
                self.tests[folder.name] = [(name, lr.to(self.device), hr.to(self.device))
                                           for name, lr, hr in test_pairs(folder, recipe["scale"])]
        print(f"{len(self.pictures)} pictures, tests {', '.join(self.tests) or 'none'}, "
              f"{self.device}, bf16 {self.bf16}, {self.clock():.1f}s", flush=True)

    def clock(self) -> float:
        self.seconds = self.earlier + time.monotonic() - self.began
        return self.seconds

    def train(self):
        self.load()
        self.set_pace()
        step = self.train_step
        if self.on_gpu and not self.recipe.get("eager") and self.progress() < 1:
            step = gpu.recorded(step)
            self.step += gpu.WARM_UP
            self.loss.zero_()
            print(f"{type(step).__name__} ready at {self.clock():.1f}s", flush=True)
        reported = saved = self.clock()
        last = self.step
        while self.progress() < 1:
            self.set_pace()
            step()
            self.step += 1
            if self.clock() - reported > self.recipe["report_seconds"]:
                self.report(self.step - last, reported)
                if self.seconds - saved > SAVE_SECONDS:
                    self.save()
                    saved = self.seconds
                reported, last = self.clock(), self.step
        if self.step > last:
            self.report(self.step - last, reported)
        self.save()
        print(f"done: {self.step} steps, {self.clock():.0f}s", flush=True)

    def report(self, steps: int, since: float):
        loss = float(self.loss) / steps  # waits for the device
        speed = steps / max(1e-9, self.clock() - since)
        self.loss.zero_()
        print(f"step {self.step} {self.seconds:.0f}s {speed:.1f} steps/s rate {float(self.rate):.1e} "
              f"loss {loss:.5f} {self.score()}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, help="folder for checkpoint and result")
    parser.add_argument("--minutes", type=float, help="time budget instead of the recipe's")
    parser.add_argument("--batch", type=int, help="crops in a step instead of the recipe's")
    parser.add_argument("--start", help="checkpoint or .onnx whose fitting tensors to begin with")
    parser.add_argument("--pictures", nargs="+", help="folders instead of the recipe's")
    parser.add_argument("--tests", nargs="+", help="test sets instead of the recipe's")
    parser.add_argument("--eager", action="store_true", default=None, help="no CUDA graph")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    for key in ("minutes", "batch", "start", "pictures", "tests", "eager"):
        if getattr(args, key) is not None:
            recipe[key] = getattr(args, key)
    out = args.out or Path("training/runs") / args.recipe.stem
    run = Run(recipe, out, args.device, BEGAN)
    run.train()
    export(run.average, out / f"{args.recipe.stem}.onnx")


if __name__ == "__main__":
    main()
