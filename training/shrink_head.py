"""Retrains the last two layers of the network that tells the kernel, where there is no GPU:

    python -m training.shrink_head bank RECIPE --seed 1 --minutes 40 --out DIR     as often as wanted
    python -m training.shrink_head fit --out DIR

The convolutions stay as they are in models/diagnose/reduction-kernel.onnx. `bank` pools what they see in
samples of shrink_samples (about 25 a second on one core) into DIR/bank-SEED.npz; `fit` learns from all
banks there and writes DIR/reduction-kernel.onnx. One place in ten is held out.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

from .export import load_onnx
from .shrink_samples import CLASSES, Samples, round_trips
from .shrink_train import load

NETWORK = Path(__file__).resolve().parent.parent / "models/diagnose/reduction-kernel.onnx"
PLACES = 8          # in a group: each gives a sample of every class
SAVED = 60          # seconds between savings
STEPS, BATCH = 3000, 512


def convolutions() -> onnxruntime.InferenceSession:
    """From RGB 0 to 1 [n, 3, h, w] to what is pooled of them, [n, features, 1, 1]."""
    model = onnx.load(NETWORK)
    weight = next(node.output[0] for node in model.graph.node if "first.weight" in node.input)  # a Cast
    pooled = next(node.input[0] for node in model.graph.node if weight in node.input)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(pooled, onnx.TensorProto.FLOAT, None))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


@torch.no_grad()
def bank(recipe: dict, seed: int, minutes: float, out: Path):
    began = time.monotonic()
    pictures = load(recipe["pictures"], "cpu")
    enlarge, _ = load_onnx(Path(recipe["enlarger"]))
    pool = round_trips(pictures, enlarge, recipe["pool"] // 3, seed)
    samples, net = Samples(pictures, pool, recipe["pool_share"], seed), convolutions()
    features, classes, groups, saved = [], [], [], began
    while time.monotonic() - began < 60 * minutes:
        x, y = samples.group(PLACES, samples.random.choice(recipe["sizes"]))
        features.append(net.run(None, {"input": (x / 255).numpy()})[0].reshape(len(x), -1))
        classes.append(y.numpy())
        groups.append(np.full(len(y), len(groups)))
        if time.monotonic() - saved > SAVED:
            saved = time.monotonic()
            np.savez(out / f"bank-{seed}.npz", features=np.concatenate(features),
                     classes=np.concatenate(classes), groups=np.concatenate(groups))
            print(f"{len(features)} groups, {saved - began:.0f}s", flush=True)


def banks(folder: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, classes, and which samples are held out, of all banks."""
    found = [np.load(path) for path in sorted(folder.glob("bank-*.npz"))]
    joined = [np.concatenate([b[name] for b in found]) for name in ("features", "classes", "groups")]
    features, classes, groups = (torch.from_numpy(array) for array in joined)
    return features.float(), classes, groups % 10 == 0


def fit(out: Path, hidden: int = 128, steps: int = STEPS):
    torch.manual_seed(1)
    features, classes, held = banks(out)
    mean, spread = features.mean(0), features.std(0) + 1e-3
    x, kept = (features - mean) / spread, torch.nonzero(~held)[:, 0]
    net = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(hidden, len(CLASSES)))
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        some = kept[torch.randint(0, len(kept), (BATCH,))]
        loss = F.cross_entropy(net(x[some]), classes[some], label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        answer = net.eval()(x[held])
    print(f"{len(kept)} samples; held out {(answer.argmax(1) == classes[held]).float().mean():.3f} right, "
          f"cross entropy {F.cross_entropy(answer, classes[held]):.3f}")
    first, last = net[0], net[3]
    weight = first.weight / spread
    write(out / NETWORK.name, {"first.weight": weight, "first.bias": first.bias - weight @ mean,
                               "last.weight": last.weight, "last.bias": last.bias})


def write(path: Path, layers: dict[str, torch.Tensor]):
    """The shipped network with these layers instead of its own."""
    model = onnx.load(NETWORK)
    for tensor in model.graph.initializer:
        if tensor.name in layers:
            old = numpy_helper.to_array(tensor)
            new = layers.pop(tensor.name).detach().numpy().reshape(old.shape).astype(old.dtype)
            tensor.CopyFrom(numpy_helper.from_array(new, tensor.name))
    assert not layers, f"the network has no {list(layers)}"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    print(f"wrote {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("bank", "fit"))
    parser.add_argument("recipe", type=Path, nargs="?", default=Path("training/recipes/reduction-kernel.json"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--out", type=Path, default=Path("training/runs/reduction-head"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.what == "fit":
        fit(args.out)
    else:
        torch.set_num_threads(1)  # several banks may run beside one another
        bank(json.loads(args.recipe.read_text()), args.seed, args.minutes, args.out)


if __name__ == "__main__":
    main()
