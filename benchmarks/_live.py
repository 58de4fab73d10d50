"""The real `rtcan-live` on a real pseudo-terminal, measured from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path
from typing import Any

import psutil

from device.calibration import GroveCalibration
from device.physiology import Person, simulate
from device.protocols import grove
from runtime.classifier import Classifier
from runtime.resample import REACH

_RATE_HZ = 100.0


def run_live(model: Path, speed: float) -> dict[str, Any]:
    """Run `rtcan-live` on a pseudo-terminal at 100 Hz until its fifth prediction.

    Parameters
    ----------
    model : Path
        An exported model.
    speed : float
        How many times faster than life the sensor sends.

    Returns
    -------
    dict
        `rss_mb` (resident memory then), `torch_loaded`, and `first_s`: seconds from the sending of
        the sample that fills the first window to the first prediction.
    """
    contract = Classifier(model).contract
    master, slave = os.openpty()
    tty.setraw(slave)
    command = [sys.executable, "-m", "runtime.live", "--port", os.ttyname(slave)]
    command += ["--sensor", "grove", "--rate", f"{_RATE_HZ:g}"]
    command += ["--model", str(model), "--output", "jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    json.loads(process.stdout.readline())  # the start line: the port is open
    full_s: list[float] = []
    stopping = threading.Event()
    # The reader leaves the first line out, since it may be half a line.
    needed = round((contract.context_s + contract.window_s) * _RATE_HZ) + 2
    writer = threading.Thread(
        target=_write, args=(master, speed, needed, full_s, stopping), daemon=True
    )
    writer.start()
    try:
        first_s, rss_mb = 0.0, 0.0
        for number in range(5):
            event = json.loads(process.stdout.readline())
            assert event["type"] == "prediction", event
            if number == 0:
                first_s = time.monotonic()
        rss_mb = psutil.Process(process.pid).memory_info().rss / 1e6
        maps = Path(f"/proc/{process.pid}/maps")
        torch_loaded = "libtorch" in maps.read_text(encoding="utf-8") if maps.exists() else None
    finally:
        stopping.set()
        process.terminate()
        process.communicate(timeout=20)
        writer.join()
        os.close(master)
        os.close(slave)
    # Faster than life, the resampler's reach passes faster too: what that hid is added.
    hidden_s = REACH / contract.rate_hz * (1 - 1 / speed)
    return {
        "rate_hz": _RATE_HZ,
        "speed": speed,
        "first_s": first_s - full_s[0] + hidden_s,
        "rss_mb": rss_mb,
        "torch_loaded": torch_loaded,
    }


def _write(
    master: int, speed: float, needed: int, full_s: list[float], stopping: threading.Event
) -> None:
    """Print Grove lines at the pace of a sensor; note when the sample that fills is sent."""
    calibration = GroveCalibration()
    seconds = needed / _RATE_HZ + 30
    eda_us = simulate(Person(), seconds, _RATE_HZ, arousal=lambda _: 0.7, seed=2).eda_us
    lines = [grove.encode(float(adc)) for adc in calibration.to_adc(eda_us)]
    began_s = time.monotonic()
    for index, line in enumerate(lines):
        wait_s = began_s + index / (_RATE_HZ * speed) - time.monotonic()
        if stopping.wait(max(wait_s, 0)):
            return
        os.write(master, line)
        if index + 1 == needed:
            full_s.append(time.monotonic())
