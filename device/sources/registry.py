"""Sources that are no serial port, by the scheme with which `--port` begins: `lsl:NAME`.

A kind is added to `KINDS`, with the module that makes its sensors and finds those that are there;
it is imported when it is needed, so that nobody pays for what is not used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
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
    module : str
        What has its two functions: `make(address, options)` returns a sensor that is not open yet,
        where the address is the port without scheme and colon; `find(timeout_s)` returns a list of
        `Found`.
    package, extra : str or None
        What must be installed to open it, and the extra that installs it; None where nothing more.
    """

    scheme: str
    title: str
    module: str
    package: str | None = None
    extra: str | None = None

    @property
    def installed(self) -> bool:
        """Whether what it needs is there."""
        return self.package is None or importlib.util.find_spec(self.package) is not None

    def make(self, address: str, options: SourceOptions) -> Sensor:
        """Return the sensor of an address, not open yet; the errors are those of `make_source`."""
        self.require()
        sensor: Sensor = import_module(self.module).make(address, options)
        return sensor

    def find(self, timeout_s: float) -> list[Found]:
        """Return the sensors that could be opened.

        Raises
        ------
        device.errors.RtcanError
            If none can be looked for: what it needs is not installed, or off.
        """
        self.require()
        found: list[Found] = import_module(self.module).find(timeout_s)
        return found

    def require(self) -> None:
        """Raise MissingExtraError where what it needs is not installed."""
        if not self.installed:
            assert self.package is not None and self.extra is not None
            raise MissingExtraError(self.package, self.extra, f"Reading --port {self.scheme}:")


_ALL = (
    SourceKind("lsl", "LSL streams", "device.sources.lsl", "pylsl", "lsl"),
    SourceKind("emotibit", "EmotiBits", "device.sources.emotibit"),
    SourceKind("ble", "Bluetooth sensors", "device.sources.bluetooth", "bleak", "ble"),
    SourceKind(
        "brainflow", "BrainFlow boards", "device.sources.brainflow", "brainflow", "brainflow"
    ),
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
    return KINDS[scheme.lower()].make(address, options or SourceOptions())
