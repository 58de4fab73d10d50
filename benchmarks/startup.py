"""`python -m benchmarks.startup`: how long `rtcan-live` takes to help and to the first sample.

Beside it, in turn, what Python takes with the libraries that it cannot do without: click for the
help, NumPy and onnxruntime too for the first sample. The ratio says how much is RTCAN's, on a slow
machine as on a fast one. RTCAN's bytecode is there, as after an installation by pip.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.common.footprint import compile_packages
from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.errors import RtcanError
from runtime.inference.models import SHIPPED_MODEL

_LIVE = [sys.executable, "-m", "runtime.live.command"]
_RATE_HZ = 100.0
_BARE = {
    "python alone": "pass",
    "python with click": "import click",
    "python with click, numpy and onnxruntime": "import click, numpy, onnxruntime",
}


@click.command(cls=RtcanCommand)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED_MODEL)
@click.option("--repeats", type=click.IntRange(min=1), help="Of each [default: 10].")
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True)
def main(model: Path, repeats: int | None, output: Path | None, quick: bool) -> None:
    """Measure the cold start; the median counts."""
    if not model.is_file():
        raise RtcanError(f"There is no {model}; name one with --model")
    repeats = repeats or (3 if quick else 10)
    compile_packages()
    contestants = {name: [sys.executable, "-c", code] for name, code in _BARE.items()}
    contestants["help"] = [*_LIVE, "--help"]
    times: dict[str, list[tuple[float, float]]] = {}
    load_before = os.getloadavg()[0]
    for _ in range(repeats):  # in turn: a noisy moment hits all alike
        for name, command in contestants.items():
            times.setdefault(name, []).append(_timed(command))
        times.setdefault("first sample recorded", []).append(_first_sample(model))
    rows = []
    figures: dict[str, Any] = {"repeats": repeats, "load_before": load_before}
    medians = {}
    for name, pairs in times.items():
        wall_s, cpu_s = np.array(pairs).T
        medians[name] = (float(np.median(wall_s)), float(np.median(cpu_s)))
        quantiles = [f"{np.percentile(wall_s, p):.3f}" for p in (0, 50, 100)]
        rows.append([name, *quantiles, f"{medians[name][1]:.3f}"])
        key = name.replace(",", "").replace(" ", "_")
        figures[f"{key}_s"], figures[f"{key}_cpu_s"] = wall_s.tolist(), cpu_s.tolist()
    header = ["s", "best", "median", "worst", "processor, median"]
    show_table(f"Cold start, {repeats} times", header, rows)
    alone, with_click, with_all, helped, first = medians.values()
    claims = {
        "help_s": helped[0],
        "first_sample_s": first[0],
        "help_cpu_s": helped[1],
        "first_sample_cpu_s": first[1],
        "python_cpu_s": alone[1],
        "help_over_click": helped[1] / with_click[1],
        "first_sample_over_libraries": first[1] / with_all[1],
    }
    write_result("startup", figures, claims, output, quick=quick)


def _timed(command: list[str]) -> tuple[float, float]:
    """Return seconds, and those of processor, from the start of a command to its end."""
    import resource  # not on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    took_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _first_sample(model: Path) -> tuple[float, float]:
    """Return the same from the command to the first sample in the recording's journal."""
    master, slave = os.openpty()
    import tty  # not on Windows

    tty.setraw(slave)
    stopping = threading.Event()

    def talk() -> None:
        k = 0
        while not stopping.wait(1 / _RATE_HZ):
            os.write(master, b"%.3f\r\n" % (5 + 0.1 * np.sin(k / 50)))
            k += 1

    talker = threading.Thread(target=talk)
    with tempfile.TemporaryDirectory() as folder:
        talker.start()
        began_s = time.perf_counter()
        live = subprocess.Popen(
            [*_LIVE, "--port", os.ttyname(slave), "--sensor", "grove", "--calibration", "us",
             "--rate", f"{_RATE_HZ:g}", "--model", str(model), "--output", "jsonl",
             "--record", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while not _recorded(Path(folder)) and live.poll() is None:
            time.sleep(0.002)
        took_s = time.perf_counter() - began_s
        ended = live.poll()
        spent = psutil.Process(live.pid).cpu_times() if ended is None else None
        live.terminate()
        live.wait(20)
    stopping.set()
    talker.join()
    os.close(master)
    os.close(slave)
    if spent is None:
        raise RtcanError(f"rtcan-live ended with {ended} before its first sample")
    return took_s, spent.user + spent.system


def _recorded(folder: Path) -> bool:
    """Say whether a sample stands in the journal: after the header, which is one line."""
    return any(
        file.read_bytes().count(b"\n") > 1 for file in folder.glob("sub-01/beh/*_journal.jsonl")
    )


if __name__ == "__main__":
    main()
