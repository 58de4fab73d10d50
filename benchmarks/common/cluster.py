"""Preprocessing on one and on two workers of a Dask cluster on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.report import show_table
from runtime.preprocessing.contract import Contract
from training.compute.workers import Workers
from training.datasets import registry
from training.datasets.registry import Source
from training.presets import FRAMES
from training.windows.cut import cut

_ROOT = Path(__file__).resolve().parents[2]
# A busy machine takes long to import what a worker needs.
_PATIENCE_S = 100


def preprocessing_speedup(eevr: Path | None, turns: int = 5) -> dict[str, Any]:
    """Decompose a data set on one worker and on two, in turn; return the times and their ratio.

    EEVR where its folder is given, simulated people otherwise.
    """
    name = "synthetic" if eevr is None else "eevr"
    data = registry.load(Source(name=name, root=eevr))
    frame = FRAMES[data.name]
    contract = Contract(window_s=frame.window_s, context_s=frame.context_s, input_length=500)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with ExitStack() as open_:
        addresses = {n: open_.enter_context(_cluster(n)) for n in seconds}
        clusters = {n: open_.enter_context(Workers(scheduler=a)) for n, a in addresses.items()}
        for turn in range(turns + 1):
            for number, workers in clusters.items():
                began_s = time.perf_counter()
                cut(data, contract, 10.0, workers=workers)
                if turn:  # the first imports what is needed
                    seconds[number].append(time.perf_counter() - began_s)
    medians = {n: float(np.median(values)) for n, values in seconds.items()}
    speedup = float(np.median(np.array(seconds[1]) / np.array(seconds[2])))
    show_table(
        f"Decomposing {data.name} on a cluster",
        ["workers", "s", "times one"],
        [["1", f"{medians[1]:.2f}", ""], ["2", f"{medians[2]:.2f}", f"{speedup:.2f}"]],
    )
    return {"dataset": data.name, "one_s": medians[1], "two_s": medians[2], "speedup": speedup}


@contextmanager
def _cluster(number: int) -> Iterator[str]:
    """Start a scheduler and so many workers of one thread; yield its address."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_:
        address = open_.enter_context(scheduler(Path(folder)))
        own = [Path(folder) / f"{n}.log" for n in range(number)]
        for log in own:
            open_.enter_context(worker(address, log))
        for log in own:
            registered(log)
        yield address


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """Start a scheduler, whose words go into a folder; yield its address."""
    log = folder / "scheduler.log"
    with _program(log, "scheduler", "--host", "127.0.0.1", "--port", "0"):
        yield _said(log, r"Scheduler at:\s+(tcp://\S+)")


def worker(address: str, log: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Start a worker of one thread, which ends with the block."""
    return _program(log, "worker", address, "--nthreads", "1", "--no-nanny")


def registered(log: Path) -> str:
    """Wait until the worker that writes this log has registered; return the scheduler's address."""
    return _said(log, r"Registered to:\s+(\S+)")


@contextmanager
def _program(log: Path, kind: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        running = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"],
            stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def _said(log: Path, pattern: str) -> str:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        found = re.search(pattern, log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"Dask did not come up: {log.read_text()}")
