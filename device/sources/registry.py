"""Sources that are no serial port, by the scheme with which `--port` begins: `lsl:NAME`.

A kind is added to `KINDS`: what makes its sensor, and what finds the sensors that are there. Both
import what they need when they are called, so that nobody pays for what is not used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device.errors import MissingExtraError
from device.sensor import Sensor


@dataclass(frozen=True)
class SourceOptions:
    """What a user may say about a source; one that has no use for something refuses it.

    Attributes
    ----------
    sensor : str
        What is connected there, as `--sensor` takes it; "auto" to find out.
    rate_hz : float or None
        Samples per second.
    calibration : str or None
        From what is sent to microsiemens.
    channel : str or int or None
        Which channel: its label, or its number from 1.
    """

    sensor: str = "auto"
    rate_hz: float | None = None
    calibration: str | None = None
    channel: str | int | None = None


@dataclass(frozen=True)
class Found:
    """A sensor that could be opened.

    Attributes
    ----------
    port : str
        What to give as `--port`.
    description : str
        For people.
    """

    port: str
    description: str


@dataclass(frozen=True)
class SourceKind:
    """A kind of source.

    Attributes
    ----------
    scheme : str
        With which its ports begin, without the colon.
    title : str
        What is found there, for people.
    package, extra : str or None
        What must be installed to open it, and the extra that installs it; None where nothing more.
    make : callable
        From the address, which is the port without scheme and colon, and what the user said, to a
        sensor that is not open yet.
    find : callable
        From the seconds that it may take to the sensors that could be opened.
    """

    scheme: str
    title: str
    package: str | None
    extra: str | None
    make: Callable[[str, SourceOptions], Sensor]
    find: Callable[[float], list[Found]]

    @property
    def installed(self) -> bool:
        """Whether what it needs is there."""
        return self.package is None or importlib.util.find_spec(self.package) is not None

    def require(self) -> None:
        """Raise MissingExtraError where what it needs is not installed."""
        if not self.installed:
            assert self.package is not None and self.extra is not None
            raise MissingExtraError(self.package, self.extra, f"Reading --port {self.scheme}:")


def _make_emotibit(address: str, options: SourceOptions) -> Sensor:
    from device.sources.emotibit import make

    return make(address, options)


def _find_emotibit(timeout_s: float) -> list[Found]:
    from device.wireless.lookup import find

    return [Found(board.port, board.describe()) for board in find(timeout_s)]


def _make_lsl(address: str, options: SourceOptions) -> Sensor:
    from device.sources.lsl import make

    return make(address, options)


def _find_lsl(timeout_s: float) -> list[Found]:
    from device.sources.lsl import find

    return find(timeout_s)


def _make_ble(address: str, options: SourceOptions) -> Sensor:
    from device.sources.bluetooth import make

    return make(address, options)


def _find_ble(timeout_s: float) -> list[Found]:
    from device.sources.bluetooth import find

    return find(timeout_s)


_ALL: tuple[SourceKind, ...] = (
    SourceKind("lsl", "LSL streams", "pylsl", "lsl", _make_lsl, _find_lsl),
    SourceKind("emotibit", "EmotiBits", None, None, _make_emotibit, _find_emotibit),
    SourceKind("ble", "Bluetooth Low Energy sensors", "bleak", "ble", _make_ble, _find_ble),
)
KINDS: Mapping[str, SourceKind] = MappingProxyType({kind.scheme: kind for kind in _ALL})


def kind_of(port: str) -> SourceKind | None:
    """Return the kind of source that a port names; None where it is none of these."""
    scheme, colon, _ = port.partition(":")
    return KINDS.get(scheme.lower()) if colon else None


def make_source(port: str, options: SourceOptions | None = None) -> Sensor:
    """Return a sensor that is not open yet.

    Raises
    ------
    ArgumentError
        If something that was said does not fit it.
    MissingExtraError
        If a package that it needs is not installed.
    KeyError
        If `kind_of(port)` is None.
    """
    scheme, _, address = port.partition(":")
    kind = KINDS[scheme.lower()]
    kind.require()
    return kind.make(address, options or SourceOptions())
