"""Trains the cleaning network:

    python -m training.clean_train training/recipes/clean.json --minutes 90 --out DIR

Goes on from DIR/state.pt where there is one; the minutes are the whole schedule. Every few minutes it
scores held-out pictures (PSNR over all colours before and after, by damage) and writes DIR/clean.onnx.
"""
import argparse
import copy
import json
import time
from pathlib import Path

import torch

from .clean_net import Clean, export
from .clean_samples import Pairs, told
from .damage_samples import Damage, enlarged
from .shrink_samples import blurred, jpeg, reduced, whole
from .shrink_train import load

EACH, AVERAGE, SCORED = 4, 0.998, 600


def _enlarged(x, factor):
    side = x.shape[-1]
    return enlarged(reduced(x, "bicubic", round(side / factor), False), "bicubic", side, side)


CASES = {
    "sharp": (lambda x: x, Damage()),
    "noise 8": (lambda x: x + 8 * torch.randn_like(x), Damage(luma=5.3, chroma=8)),
    "noise 15": (lambda x: x + 15 * torch.randn_like(x), Damage(luma=10, chroma=15)),
    "noise 25": (lambda x: x + 25 * torch.randn_like(x), Damage(luma=16.7, chroma=25)),
    "JPEG 60": (lambda x: jpeg(x, 60, True), Damage(quality=60)),
    "JPEG 30": (lambda x: jpeg(x, 30, True), Damage(quality=30)),
    "blur 1": (lambda x: blurred(x, 1.0), Damage(resolution=0.68)),
    "enlarged 2": (lambda x: _enlarged(x, 2), Damage(resolution=0.46)),
}


@torch.no_grad()
def score(net: Clean, pictures: list[torch.Tensor]) -> str:
    """Squares of 256 pixels out of the middle of the pictures, halved."""
    torch.manual_seed(5)
    lines = []
    for name, (damage, done) in CASES.items():
        before = after = 0.0
        for picture in pictures:
            side = min(*picture.shape[1:], 512) // 4 * 4
            top, left = ((n - side) // 2 for n in picture.shape[1:])
            y = reduced(picture[None, :, top:top + side, left:left + side].float(), "bicubic", side // 2, False)
            x = whole(damage(y))
            z = whole(255 * net(x / 255, told(done)[None]))
            psnr = lambda a: float(10 * torch.log10(255 ** 2 / ((a - y) ** 2).mean().clamp(min=1e-2)))
            before, after = before + psnr(x) / len(pictures), after + psnr(z) / len(pictures)
        lines.append(f"{name} {before:.2f}>{after:.2f}")
    return ", ".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--pictures", nargs="+", default=["../shared/data/train/a", "../shared/data/train/b"])
    parser.add_argument("--tests", nargs="+", default=["../shared/data/free/kodak"])
    parser.add_argument("--out", type=Path, default=Path("training/runs/clean"))
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    args.out.mkdir(parents=True, exist_ok=True)
    state_file = args.out / "state.pt"
    torch.manual_seed(recipe["seed"])
    net = Clean(recipe["channels"], recipe["blocks"])
    average = copy.deepcopy(net)
    optimizer = torch.optim.Adam(net.parameters(), recipe["rate"], betas=(0.9, 0.99))
    spent, step = 0.0, 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step = state["spent"], state["step"]
    net = net.to(memory_format=torch.channels_last)
    tests = load(args.tests, "cpu")
    samples = Pairs(load(args.pictures, "cpu"), recipe["seed"] + step)
    began, scored, losses = time.monotonic() - spent, spent, []
    while (spent := time.monotonic() - began) < 60 * args.minutes:
        x, y, conditions = samples.batch(recipe["batch"], recipe["patch"], EACH)
        share = spent / (60 * args.minutes)
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / 200)
            group["lr"] = warm * recipe["rate"] * (0.02 + 0.98 * 0.5 * (1 + torch.cos(torch.tensor(share * torch.pi)).item()))
        out = net((x / 255).to(memory_format=torch.channels_last), conditions)
        loss = (((out - y / 255) ** 2 + 1e-6) ** 0.5).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        step += 1
        with torch.no_grad():
            keep = min(AVERAGE, (step + 1) / (step + 10))
            for a, b in zip(average.parameters(), net.parameters()):
                a.lerp_(b, 1 - keep)
        losses.append(loss.item())
        if spent - scored > SCORED or spent < 1:
            scored = spent
            _report(step, spent, losses, average, tests)
            losses = []
            _save(state_file, net, average, optimizer, spent, step)
            export(average.eval(), args.out / "clean.onnx")
    _report(step, spent, losses, average, tests)
    _save(state_file, net, average, optimizer, spent, step)
    export(average.eval(), args.out / "clean.onnx")


def _report(step, spent, losses, average, tests):
    loss = sum(losses) / max(1, len(losses))
    print(f"{spent / 60:.0f} min, step {step}, loss {loss:.5f}: {score(average.eval(), tests)}", flush=True)


def _save(path: Path, net, average, optimizer, spent, step):
    torch.save({"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                "spent": spent, "step": step}, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


if __name__ == "__main__":
    main()
