"""`python -m benchmarks.soak`: eight simulated hours through the whole live chain.

A real pseudo-terminal carries a simulated person at the speed that is asked for, all of it counted:
no sample may be lost, memory may not grow, and every window, computed anew from the recorded
samples in a fresh process, must give the same bits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.common.live import Live
from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.simulation.physiology import Person, SimulatedPerson
from runtime.inference.models import SHIPPED_MODEL

_RATE_HZ = 19.0
_FULL_H, _QUICK_H = 8.0, 0.5
_SETTLE_S = 600.0
# Lines that may be on their way: the speed is what the reader keeps up with.
_AHEAD_S = 60.0


@click.command(cls=RtcanCommand)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED_MODEL)
@click.option("--hours", type=float, help=f"Simulated [default: {_FULL_H:g}].")
@click.option("--speed", type=float, default=200.0, show_default=True, help="At most.")
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True)
def main(model: Path, hours: float | None, speed: float, output: Path | None, quick: bool) -> None:
    """Run for hours of simulated time and see that nothing is lost, grows or changes."""
    if not model.is_file():
        raise click.ClickException(f"There is no {model}; name one with --model")
    hours = hours or (_QUICK_H if quick else _FULL_H)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "rec"
        sent, events, memory, seconds = _run(model, hours, speed, root)
        equal, compared = _fresh(model, root)
    summary = events[-1]
    # The first line may be half a line and is left out, as always.
    lost = sent - 1 - summary["counters"]["samples"] + summary["overrun"]
    slope = _slope(memory)
    missed = {item["name"]: item["missed"] for item in summary["sinks"]}
    figures: dict[str, Any] = {
        "hours": hours,
        "speed": hours * 3600 / seconds,
        "samples": sent,
        "windows": summary["windows"],
        "missed": missed,
        "compared_windows": compared,
        "rss_mb": {"after_10_min": _at(memory, _SETTLE_S), "end": memory[-1][1]},
        "latency_ms": summary["latency_ms"],
    }
    show_table(
        f"{hours:g} simulated hours at {figures['speed']:.0f} times the pace of life",
        ["", "found", "wanted"],
        [
            ["samples sent", f"{sent}", ""],
            ["samples lost", f"{lost}", "0"],
            ["events missed by sinks", f"{sum(missed.values())}", "0"],
            ["memory growth, MB/h", f"{slope:.3f}", "< 1"],
            ["memory at the end, MB", f"{memory[-1][1]:.0f}", ""],
            [f"{compared} windows in a fresh process", "equal" if equal else "differ", "equal"],
        ],
    )
    claims = {
        "samples_lost": float(lost),
        "rss_slope_mb_per_hour": slope,
        "predictions_equal": float(equal),
    }
    write_result("soak", figures, claims, output, quick=quick)


def _run(
    model: Path, hours: float, speed: float, root: Path
) -> tuple[int, list[dict[str, Any]], list[tuple[float, float]], float]:
    """Return lines sent, the last events, memory (simulated s, MB), and seconds."""
    last: dict[str, dict[str, Any]] = {}
    answered_s = [0.0]

    def heard(event: dict[str, Any], arrived_s: float) -> None:
        last[event["type"]] = event
        if event["type"] == "prediction":
            answered_s[0] = event["time_s"]

    with Live(model, _RATE_HZ, ["--calibration", "us", "--record", str(root)], heard) as live:
        live.wait_for_start()
        window_s = last["start"]["context_s"] + last["start"]["window_s"]
        process = psutil.Process(live.process.pid)
        person = SimulatedPerson(Person.draw(np.random.default_rng(7)), _RATE_HZ, 7)
        memory: list[tuple[float, float]] = []
        sent = 0
        began_s = time.monotonic()
        for second in range(round(hours * 3600)):
            eda_us = person.second(0.9 if second // 120 % 2 else 0.1).eda_us
            live.send(b"".join(f"{value:.5f}\r\n".encode() for value in eda_us.tolist()))
            sent += eda_us.size
            if second % 60 == 0:
                memory.append((float(second), process.memory_info().rss / 1e6))
            # As fast as it is taken, and no faster than asked.
            while second - max(answered_s[0], window_s) > _AHEAD_S and live.running:
                time.sleep(0.002)
            ahead_s = (second + 1) / speed - (time.monotonic() - began_s)
            if ahead_s > 0:
                time.sleep(ahead_s)
        seconds = time.monotonic() - began_s
        live.end(600)
    return sent, [last["summary"]], memory, seconds


def _fresh(model: Path, root: Path) -> tuple[bool, int]:
    """Predict the recording again in a new process; return whether all is equal."""
    done = subprocess.run(
        [sys.executable, "-m", "runtime.recording.command", "verify", str(root),
         "--model", str(model)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    words = done.stdout.split()
    compared = int(words[words.index("windows,") - 1]) if "windows," in words else 0
    return done.returncode == 0 and compared > 0, compared


def _slope(memory: list[tuple[float, float]]) -> float:
    """Return MB per simulated hour after the first ten minutes, by least squares."""
    settled = np.array([item for item in memory if item[0] >= _SETTLE_S])
    if len(settled) < 3:
        return float("nan")
    return float(np.polyfit(settled[:, 0] / 3600, settled[:, 1], 1)[0])


def _at(memory: list[tuple[float, float]], time_s: float) -> float:
    return next((mb for at_s, mb in memory if at_s >= time_s), memory[-1][1])


if __name__ == "__main__":
    main()
