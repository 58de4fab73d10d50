"""The interface of every sensor: open, read, close, describe."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, runtime_checkable

from device.samples import Samples
from device.text import clean


@dataclass(frozen=True)
class SensorInfo:
    """What is known about a sensor.

    Attributes
    ----------
    name : str
        The kind of sensor, for people.
    port : str
        Where it is connected.
    rate_hz : float or None
        Its sampling rate; None while it is not known yet.
    details : str
        Calibration and the like, for people.
    speed : float or None
        How many times faster than life its time passes; None where that is as fast as its samples
        are taken.
    live : bool
        Whether its samples are taken now: not those of a recording that is played.
    began_utc_s : float or None
        Of a recording: when its time 0 was, in seconds of Unix time, where it says.
    """

    name: str
    port: str
    rate_hz: float | None
    details: str = ""
    speed: float | None = 1.0
    live: bool = True
    began_utc_s: float | None = None

    def __post_init__(self) -> None:
        # Names of ports and files may hold anything.
        for name in ("name", "port", "details"):
            object.__setattr__(self, name, clean(getattr(self, name)))


@dataclass
class SensorCounters:
    """What has passed through a sensor since it was made; never reset by a reconnection.

    Attributes
    ----------
    samples : int
        Samples delivered, missing values included.
    missing : int
        Samples delivered as NaN: open or saturated electrodes.
    lost : int
        Readings that were lost or damaged on the wire, by the sensor's own count where it has one.
    reconnections : int
        How often the port was opened again after it went away.
    restarts : int
        How often the sensor began its count anew while the port stayed, as after a reset.
    """

    samples: int = 0
    missing: int = 0
    lost: int = 0
    reconnections: int = 0
    restarts: int = 0


@runtime_checkable
class Sensor(Protocol):
    """A source of skin conductance."""

    counters: SensorCounters

    def open(self) -> None:
        """Connect; raise a DeviceError that says why not. May be called again after close()."""

    def read(self, timeout_s: float) -> Samples:
        """Return what has arrived, waiting at most `timeout_s` for the first of it.

        Raises
        ------
        device.errors.SensorDisconnectedError
            The port went away.
        device.errors.UnrecognisedDataError
            Bytes arrive that this sensor does not send.
        """

    def close(self) -> None:
        """Disconnect; harmless when not connected."""

    def describe(self) -> SensorInfo:
        """Say what this sensor is."""


class OpenSensor:
    """Context manager that opens a sensor and always closes it."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor

    def __enter__(self) -> Sensor:
        self._sensor.open()
        return self._sensor

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sensor.close()
