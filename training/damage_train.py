"""Trains the network that measures damage:

    python -m training.damage_train bank --seed 1 --minutes 15 --out DIR      as often as wanted, one core each
    python -m training.damage_train fit --out DIR --tests FOLDER...

`bank` measures damaged pieces of the training pictures (about 30 a second on a core) and keeps the
measures in DIR/bank-SEED.npz; `fit` learns from all banks there within a minute, scores pictures of the
test folders, halved so that they are sharp and damaged in 200 ways, and writes DIR/damage.onnx.
"""
import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch

from .damage_net import COARSE, CUT, HALF, OUTPUTS, PERIOD, STEP, DamageNet, encoded, loss_of
from .damage_samples import Damaged
from .shrink_net import _Writer
from .shrink_samples import reduced
from .shrink_train import load

SIZE, BATCH, SAVED = 192, 16, 60
SIZES = (96, 128, 160, 192, 192, 192)  # of a batch: small pictures are looked at in smaller pieces
STEPS, RATE, PER_STEP = 10000, 2e-3, 512
CASES = 200


@torch.no_grad()
def bank(pictures: list[torch.Tensor], seed: int, minutes: float, out: Path):
    torch.set_num_threads(1)
    began = saved = time.monotonic()
    samples, measures = Damaged(pictures, seed), DamageNet().measures
    found, truth = [], []
    while time.monotonic() - began < 60 * minutes:
        size = samples.random.choice(SIZES)
        drawn = [samples.draw(size) for _ in range(BATCH)]
        found.append(measures(torch.stack([x for x, _ in drawn]) / 255).flatten(1).numpy())
        truth.append(np.float32([encoded(damage) for _, damage in drawn]))
        now = time.monotonic()
        if now - saved > SAVED or now - began >= 60 * minutes:
            saved = now
            np.savez(out / f"bank-{seed}.npz", found=np.concatenate(found), truth=np.concatenate(truth))
            print(f"{BATCH * len(found)} samples, {saved - began:.0f}s", flush=True)


