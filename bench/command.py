"""The whole command, from file to file: seconds, and the most memory it ever held."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import markdown

ROOT = Path(__file__).resolve().parent.parent


def mosaic(path: Path, width: int, height: int) -> None:
    """A picture of real content at any size: an example, repeated."""
    vips = lambda *words: subprocess.run(["vips", *map(str, words)], check=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / "whole.v"
        example = ROOT / "examples/houses.png"
        vips("replicate", example, whole, width // 280 + 1, height // 200 + 1)
        # A JPEG good enough that nothing has to be cleaned first: one network is measured.
        good = "[Q=95]" if path.suffix == ".jpg" else ""
        vips("crop", whole, f"{path}{good}", 0, 0, width, height)


def measure(command: list[str]) -> tuple[float, float, bool]:
    """Wall seconds, peak MiB and success."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, use.ru_maxrss / 1024, process.returncode == 0


JOBS = [
    ("4 MP JPEG → 64 MP TIFF", "4mp.jpg", "out.tif", []),
    ("4 MP JPEG → 64 MP JPEG", "4mp.jpg", "out.jpg", []),
    ("25 MP TIFF → 400 MP TIFF, --memory 1G", "25mp.tif", "out.tif", ["--memory", "1G"]),
]


def measurements(build: Path, models: list[str], quick: bool, folder: Path) -> list[dict]:
    """Every job with every model: what, model, pixels, seconds, start (seconds), peak (MiB)."""
    shrink = 16 if quick else 1  # a smoke test: the same commands on a 256th of the pixels
    sizes = {"4mp.jpg": (2448 // shrink, 1632 // shrink), "25mp.tif": (5000 // shrink, 5000 // shrink)}
    for name, size in {**sizes, "tiny.png": (8, 8)}.items():
        mosaic(folder / name, *size)

    def enlarge(name: str, model: str, target: str, options: list[str]) -> tuple[float, float]:
        out = folder / target
        out.unlink(missing_ok=True)
        words = [build / "acuity", folder / name, "-s", "4", "-m", model, "-o", out, "--quiet"]
        seconds, peak, good = measure([str(word) for word in words + options])
        out.unlink(missing_ok=True)
        if not good:
            raise SystemExit(f"{model} failed on {name}")
        return seconds, peak

    found = []
    for model in models:
        enlarge("4mp.jpg", model, "out.tif", [])  # finds and remembers the tile size
        start = min(enlarge("tiny.png", model, "out.png", [])[0] for _ in range(3))
        for what, name, target, options in JOBS:
            seconds, peak = enlarge(name, model, target, options)
            pixels = sizes[name][0] * sizes[name][1]
            found.append(dict(what=what, model=model, pixels=pixels, seconds=seconds, start=start,
                              peak=peak))
            print(found[-1], file=sys.stderr)
    return found


def section(found: list[dict], best: dict[str, float], quick: bool) -> str:
    """`best`: each network's least nanoseconds per input pixel, in the precision the command uses."""
    rows = []
    for run in found:
        raw = best.get(run["model"], 0) * run["pixels"] * 1e-9
        ratio = f"{(run['seconds'] - run['start']) / raw:.2f}" if raw else ""
        rate = 16 * run["pixels"] / 1e6 / run["seconds"]
        rows.append([run["what"], run["model"], f"{run['seconds']:.2f}", f"{rate:.1f}",
                     f"{run['peak']:.0f}", ratio])
    note = "Sixteen times smaller on each side: a smoke test.\n\n" if quick else ""
    head = ["what", "model", "seconds", "output megapixels a second", "peak memory, MiB",
            "time to that of the network alone"]
    return ("## The whole command\n\n" + note + markdown(head, rows) +
            "\nThe last column: seconds without start-up, divided by input pixels times the "
            "network's best time per pixel without halo.\n")
