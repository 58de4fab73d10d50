"""`--port ble:`, a BITalino or a Shimmer over Bluetooth Low Energy."""

from __future__ import annotations

from device import arguments
from device.drivers.driver import Driver, DriverOptions
from device.drivers.registry import make_driver
from device.errors import ArgumentError
from device.sensor import Sensor
from device.sources.driven import DrivenSensor
from device.sources.registry import Found, SourceOptions
from device.wireless.bluetooth import BleTransport
from device.wireless.nearby import PROFILES, scan

_KINDS = ("auto", *dict.fromkeys(profile.driver for profile in PROFILES))


class BleSensor(DrivenSensor):
    """A sensor whose kind its services tell.

    Parameters
    ----------
    where, kind : str
        See `BleTransport`.
    options : DriverOptions
        What else the user says about it.
    """

    def __init__(self, where: str, kind: str, options: DriverOptions) -> None:
        self._options = options
        self._link = BleTransport(where, kind)
        # Options that do not fit are refused at once, where the kind is named.
        super().__init__(
            self._link, self._by_profile if kind == "auto" else make_driver(kind, options)
        )

    def _by_profile(self) -> Driver:
        assert self._link.profile is not None
        return make_driver(self._link.profile.driver, self._options)


def make(address: str, options: SourceOptions) -> Sensor:
    """Return a Bluetooth sensor that is not connected yet.

    Parameters
    ----------
    address : str
        Its name or its address; empty for the only sensor of a known kind that is there.
    options : SourceOptions
        As for the same sensor on a serial port.

    Raises
    ------
    ArgumentError
        If another sensor was named, or the channel is no number.
    DeviceError
        If an option does not fit the sensor.
    """
    if options.sensor not in _KINDS:
        raise ArgumentError(
            f"sensor is {options.sensor!r}; over ble: there are {' and '.join(_KINDS[1:])}"
        )
    channel = options.channel
    if isinstance(channel, str):
        if not channel.isdecimal():
            raise ArgumentError(
                f"channel is {channel!r}; expected: the number of an analog channel"
            )
        channel = int(channel)
    if channel is not None:
        channel = arguments.whole("channel", channel, 1)
    given = DriverOptions(options.rate_hz, options.calibration, None, channel)
    return BleSensor(address, options.sensor, given)


def find(timeout_s: float) -> list[Found]:
    """Return the Bluetooth sensors of known kinds that are there.

    Raises
    ------
    DeviceError
        If Bluetooth is absent or off.
    """
    return [Found(f"ble:{one.address}", one.describe()) for one in scan(timeout_s) if one.profile]