def trained(found: torch.Tensor, truth: torch.Tensor) -> DamageNet:
    torch.manual_seed(1)
    net = DamageNet()
    net.centre.copy_(found.mean(0).view(1, -1, 1, 1))
    net.spread.copy_((found.std(0) + 1e-2).view(1, -1, 1, 1))
    optimizer = torch.optim.AdamW(net.layers.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(STEPS):
        some = torch.randint(0, len(found), (PER_STEP,))
        answers = net.answers(found[some, :, None, None])
        loss = loss_of(answers.reshape(-1, answers.shape[2]), truth[some].repeat_interleave(net.heads, 0))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.layers.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 1000 == 999:
            print(f"step {step + 1} loss {float(loss):.3f}", flush=True)
    return net.eval()


def decoded(answer: torch.Tensor) -> dict[str, torch.Tensor]:
    """Means over the pieces [n, 2 * outputs] of one picture, in units of training/damage_samples."""
    value = answer[:, 0::2].mean(0)
    return {"resolution": min(1.0, 2 ** float(value[0])), "luma": max(0.0, 2 ** float(value[1]) - 0.5),
            "chroma": max(0.0, 2 ** float(value[2]) - 0.5), "quality": 20 * float(value[3]),
            "motion": 2 ** float(torch.hypot(value[4], value[5])) - 1,
            "angle": 0.5 * math.atan2(float(value[5]), float(value[4])),
            "compressed": float(torch.sigmoid(value[6])), "enlarged": float(torch.sigmoid(value[7]))}


class Whole(Damaged):
    """Pieces of pictures that were halved."""

    def sharp(self, side: int, stored: float = 0) -> torch.Tensor:
        picture = self.random.choice(self.pictures)
        before = min(*picture.shape[1:], 2 * side)
        top, left = (self.random.randint(0, length - before) for length in picture.shape[1:])
        x = picture[None, :, top:top + before, left:left + before].float()
        return reduced(x, "bicubic", side, False) if before > side else x[..., :side, :side]


@torch.no_grad()
def score(net: DamageNet, pictures: list[torch.Tensor]) -> str:
    """Mean absolute errors, and precision and recall of yes and no, over CASES damaged pictures."""
    samples, errors, sure, hits = Whole(pictures, 11), {}, [], []
    for _ in range(CASES):
        x, damage = samples.draw(SIZE)
        answer = net(x[None] / 255).flatten(1)
        got = decoded(answer)
        errors.setdefault("resolution", []).append(abs(got["resolution"] - damage.resolution))
        errors.setdefault("luma", []).append(abs(got["luma"] - damage.luma))
        errors.setdefault("chroma", []).append(abs(got["chroma"] - damage.chroma))
        if damage.quality:
            errors.setdefault("quality", []).append(abs(got["quality"] - damage.quality))
        if damage.resolution == 1 and damage.luma + damage.chroma < 1 and not damage.quality:
            sure.append(got["resolution"] >= 0.95)
        hits.append((got["enlarged"] > 0.5, damage.enlarged > 1, got["compressed"] > 0.5, damage.quality > 0))
    text = " ".join(f"{name} {np.mean(values):.3f}" for name, values in errors.items())
    for name, i in (("enlarged", 0), ("compressed", 2)):
        right = sum(h[i] and h[i + 1] for h in hits)
        text += f" {name} {right / max(1, sum(h[i] for h in hits)):.2f}/{right / max(1, sum(h[i + 1] for h in hits)):.2f}"
    return f"{text} clean left alone {np.mean(sure):.2f} of {len(sure)}"


def export(net: DamageNet, path: Path):
    """Writes an .onnx file: input [1, 3, height, width], output [1, 2 * outputs, 1, 1]."""
    g, m = _Writer(), net.eval().cpu().measures

    def conv(x, taps, **more):
        return g.node("Conv", [x, g.exact(taps)], kernel_shape=list(taps.shape[2:]), **more)

    def average(x):
        return g.node("GlobalAveragePool", [x])

    def means(power, floor):
        power = g.node("Add", [power, g.exact(floor)])
        inverse = g.node("Log", [average(g.node("Reciprocal", [power]))])
        return [g.node("Log", [average(power)]), average(g.node("Log", [power])), g.node("Neg", [inverse])]

    def means_where(power, floor, counts):
        power = g.node("Add", [power, g.exact(floor)])
        all_ = average(counts)
        mean = lambda x: g.node("Div", [average(g.node("Mul", [x, counts])), all_])
        inverse = g.node("Log", [mean(g.node("Reciprocal", [power]))])
        return [g.node("Log", [mean(power)]), mean(g.node("Log", [power])), g.node("Neg", [inverse])]

    ycc = conv("input", m.colours)
    y = conv("input", m.colours[:1])
    parts = conv(conv(y, m.across, strides=[1, STEP]), m.down, strides=[STEP, 1], group=HALF)
    found = means(conv(g.node("Mul", [parts, parts]), m.bands), 0.5)
    rough = conv(ycc, m.rough, group=3)
    pooled = g.node("AveragePool", [g.node("Mul", [rough, rough])], kernel_shape=[8, 8], strides=[8, 8])
    found += means(pooled, 0.02)
    bright = g.node("Mul", ["input", g.exact(255.0)])
    black = g.node("Clip", [g.node("Sub", [g.exact(1.0), bright]), g.exact(0.0), g.exact(1.0)])
    white = g.node("Clip", [g.node("Sub", [bright, g.exact(254.0)]), g.exact(0.0), g.exact(1.0)])
    lost = g.node("AveragePool", [conv(g.node("Add", [black, white]), m.middle)], kernel_shape=[8, 8], strides=[8, 8])
    counts = g.node("Sub", [g.exact(1.0), g.node("Mul", [lost, g.exact(float(CUT))])])
    counts = g.node("Add", [g.node("Clip", [counts, g.exact(0.0), g.exact(1.0)]), g.exact(1e-3)])
    found += means_where(pooled, 0.02, counts)
    for scale in COARSE:
        shape = [scale, scale]
        rough = conv(g.node("AveragePool", [ycc], kernel_shape=shape, strides=shape), m.rough, group=3)
        shape = [8 // scale, 8 // scale]
        power = g.node("AveragePool", [g.node("Mul", [rough, rough])], kernel_shape=shape, strides=shape)
        found += means_where(power, 0.02, counts)
    found.append(g.node("Log", [g.node("Add", [average(lost), g.exact(1e-3)])]))
    size_ = g.node("Abs", [conv(y, m.dct, strides=[8, 8])])
    found.append(g.node("Log", [g.node("Add", [average(size_), g.exact(0.1)])]))
    small = g.node("Clip", [g.node("Sub", [g.exact(1.0), size_]), g.exact(0.0), g.exact(1.0)])
    found.append(average(small))
    patterns = []
    for axis in (3, 2):
        along = lambda taps: taps if axis == 3 else taps.transpose(2, 3)
        strides = lambda n: [1, n] if axis == 3 else [n, 1]
        jumps = g.node("Abs", [conv(y, along(m.step))])
        placed = average(conv(jumps, along(m.phases), strides=strides(8)))
        found.append(g.node("Log", [g.node("Add", [placed, g.exact(0.1)])]))
        logs = g.node("Log", [g.node("Add", [jumps, g.exact(0.1)])])
        profile = g.node("ReduceMean", [logs], axes=[5 - axis], keepdims=1)
        waves = conv(profile, along(m.period), strides=strides(PERIOD // 2))
        patterns.append(average(conv(g.node("Mul", [waves, waves]), m.pairs)))
    both = g.node("Add", [g.node("Add", patterns), g.exact(1e-3)])
    found.append(g.node("Log", [both]))
    x = g.node("Sub", [g.node("Concat", found, axis=1), g.exact(net.centre)])
    x = g.node("Div", [x, g.exact(net.spread)])
    for i, layer in enumerate(net.layers):
        x = g.node("Conv", [x, g.exact(layer.weight), g.exact(layer.bias)], kernel_shape=[1, 1],
                   group=layer.groups)
        x = x if i + 1 == len(net.layers) else g.node("Relu", [x])
    mean = torch.eye(2 * len(OUTPUTS)).repeat(1, net.heads) / net.heads
    g.node("Conv", [x, g.exact(mean[..., None, None])], kernel_shape=[1, 1], output="output")
    g.save(path, 2 * len(OUTPUTS), {"outputs": OUTPUTS})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("bank", "fit"))
    parser.add_argument("--pictures", nargs="+", default=["../shared/data/train/a", "../shared/data/train/b"])
    parser.add_argument("--tests", nargs="+", default=["../shared/data/free/kodak", "../shared/data/test/Set14/HR"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--out", type=Path, default=Path("training/runs/damage"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.what == "bank":
        bank(load(args.pictures, "cpu"), args.seed, args.minutes, args.out)
        return
    banks = [np.load(path) for path in sorted(args.out.glob("bank-*.npz"))]
    found, truth = (torch.from_numpy(np.concatenate([b[name] for b in banks])) for name in ("found", "truth"))
    print(f"{len(found)} samples", flush=True)
    net = trained(found, truth)
    print(score(net, load(args.tests, "cpu")), flush=True)
    export(net, args.out / "damage.onnx")


if __name__ == "__main__":
    main()
