"""Pieces of a live run that several tests put together."""

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from device.readers.base import Source
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.sinks.events import Summary

LIVE = [sys.executable, "-m", "runtime.live"]


def until(ask: Callable[[], Any], timeout_s: float = 20) -> Any:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if found := ask():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to be")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def joined(source: Source) -> Samples:
    blocks = list(source.blocks())
    return Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )


def summary() -> Summary:
    from device.sensor import SensorCounters

    return Summary(1.0, SensorCounters(), 0, 0, 0, None, None)


def write_table(folder: Path, seconds: int = 40) -> Path:
    samples = simulate(Person(), seconds, 19.0, arousal=lambda _: 0.8, seed=4)
    path = folder / "table.csv"
    rows = zip(samples.time_s.tolist(), samples.eda_us.tolist(), strict=True)
    path.write_text("time,EDA\n" + "".join(f"{t!r},{v!r}\n" for t, v in rows))
    return path
