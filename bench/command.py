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
        vips("crop", whole, path, 0, 0, width, height)


def measure(command: list[str]) -> tuple[float, float, bool]:
    """Wall seconds, peak MiB and success."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, use.ru_maxrss / 1024, process.returncode == 0


def section(build: Path, models: list[str], quick: bool, folder: Path) -> str:
    shrink = 16 if quick else 1  # a smoke test: the same commands on a 256th of the pixels
    small, large = folder / "4mp.jpg", folder / "25mp.tif"
    mosaic(small, 2448 // shrink, 1632 // shrink)
    mosaic(large, 5000 // shrink, 5000 // shrink)
    jobs = [
        ("4 MP JPEG → 64 MP TIFF", small, "out.tif", []),
        ("4 MP JPEG → 64 MP JPEG", small, "out.jpg", []),
        ("25 MP TIFF → 400 MP TIFF, --memory 1G", large, "out.tif", ["--memory", "1G"]),
    ]
    rows = []
    for what, source, target, options in jobs:
        for model in models:
            out = folder / target
            out.unlink(missing_ok=True)
            command = [build / "acuity", source, "-s", "4", "-m", model, "-o", out, "--quiet"]
            seconds, peak, good = measure([str(word) for word in command + options])
            print(what, model, f"{seconds:.2f} s, {peak:.0f} MiB", file=sys.stderr)
            rows.append([what, model, f"{seconds:.2f}" if good else "failed", f"{peak:.0f}"])
            out.unlink(missing_ok=True)
    note = "Sixteen times smaller on each side: a smoke test.\n\n" if quick else ""
    head = ["what", "model", "seconds", "peak memory, MiB"]
    return "## The whole command\n\n" + note + markdown(head, rows)
