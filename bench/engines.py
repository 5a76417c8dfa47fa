"""One network, two engines, each at its own best tile: nanoseconds per input pixel.

Acuity's side is measured by bench_network through src/engine; ONNX Runtime's with its Python package
on the same .onnx file. Every combination of tile, parallel inferences and precision is tried, and the
best one of each engine counts; all of them together use as many threads as there are cores.
"""
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from table import has_bf16, markdown

ROOT = Path(__file__).resolve().parent.parent
CORES = len(os.sched_getaffinity(0))


def streams() -> list[int]:
    return sorted({1, max(1, CORES // 2), CORES})


def acuity(build: Path, model: str, tiles: list[int], seconds: float) -> list[dict]:
    found = []
    # Without a unit for it bf16 is emulated, several times slower than f32 and never chosen.
    precisions = ("bf16", "f32") if has_bf16() else ("f32",)
    for precision in precisions:
        for tile in tiles:
            for parallel in streams():
                words = [build / "bench/bench_network", model, tile, parallel, precision, seconds]
                run = subprocess.run([str(word) for word in words], capture_output=True, text=True)
                if run.returncode:
                    print(run.stderr.strip(), file=sys.stderr)
                    continue
                found.append(json.loads(run.stdout))
                print(found[-1], file=sys.stderr)
    return found


def onnxruntime(model: Path, tiles: list[int], seconds: float) -> list[dict]:
    try:
        import numpy
        import onnxruntime as ort
    except ImportError as missing:
        print(f"{missing}; ONNX Runtime is left out", file=sys.stderr)
        return []
    found = []
    for parallel in streams():
        options = ort.SessionOptions()
        options.intra_op_num_threads = max(1, CORES // parallel)
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        providers = ["CPUExecutionProvider"]
        sessions = [ort.InferenceSession(model, options, providers) for _ in range(parallel)]
        name = sessions[0].get_inputs()[0].name
        with ThreadPoolExecutor(parallel) as pool:
            for tile in tiles:
                picture = numpy.random.default_rng(1).random((1, 3, tile, tile), numpy.float32)

                def once() -> float:
                    began = time.perf_counter()
                    list(pool.map(lambda session: session.run(None, {name: picture}), sessions))
                    return time.perf_counter() - began

                once(), once()
                times, end = [], time.perf_counter() + seconds
                while time.perf_counter() < end or len(times) < 3:
                    times.append(once())
                ns = statistics.median(times) * 1e9 / (tile * tile * parallel)
                version = f"ONNX Runtime {ort.__version__} CPU"
                found.append(
                    dict(engine=version, tile=tile, streams=parallel, precision="f32", ns=ns))
                print(found[-1], file=sys.stderr)
    return found


def section(build: Path, models: list[str], quick: bool) -> tuple[str, dict[str, float]]:
    """The table, and each model's best nanoseconds in the precision that Acuity takes by itself."""
    tiles = [128] if quick else [128, 192, 256, 320, 384, 512]
    seconds = 0.2 if quick else 2.0
    rows, fastest = [], {}
    for model in models:
        file = ROOT / "models" / f"{model}.onnx"
        best = {}
        for run in acuity(build, model, tiles, seconds) + onnxruntime(file, tiles, seconds):
            key = (run["engine"], run["precision"])
            if key not in best or run["ns"] < best[key]["ns"]:
                best[key] = run
        ours = [run["ns"] for (engine, _), run in best.items() if "ONNX" not in engine]
        fastest[model] = min(ours)
        for (engine, precision), run in best.items():
            rows.append([model, engine, precision, str(run["tile"]), str(run["streams"]),
                         f"{run['ns']:.0f}", f"{1e3 / run['ns']:.2f}",
                         f"{run['ns'] / fastest[model]:.2f}"])
    head = ["model", "engine", "precision", "best tile", "in parallel", "ns per input pixel",
            "input megapixels a second", "time to the fastest of ours"]
    return "## Networks alone\n\n" + markdown(head, rows), fastest
