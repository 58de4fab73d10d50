"""`--port emotibit:`, an EmotiBit on this network."""

from __future__ import annotations

from device.drivers.driver import DriverOptions
from device.drivers.emotibit import EmotibitDriver
from device.errors import ArgumentError
from device.sensor import Sensor
from device.sources.driven import DrivenSensor
from device.sources.registry import Found, SourceOptions
from device.wireless import lookup
from device.wireless.emotibit import EmotibitTransport


def make(address: str, options: SourceOptions) -> Sensor:
    """Return an EmotiBit that is not connected yet.

    Parameters
    ----------
    address : str
        Its IPv4 address, with or without a port; its device id; empty for the only one there is.
    options : SourceOptions
        None applies: the board has its own rate and calibration.

    Raises
    ------
    ArgumentError
        If another sensor was named.
    DeviceError
        If an option does not fit, or the address is none.
    """
    if options.sensor not in ("auto", "emotibit"):
        raise ArgumentError(f"sensor is {options.sensor!r}; at emotibit: there are EmotiBits alone")
    given = DriverOptions(
        rate_hz=options.rate_hz,
        calibration=options.calibration,
        # Which one does not matter: it has none.
        channel=None if options.channel is None else 1,
    )
    return DrivenSensor(EmotibitTransport(address), EmotibitDriver(given))


def find(timeout_s: float) -> list[Found]:
    """Return the EmotiBits that answer."""
    return [Found(board.port, board.describe()) for board in lookup.find(timeout_s)]
