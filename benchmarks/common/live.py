"""The real `rtcan-live` on a real pseudo-terminal, with a Grove sensor, measured from outside."""

from __future__ import annotations

import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import click
import psutil

from benchmarks.common.footprint import compile_packages, parts_mb
from device.calibration import GroveCalibration
from device.protocols import grove
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.preprocessing.resample import REACH

_RATE_HZ = 100.0


class Live:
    """A running `rtcan-live`; ends with the block.

    Parameters
    ----------
    model : Path
        What predicts.
    rate_hz : float
        Of the sensor.
    options : list of str
        All but port, sensor, rate, model and output.
    heard : callable
        Given each event, with the monotonic time of its arrival, in a thread of its own.
    """

    def __init__(
        self,
        model: Path,
        rate_hz: float,
        options: list[str],
        heard: Callable[[dict[str, Any], float], None],
    ) -> None:
        self._master, self._slave = os.openpty()
        import tty  # not on Windows

        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runtime.live.command", "--port", os.ttyname(self._slave),
             "--sensor", "grove", "--rate", f"{rate_hz:g}",
             "--model", str(model), "--output", "jsonl", *options],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._heard = heard
        self._started = threading.Event()
        self._receiver = threading.Thread(target=self._receive)
        self._receiver.start()

    def __enter__(self) -> Live:
        return self

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def wait_for_start(self) -> None:
        """Wait for the first event."""
        while not self._started.wait(0.1):
            self._check()

    def send(self, line: bytes) -> None:
        """Write to the port; wait where it is full."""
        while line:
            if select.select([], [self._master], [], 1.0)[1]:
                line = line[os.write(self._master, line) :]
            else:
                self._check()

    def end(self, timeout_s: float) -> None:
        """Let it read what is on the port, end as a user ends it, and wait for its last event."""
        time.sleep(1.0)
        self._check()
        self.process.terminate()
        self.process.wait(timeout_s)
        self._receiver.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._receiver.join()
        os.close(self._master)
        os.close(self._slave)

    def _receive(self) -> None:
        for line in self.process.stdout or ():
            arrived_s = time.monotonic()
            self._heard(json.loads(line), arrived_s)
            self._started.set()

    def _check(self) -> None:
        code = self.process.poll()
        if code is not None:
            raise click.ClickException(f"rtcan-live ended by itself, with {code}; see above why")


def run_live(model: Path, speed: float) -> dict[str, Any]:
    """Run `rtcan-live` at 100 Hz until its fifth prediction.

    Parameters
    ----------
    model : Path
        An exported model.
    speed : float
        How many times faster than life the sensor sends.

    Returns
    -------
    dict
        `rss_mb` (resident memory then), `parts_mb` (whose it is), `torch_loaded`, and `first_s`:
        seconds from the sending of the sample that fills the first window to the first prediction.
    """
    compile_packages()
    contract = Classifier(model).contract
    # The reader leaves the first line out, since it may be half a line.
    needed = round((contract.context_s + contract.window_s) * _RATE_HZ) + 2
    calibration = GroveCalibration()
    seconds = needed / _RATE_HZ + 30
    eda_us = simulate(Person(), seconds, _RATE_HZ, arousal=lambda _: 0.7, seed=2).eda_us
    lines = [grove.encode(float(adc)) for adc in calibration.to_adc(eda_us)]
    predicted: queue.SimpleQueue[float] = queue.SimpleQueue()

    def heard(event: dict[str, Any], arrived_s: float) -> None:
        if event["type"] == "prediction":
            predicted.put(arrived_s)

    with Live(model, _RATE_HZ, [], heard) as live:
        live.wait_for_start()
        full_s = 0.0
        began_s = time.monotonic()
        for index, line in enumerate(lines):
            time.sleep(max(began_s + index / (_RATE_HZ * speed) - time.monotonic(), 0))
            live.send(line)
            if index + 1 == needed:
                full_s = time.monotonic()
            if predicted.qsize() >= 5:
                break
        else:
            raise click.ClickException(f"{predicted.qsize()} predictions in {seconds:g} s, not 5")
        process = psutil.Process(live.process.pid)
        rss_mb, parts = process.memory_info().rss / 1e6, parts_mb(process)
        maps = Path(f"/proc/{live.process.pid}/maps")
        torch_loaded = "libtorch" in maps.read_text(encoding="utf-8") if maps.exists() else None
        live.end(20)
    # Faster than life, the resampler's reach passes faster too: what that hid is added.
    hidden_s = REACH / contract.rate_hz * (1 - 1 / speed)
    return {
        "rate_hz": _RATE_HZ,
        "speed": speed,
        "first_s": predicted.get() - full_s + hidden_s,
        "rss_mb": rss_mb,
        "parts_mb": parts,
        "torch_loaded": torch_loaded,
    }


def free_port() -> int:
    """Return a port of this computer that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
