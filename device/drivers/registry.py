"""The sensors that are known, by the names that `--sensor` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from device.drivers.bitalino import BitalinoDriver
from device.drivers.driver import Driver, DriverOptions
from device.drivers.grove import GroveDriver
from device.drivers.rtcan import RtcanDriver
from device.drivers.shimmer import ShimmerDriver
from device.errors import DeviceError

DRIVERS: Mapping[str, Callable[[DriverOptions], Driver]] = MappingProxyType(
    {
        "grove": GroveDriver,
        "bitalino": BitalinoDriver,
        "shimmer": ShimmerDriver,
        "rtcan": RtcanDriver,
    }
)
AUTO = "auto"


def make_driver(name: str, options: DriverOptions | None = None) -> Driver:
    """Return a new driver.

    Raises
    ------
    DeviceError
        For an unknown name, or options that do not fit the sensor.
    """
    if name not in DRIVERS:
        raise DeviceError(f"There is no sensor {name!r}. Known: {', '.join(DRIVERS)}.")
    return DRIVERS[name](options or DriverOptions())
