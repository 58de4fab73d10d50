"""A sensor on a serial port: found out where it is not named."""

from __future__ import annotations

from device.drivers.driver import Driver, DriverOptions
from device.drivers.registry import AUTO, make_driver
from device.serial.detect import detect
from device.serial.transport import SerialTransport
from device.sources.driven import DrivenSensor


class SerialSensor(DrivenSensor):
    """Any of the known sensors.

    Parameters
    ----------
    port : str
        Device path, pyserial URL, pattern or USB id; see `device.serial.ports.PortFinder`.
    sensor : str
        Its name (see `device.drivers.registry`), or "auto" to find out when it is opened first.
    baud : int or None
        Bits per second; None for the sensor's usual speed.
    options : DriverOptions or None
        What else the user says about it.

    Raises
    ------
    device.errors.DeviceError
        For an unknown sensor, or options that do not fit it.
    """

    def __init__(
        self,
        port: str,
        sensor: str = AUTO,
        *,
        baud: int | None = None,
        options: DriverOptions | None = None,
    ) -> None:
        self._options = options or DriverOptions()
        self._baud = baud
        self._port = SerialTransport(port, baud or 115200)
        known = sensor != AUTO
        super().__init__(self._port, make_driver(sensor, self._options) if known else self._detect)

    def _detect(self) -> Driver:
        found = detect(self._port, self._baud)
        self._heard = found.heard
        return make_driver(found.key, self._options)

    def _adopt(self, driver: Driver) -> None:
        if self._baud is None and not self._opened:
            self._port.baud = driver.baud
        super()._adopt(driver)
