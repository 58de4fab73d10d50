"""From the name of a port to its sensor: serial port, network, recording or simulated person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from device import arguments
from device.errors import ArgumentError, RecordingEndedError
from device.samples import Samples
from device.sensor import Sensor, SensorCounters, SensorInfo
from device.sources.registry import SourceOptions, kind_of, make_source

DEMO = "demo:"
_REPLAY = "replay:"
_POLL_S = 0.2


def make_sensor(
    port: str | os.PathLike[str],
    sensor: str = "auto",
    *,
    baud: int | None = None,
    rate_hz: float | None = None,
    calibration: str | None = None,
    column: str | None = None,
    channel: int | str | None = None,
    speed: float | None = 1.0,
) -> Sensor:
    """Return the sensor on a port, not yet open; see `open_sensor` for the parameters."""
    if not isinstance(port, (str, os.PathLike)):
        raise ArgumentError(
            f"port is {arguments.shown(port)}; expected: its name as str, such as '/dev/ttyUSB0', "
            "'COM3' or 'demo:', or the path of a recording"
        )
    name = os.fspath(port)
    if rate_hz is not None:
        rate_hz = arguments.number("rate_hz", rate_hz, 0, open_ends=True)
    if speed is not None:
        speed = arguments.number("speed", speed, 0, open_ends=True)
    if name.startswith(DEMO):
        from device.sources.demo import DemoSensor

        if speed is None:
            raise ArgumentError("A simulated person has no highest speed; give speed a number.")
        person = DemoSensor(site=name.removeprefix(DEMO) or "finger")
        if speed != 1.0:  # else the usual one of simulated people
            person.speed = speed
        return person
    path = Path(name.removeprefix(_REPLAY))
    if name.startswith(_REPLAY) or path.is_file() or path.is_dir():
        from device.sources.replay import ReplaySensor
        from runtime.replay.find import find

        return ReplaySensor(find(path, rate_hz, None if column is None else str(column)), speed)
    if speed != 1.0:
        raise ArgumentError(
            f"speed is {speed}; it is for recordings, and {name} is no file or folder"
        )
    if baud is not None:
        baud = arguments.whole("baud", baud, 1)
    if channel is not None and not isinstance(channel, str):
        channel = arguments.whole("channel", channel, 1)
    if (kind := kind_of(name)) is not None:
        for option, value in (("baud", baud), ("column", column)):
            if value is not None:
                raise ArgumentError(f"{option} is {value}; {kind.scheme}: has no {option}")
        return make_source(name, SourceOptions(sensor, rate_hz, calibration, channel))
    from device.calibration import parse_calibration
    from device.drivers.driver import DriverOptions
    from device.sources.serial import SerialSensor

    if isinstance(channel, str):
        raise ArgumentError(f"channel is {channel!r}; expected: a number, as printed on the board")
    if calibration is not None:
        parse_calibration(calibration)  # a mistake in it is said before any port is opened
    field = None if column is None else str(column)
    options = DriverOptions(rate_hz, calibration, field, channel)
    return SerialSensor(name, sensor, baud=baud, options=options)


def open_sensor(
    port: str | os.PathLike[str],
    sensor: str = "auto",
    *,
    baud: int | None = None,
    rate_hz: float | None = None,
    calibration: str | None = None,
    column: str | None = None,
    channel: int | str | None = None,
    speed: float | None = 1.0,
) -> OpenedSensor:
    """Open a sensor.

        with rtcan.open_sensor("/dev/ttyUSB0") as sensor:
            for samples in sensor:
                print(samples.time_s[-1], samples.eda_us[-1])

    Parameters
    ----------
    port : str or Path
        A serial port ("/dev/ttyUSB0", "COM3", "socket://host:port", a pattern, "usb:VID:PID"), a
        recording (a path, or "replay:PATH"), "demo:" for a simulated person, "demo:wrist" for one
        who is measured there, or one of the kinds in `device.sources.registry`.
    sensor : str
        What is plugged in: "grove", "bitalino", "shimmer", "rtcan", or "auto" to find out.
    baud : int or None
        Bits per second; None for the sensor's usual.
    rate_hz : float or None
        Samples per second: set on a sensor that can be told; a recording's or a Grove's own.
    calibration : str or None
        Of a Grove, as --calibration of `rtcan live` takes it.
    column : str or None
        Field of a line with several, by name or number from 0; of a table, its name.
    channel : int or str or None
        Analog channel of a BITalino, 1 to 6; elsewhere a channel's label, or its number from 1.
    speed : float or None
        Of a recording: how many times faster than life; None for as fast as possible. Of a
        simulated person a number too, where 1 stands for its usual 8.

    Raises
    ------
    ArgumentError
        If an argument cannot be used.
    device.errors.DeviceError
        If the port cannot be opened, or nothing that is known answers.
    device.errors.RtcanError
        If a recording cannot be read.
    """
    found = make_sensor(
        port,
        sensor,
        baud=baud,
        rate_hz=rate_hz,
        calibration=calibration,
        column=column,
        channel=channel,
        speed=speed,
    )
    found.open()
    return OpenedSensor(found)


def model_for(sensor: Sensor) -> tuple[Path, str | None]:
    """Return the model for a sensor where none was named, and what is to be said of it.

    A recording was made with one; a simulated person has the package's, as anybody without one.

    Raises
    ------
    device.errors.ModelError
        See `runtime.inference.models.model_of`.
    """
    from device.sources.demo import DemoSensor
    from device.sources.replay import ReplaySensor
    from runtime.inference.models import SHIPPED_MODEL, default_model, model_of

    if isinstance(sensor, DemoSensor):
        return SHIPPED_MODEL, None
    if isinstance(sensor, ReplaySensor):
        source = sensor.source
        return model_of(source.path, source.model, source.model_sha256)
    return default_model()


class OpenedSensor:
    """A sensor that is open: iterate over its samples, or `read` them; closed by `with`.

    Parameters
    ----------
    sensor : Sensor
        Already open.
    """

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor

    @property
    def counters(self) -> SensorCounters:
        """What has passed through it; see `device.sensor.SensorCounters`."""
        return self._sensor.counters

    def read(self, timeout_s: float = 1.0) -> Samples:
        """Return what has arrived, waiting at most `timeout_s` for the first of it.

        Raises
        ------
        device.errors.DeviceError
            The port went away, unknown bytes arrive, or a recording has ended.
        """
        return self._sensor.read(arguments.number("timeout_s", timeout_s, 0))

    def describe(self) -> SensorInfo:
        """Return what is known about the sensor."""
        return self._sensor.describe()

    def close(self) -> None:
        """Disconnect; harmless when done already."""
        self._sensor.close()

    def __iter__(self) -> Iterator[Samples]:
        """Yield samples as they arrive, until a recording ends."""
        while True:
            try:
                samples = self._sensor.read(_POLL_S)
            except RecordingEndedError:
                return
            if len(samples):
                yield samples

    def __enter__(self) -> OpenedSensor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
