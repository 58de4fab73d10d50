"""`python -m benchmarks.live`: from a sample's last byte to the JSON line, all sinks on.

A hundred lines a second are written to a pseudo-terminal, each at its time; `rtcan-live` reads them
as a user would run it, with dashboard (and a client that listens), MQTT (a real broker where
mosquitto is installed) and recording on. A window's JSON line is matched with the sample that
completed it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common.live import Live, free_port
from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.simulation.physiology import Person, simulate
from runtime.inference.models import SHIPPED_MODEL
from runtime.preprocessing.resample import REACH

_RATE_HZ = 100.0
_FULL_S, _QUICK_S = 600.0, 20.0
# The first line may be half a line and is left out.
_SKIPPED = 1


@click.command(cls=RtcanCommand)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED_MODEL)
@click.option("--seconds", type=float, help=f"Of predictions [default: {_FULL_S:g}].")
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True)
def main(model: Path, seconds: float | None, output: Path | None, quick: bool) -> None:
    """Measure the delay from the newest sample's last byte to the JSON line."""
    if not model.is_file():
        raise click.ClickException(f"There is no {model}; name one with --model")
    from runtime.inference.classifier import Classifier

    contract = Classifier(model).contract
    wanted_s = seconds or (_QUICK_S if quick else _FULL_S)
    total_s = contract.context_s + contract.window_s + wanted_s
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options, sinks = _sinks(folder, stack)
        sent, events, load = _run(model, total_s, options)
    predictions = [event for event in events if event["type"] == "prediction"]
    delay_ms, total_ms = [], []
    for event, arrived_s in ((e, e["arrived_s"]) for e in predictions):
        # Grid value k needs a sample at or after k + REACH steps.
        last_s = event["time_s"] + (REACH - 1) / contract.rate_hz
        index = int(np.ceil(last_s * _RATE_HZ - 1e-6)) + _SKIPPED
        if index >= len(sent):
            continue
        total_ms.append(1e3 * (arrived_s - sent[index]))
        delay_ms.append(total_ms[-1] - event["compute_ms"])
    compute_ms = [event["compute_ms"] for event in predictions]
    summary = next(event for event in events if event["type"] == "summary")
    figures: dict[str, Any] = {
        "seconds": wanted_s,
        "rate_hz": _RATE_HZ,
        "sinks": sinks,
        "windows": len(delay_ms),
        "load_before": load,
        "missed": {item["name"]: item["missed"] for item in summary["sinks"]},
        "samples_read": summary["counters"]["samples"],
        "samples_sent": len(sent),
    }
    rows = []
    for name, values in (("compute", compute_ms), ("emit delay", delay_ms), ("in all", total_ms)):
        p50, p99, worst = np.percentile(values, [50, 99, 100])
        figures[name.replace(" ", "_") + "_ms"] = {"p50": p50, "p99": p99, "max": worst}
        rows.append([name, f"{p50:.2f}", f"{p99:.2f}", f"{worst:.2f}"])
    show_table(
        f"Last byte to JSON line, {len(delay_ms)} windows, {', '.join(sinks)} on",
        ["ms", "p50", "p99", "max"],
        rows,
    )
    claims = {
        "emit_delay_p50_ms": float(np.percentile(delay_ms, 50)),
        "emit_delay_p99_ms": float(np.percentile(delay_ms, 99)),
    }
    write_result("live", figures, claims, output, quick=quick)


def _sinks(folder: Path, stack: ExitStack) -> tuple[list[str], list[str]]:
    """Return the options that turn all sinks on, and their names."""
    options, names = ["--record", str(folder / "rec"), "--dashboard", str(free_port())], []
    names += ["recording", "dashboard"]
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if Path(program).is_file():
        port = free_port()
        settings = folder / "mosquitto.conf"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        broker = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
        stack.callback(broker.wait, 10)
        stack.callback(broker.terminate)
        options += ["--mqtt", f"mqtt://127.0.0.1:{port}/rtcan"]
        names.append("mqtt")
    return options, names


def _run(
    model: Path, total_s: float, options: list[str]
) -> tuple[list[float], list[dict[str, Any]], float]:
    """Send and receive; return when each line was written, and the events with their arrival."""
    samples = simulate(
        Person(), total_s + 2, _RATE_HZ, arousal=lambda t: 0.9 if t // 60 % 2 else 0.1
    )
    lines = [f"{value:.5f}\r\n".encode() for value in samples.eda_us.tolist()]
    load = os.getloadavg()[0]
    events: list[dict[str, Any]] = []
    sent: list[float] = []

    def heard(event: dict[str, Any], arrived_s: float) -> None:
        events.append({**event, "arrived_s": arrived_s})

    with Live(model, _RATE_HZ, ["--calibration", "us", *options], heard) as live:
        live.wait_for_start()
        listener = threading.Thread(
            target=_listen, args=(int(options[options.index("--dashboard") + 1]),), daemon=True
        )
        listener.start()
        time.sleep(0.5)
        began_s = time.monotonic()
        for k, line in enumerate(lines):
            wait_s = began_s + k / _RATE_HZ - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            live.send(line)
            sent.append(time.monotonic())
        live.end(30)
    return sent, events, load


def _listen(port: int) -> None:
    """Take everything that the dashboard sends, as a browser does."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    try:
        with connect(f"ws://127.0.0.1:{port}/ws", proxy=None, max_size=None) as stream:
            for _ in stream:
                pass
    except (ConnectionClosed, OSError):
        return


if __name__ == "__main__":
    main()
