"""`python -m benchmarks.startup`: how long `rtcan-live` takes to help and to the first sample."""

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

from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from runtime.inference.models import SHIPPED_MODEL

_LIVE = [sys.executable, "-m", "runtime.live.command"]
_RATE_HZ = 100.0


@click.command(cls=RtcanCommand)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED_MODEL)
@click.option("--repeats", type=click.IntRange(min=1), help="Of each [default: 10].")
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True)
def main(model: Path, repeats: int | None, output: Path | None, quick: bool) -> None:
    """Measure the cold start; the median counts."""
    if not model.is_file():
        raise click.ClickException(f"There is no {model}; name one with --model")
    repeats = repeats or (3 if quick else 10)
    helps, firsts = [], []
    for _ in range(repeats):
        helps.append(_help())
        firsts.append(_first_sample(model))
    rows = []
    figures: dict[str, Any] = {"repeats": repeats, "load_before": os.getloadavg()[0]}
    for name, values in (("help", helps), ("first sample recorded", firsts)):
        rows.append([name, *(f"{np.percentile(values, p):.3f}" for p in (0, 50, 100))])
        figures[name.replace(" ", "_") + "_s"] = values
    show_table(f"Cold start, {repeats} times", ["s", "best", "median", "worst"], rows)
    claims = {"help_s": float(np.median(helps)), "first_sample_s": float(np.median(firsts))}
    write_result("startup", figures, claims, output, quick=quick)


def _help() -> float:
    began_s = time.perf_counter()
    subprocess.run([*_LIVE, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began_s


def _first_sample(model: Path) -> float:
    """Return seconds from the command to the first sample in the recording's journal."""
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
        live.terminate()
        live.wait(20)
    stopping.set()
    talker.join()
    os.close(master)
    os.close(slave)
    if ended is not None:
        raise RuntimeError(f"rtcan-live ended with {ended} before its first sample")
    return took_s


def _recorded(folder: Path) -> bool:
    """Say whether a sample stands in the journal: after the header, which is one line."""
    return any(
        file.read_bytes().count(b"\n") > 1 for file in folder.glob("sub-01/beh/*_journal.jsonl")
    )


if __name__ == "__main__":
    main()
