"""Marks lettering in pictures: trains, exports and scores the network that does.

    python -m training.text_net train training/recipes/text-mask.json --minutes 7 --device cuda
    python -m training.text_net export training/runs/text-mask/checkpoint.pt RECIPE --out text-mask.onnx
    python -m training.text_net score models/text-mask.onnx RECIPE --out training/runs/text-mask/score

Fonts are the machine's, or those in a folder that training.text_pack made (--fonts).
"""
import argparse
import json
import os
import time
from pathlib import Path

BEGAN = time.monotonic()  # minutes count from here, imports included

import torch  # noqa: E402

from .text_model import TextNet  # noqa: E402


def load_net(checkpoint: Path, recipe: dict) -> TextNet:
    net = TextNet(recipe["channels"], recipe["blocks"])
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    return net.eval()


def detector(path: Path, recipe: dict):
    """Maps RGB [1, 3, h, w] to probabilities, from an .onnx file or a checkpoint."""
    if path.suffix == ".onnx":
        from .text_export import load_onnx
        return load_onnx(path)
    net = load_net(path, recipe)
    return torch.no_grad()(lambda x: torch.sigmoid(net(x)))


def train(args, recipe):
    from .text_export import export
    from .text_train import Trainer
    average = Trainer(recipe, args, BEGAN).train()
    try:
        export(average.float().cpu(), Path(args.out) / "text-mask.onnx")
    except ImportError as error:  # the checkpoint is there: exported elsewhere
        print(f"not exported: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("train", help="trains and writes the checkpoint and the .onnx file")
    run.add_argument("recipe", type=Path)
    run.add_argument("--device", default="cpu")
    run.add_argument("--minutes", type=float, default=60.0, help="of wall-clock time, everything included")
    run.add_argument("--steps", type=int, default=0, help="end after so many, 0: when the time is up")
    run.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 3))
    run.add_argument("--out", type=Path, default=Path("training/runs/text-mask"))
    save = commands.add_parser("export", help="writes the .onnx file of a checkpoint")
    save.add_argument("model", type=Path)
    save.add_argument("recipe", type=Path)
    save.add_argument("--out", type=Path, default=Path("training/runs/text-mask/text-mask.onnx"))
    test = commands.add_parser("score", help="recall and precision of an .onnx file or a checkpoint, and overlays")
    test.add_argument("model", type=Path)
    test.add_argument("recipe", type=Path)
    test.add_argument("--count", type=int, default=208, help="rendered pictures")
    test.add_argument("--size", type=int, default=384, help="their side in pixels")
    test.add_argument("--out", type=Path, default=Path("training/runs/text-mask/score"))
    for command in (run, test):
        command.add_argument("--pictures", nargs="+", help="folders of photographs instead of the recipe's")
        command.add_argument("--fonts", help="folder of fonts instead of the machine's")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recipe = json.loads(args.recipe.read_text())
    if args.command == "train":
        train(args, recipe)
    elif args.command == "export":
        from .text_export import export
        export(load_net(args.model, recipe), args.out)
    else:
        from .text_score import score
        score(detector(args.model, recipe), recipe, args.fonts, args.pictures, args.out, args.count, args.size)


if __name__ == "__main__":
    main()
