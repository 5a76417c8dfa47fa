#!/usr/bin/env python3
"""How long a fresh view of 512x512 pixels of a x4 result takes through the server: from the request to
the last byte of the PNG, at random places of which no tile is known.

    bench/preview.py PICTURE [--build FOLDER] [--views 20]

Once as the plan would have it, once not bound and once bound to the input.
"""
import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIDE, SCALE = 512, 4
SETTINGS = {
    "as planned": {"scale": "4"},
    "not bound": {"scale": "4", "consistency": "0", "prescale": "off", "passes": "1"},
    "bound": {"scale": "4", "consistency": "1", "reduced-by": "bicubic", "prescale": "off", "passes": "1"},
}


def send(url: str, body: bytes, kind: str = "application/json") -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def started(build: Path, data: str) -> tuple[subprocess.Popen, str]:
    """The server on a free port, and its address."""
    server = subprocess.Popen([build / "acuity", "serve", "--port", "0", "--no-browser", "--data", data],
                              stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return server, word.rstrip("/.")
    raise SystemExit("the server did not start")


def views(size: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """Places far from each other, so that none finds tiles of another."""
    cells = [(x, y) for x in range(size[0] // (2 * SIDE)) for y in range(size[1] // (2 * SIDE))]
    random.shuffle(cells)
    return [tuple(2 * SIDE * c + random.randrange(SIDE) for c in cell) for cell in cells[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--views", type=int, default=20)
    options = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as data:
        server, address = started(options.build, data)
        try:
            answer = json.loads(send(f"{address}/api/pictures?name={options.picture.name}",
                                     options.picture.read_bytes(), "image/png"))
            picture = f"{address}/api/pictures/{answer['id']}"
            for name, settings in SETTINGS.items():
                plan = json.loads(send(picture + "/plan", json.dumps({"settings": settings}).encode()))
                seconds = []
                for left, top in views((plan["outputWidth"], plan["outputHeight"]), options.views):
                    body = {"settings": settings, "left": left, "top": top, "width": SIDE, "height": SIDE,
                            "view": "bench"}
                    began = time.monotonic()
                    send(picture + "/preview", json.dumps(body).encode())
                    seconds.append(time.monotonic() - began)
                print(f"{name:10} median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s, "
                      f"{len(seconds)} views; {plan['automatic']}", flush=True)
        finally:
            server.terminate()
            server.wait()


sys.dont_write_bytecode = True
main()
