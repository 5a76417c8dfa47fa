"""Trains the network that tells the kernel: python -m training.shrink_train RECIPE --minutes 5

The budget is wall-clock time from the start of the program; the learning rate follows a cosine over it.
Writes OUT/checkpoint.pt (the averaged weights) and OUT/reduction-kernel.onnx.
"""
import argparse
import copy
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch.nn import functional as F

from .data import _listed, read_rgb
from .export import load_onnx
from .reduction import KERNELS
from .run import has_fast_bf16
from .shrink_net import ShrinkNet, export, read_weights
from .shrink_samples import CLASSES, Samples, jpeg, reduced, round_trips


def load(folders: list[str], device: str) -> list[torch.Tensor]:
    files = [path for folder in folders for path, _ in _listed(Path(folder))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [picture.to(device) for picture in pool.map(read_rgb, files)]


def held_out(pictures: list, enlarge, size: int = 128, most: int = 6) -> dict:
    """Named lists of (crops [n, 3, size, size], class): pictures never trained on, reduced."""
    sets = {}
    trips = round_trips(pictures, enlarge, len(pictures), 7)
    for name, source, factor, quality in [
            (f"x{f}{'j' if q else ''}", pictures, f, q) for f in (2, 3, 4) for q in (0, 90)] + [
            ("trips", trips, 4, 0), ("tripsj", trips, 4, 90)]:
        cases = []
        for hr in source:
            side = size * factor
            places = [(y, x) for y in range(0, hr.shape[1] - side + 1, side)
                      for x in range(0, hr.shape[2] - side + 1, side)][:most]
            if not places:
                continue
            crops = torch.stack([hr[:, y:y + side, x:x + side].float() for y, x in places])
            for true, kernel in enumerate(KERNELS):
                small = reduced(crops, kernel, size, true % 2 == 0)
                cases.append((jpeg(small, quality, False) if quality else small, true))
        sets[name] = cases
    return sets


@torch.no_grad()
def score(net: ShrinkNet, sets: dict) -> str:
    net.eval()
    shares = []
    for name, cases in sets.items():
        right = sum(int(net.answer(x / 255).sum((0, 2, 3)).argmax()) == true for x, true in cases)
        shares.append(f"{name} {right / max(1, len(cases)):.3f}")
    return " ".join(shares)


class Run:
    def __init__(self, recipe: dict, out: Path, device: str, minutes: float, began: float):
        self.recipe, self.out, self.device = recipe, out, device
        self.began, self.budget = began, 60 * minutes
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe["seed"])
        self.net = ShrinkNet(recipe["channels"], recipe["blocks"], recipe["hidden"]).to(
            device, memory_format=torch.channels_last)
        if recipe.get("start"):
            read_weights(Path(recipe["start"]), self.net)
            self.net.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), recipe["rate"], (0.9, 0.99),
                                           weight_decay=recipe["decay"], fused=device == "cuda")
        self.short = device == "cuda" or has_fast_bf16()
        self.step = 0

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def save(self):
        temporary = self.out / "checkpoint.new"
        torch.save({"average": self.average.state_dict(), "step": self.step}, temporary)
        os.replace(temporary, self.out / "checkpoint.pt")

    def train_step(self, x: torch.Tensor, classes: torch.Tensor, start: float):
        share = min(1.0, (self.seconds() - start) / max(1e-3, self.budget - start))
        warm = min(1.0, (self.step + 1) / 200)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe["rate"] * warm * (0.5 + 0.5 * math.cos(math.pi * share))
        views = self.net.views(x / 255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.short):
            logits = self.net(views)
        logits = logits.float().flatten(1)
        loss = F.cross_entropy(logits, classes)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        decay = min(0.998, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.net.parameters()), 1 - decay)
            for mine, now in zip(self.average.buffers(), self.net.buffers()):
                mine.copy_(now)
        self.step += 1
        return loss.detach(), (logits.argmax(1) == classes).float().mean()

    def train(self, samples: Samples, tests: dict):
        recipe, start = self.recipe, self.seconds()
        print(f"ready after {start:.0f}s, {len(samples.pictures)} pictures, {len(samples.pool)} enlarged", flush=True)
        told, total, right, since = start, 0.0, 0.0, 0
        while self.seconds() < self.budget:
            self.net.train()
            size = samples.random.choice(recipe["sizes"])
            loss, share = self.train_step(*samples.batch(recipe["groups"], recipe["places"], size), start)
            total, right, since = total + loss, right + share, since + 1
            if since % 20 == 0 and self.seconds() - told > recipe["report_seconds"]:
                print(f"step {self.step} {self.seconds():.0f}s loss {float(total) / since:.4f} "
                      f"right {float(right) / since:.3f} {score(self.average, tests)}", flush=True)
                self.save()
                told, total, right, since = self.seconds(), 0.0, 0.0, 0
        self.save()
        print(f"done: {self.step} steps, {self.seconds():.0f}s {score(self.average, tests)}", flush=True)


def main():
    began = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--out", type=Path, default=Path("training/runs/reduction-kernel"))
    parser.add_argument("--pictures", nargs="+")
    parser.add_argument("--tests", nargs="+")
    parser.add_argument("--start", help="an .onnx file of this network to go on from")
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    recipe.update({k: v for k, v in vars(args).items() if k in ("pictures", "tests", "start") and v})
    torch.backends.cudnn.benchmark = True
    run = Run(recipe, args.out, args.device, args.minutes or recipe["minutes"], began)
    enlarge, _ = load_onnx(Path(recipe["enlarger"]))
    pictures = load(recipe["pictures"], args.device)
    pool = round_trips(pictures, enlarge, recipe["pool"], recipe["seed"])
    tests = held_out(load(recipe["tests"], args.device), enlarge)
    run.train(Samples(pictures, pool, recipe["pool_share"], recipe["seed"]), tests)
    export(run.average, args.out / "reduction-kernel.onnx", CLASSES)


if __name__ == "__main__":
    main()
