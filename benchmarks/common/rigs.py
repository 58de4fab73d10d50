"""A simulated sensor and the source that reads it, set up side by side for the fault table."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.calibration import Calibration, EmotibitCalibration
from device.drivers.driver import DriverOptions
from device.samples import FloatArray
from device.sensor import Sensor
from device.simulation.faults import Faults
from device.simulation.lsl import LslPlayer
from device.simulation.network import EmotibitPort
from device.simulation.player import Player, Sent
from device.simulation.pty import PseudoTerminal
from device.simulation.simulator import make_board
from device.sources.registry import make_source
from device.sources.serial import SerialSensor

SEED = 7
# What every sensor measures.
_RANGE_US = (1.0, 24.0)
_RATE_HZ = 100.0


@dataclass(frozen=True)
class Rig:
    """A sensor that is read while things go wrong.

    Attributes
    ----------
    reading : Sensor
        Open.
    log : list of Sent
        Every sample that went to the port, as it comes.
    plugged_in_s, reset_s : list of float
        See `device.simulation.player.Player`.
    end : callable
        End the simulated sensor, so that the reader decides on what it still holds back.
    ordered : bool
        Whether a reader can know in which order samples were taken, not only handed on.
    """

    reading: Sensor
    log: list[Sent]
    plugged_in_s: list[float]
    reset_s: list[float]
    end: Callable[[], None]
    ordered: bool = True


class ShuffledSkin:
    """A skin that takes every value in turn, in an order that looks like noise.

    Parameters
    ----------
    values_us : float64 (n,)
        Microsiemens.
    seed : int
        For the order.
    """

    def __init__(self, values_us: FloatArray, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(values_us)
        self._values: Iterator[float] = itertools.cycle(order.tolist())

    def next(self, rate_hz: float) -> float | None:
        """Return the next sample (microsiemens)."""
        return next(self._values)


@contextmanager
def serial_rig(sensor: str, faults: Faults) -> Iterator[Rig]:
    """Put a sensor on a pseudo-terminal."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "port"
        port = PseudoTerminal(link)
        rate_hz = None if sensor == "grove" else 128.0 if sensor == "shimmer" else _RATE_HZ
        reading = SerialSensor(str(link), sensor, options=DriverOptions(rate_hz=rate_hz))

        def pull() -> None:
            while not port.drained():
                time.sleep(0.01)
            port.unplug()

        with _played(sensor, faults, port, reading, pull) as rig:
            yield rig


@contextmanager
def emotibit_rig(faults: Faults) -> Iterator[Rig]:
    """Put an EmotiBit on a loopback address that no other process of this benchmark uses."""
    address = (
        f"127.8.{threading.get_native_id() // 250 % 250}.{threading.get_native_id() % 250 + 1}"
    )
    port = EmotibitPort(address)
    with _played("emotibit", faults, port, make_source(port.path), port.close) as rig:
        yield rig


@contextmanager
def lsl_rig(faults: Faults, *, own_times: bool) -> Iterator[Rig]:
    """Offer a stream of Lab Streaming Layer.

    Parameters
    ----------
    faults : Faults
        What goes wrong.
    own_times : bool
        Whether samples are stamped when they are taken; otherwise when they are handed on.
    """
    log: list[Sent] = []
    name = f"rtcan-faults-{threading.get_native_id()}"
    skin = ShuffledSkin(np.round(np.linspace(*_RANGE_US, 20_000), 6), SEED)
    player = LslPlayer(
        skin, name=name, faults=faults, exact=own_times, seed=SEED, observer=log.append
    )
    thread = threading.Thread(target=player.play, daemon=True)

    def end() -> None:
        player.stopping.set()
        thread.join()

    thread.start()
    reading = make_source(f"lsl:{name}")
    try:
        reading.open()
        yield Rig(reading, log, player.plugged_in_s, player.reset_s, end, own_times)
    finally:
        end()


@contextmanager
def _played(
    sensor: str,
    faults: Faults,
    port: PseudoTerminal | EmotibitPort,
    reading: Sensor,
    pull: Callable[[], None],
) -> Iterator[Rig]:
    log: list[Sent] = []
    board = make_board(sensor, None, _RATE_HZ)
    skin = ShuffledSkin(distinct_us(board.calibration), SEED)
    player = Player(board, skin, port, faults=faults, seed=SEED, observer=log.append)
    thread = threading.Thread(target=player.play, daemon=True)

    def end() -> None:
        player.stopping.set()
        thread.join()
        pull()

    thread.start()
    try:
        reading.open()
        yield Rig(reading, log, player.plugged_in_s, player.reset_s, end)
    finally:
        end()


def distinct_us(calibration: Calibration) -> FloatArray:
    """Return one value (microsiemens) for each count that the sensor can send."""
    if isinstance(calibration, EmotibitCalibration):
        return np.round(np.linspace(*_RANGE_US, 20_000), 6)
    counts = np.unique(np.rint(calibration.to_adc(np.linspace(*_RANGE_US, 100_000))))
    values_us = calibration.to_us(counts)
    # At the end of a range the next one takes over.
    again_us = calibration.to_us(np.rint(calibration.to_adc(values_us)))
    return np.asarray(values_us[again_us == values_us])
