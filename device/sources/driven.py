"""A sensor behind any transport: bytes to the driver, its batches to samples with their time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from device.calibration import step_us
from device.drivers.driver import Driver
from device.errors import SensorDisconnectedError, UnrecognisedDataError
from device.samples import Samples
from device.sensor import SensorInfo
from device.sources.delivery import LiveSource
from device.timing.clock import MEMORY_S
from device.timing.host_clock import HostClock
from device.timing.now import now_s

# After this long of nothing but nonsense the user is told; an Uno's boot takes two seconds.
_PATIENCE_S = 4.0
_FEW_BYTES = 32
# The worst line that is still a line harms this many readings for each that comes whole.
_BAD_LINE = 4
# How long a driver that may have something to send waits for bytes.
_SLICE_S = 0.05
# After a pause of this program what waits on the port tells more than the clock; sooner than any
# driver believes its sensor to be silent.
_STALL_S = 0.5
_SETTLE_S = {True: 1.0, False: 1.5}


class Transport(Protocol):
    """What carries bytes to a sensor and back.

    Attributes
    ----------
    port, device : str
        As it was named, and what was opened last.
    identity : str
        Which one of its kind was opened last, where that is known.
    baud : int
        Bits per second; 0 where there is no such thing.
    """

    port: str
    device: str
    identity: str
    baud: int

    def open(self) -> None:
        """Open it; raise a DeviceError that says why not."""

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return what arrived and when (s, `now_s`); SensorDisconnectedError if it is gone."""

    def write(self, data: bytes) -> None:
        """Send; raise SensorDisconnectedError if it is gone."""

    def close(self) -> None:
        """Close it; harmless when it is closed."""


class DrivenSensor(LiveSource):
    """A sensor whose driver is known, or will be when it is opened.

    Parameters
    ----------
    transport : Transport
        Not open yet.
    driver : Driver, or callable
        What finds the driver of what is on the open port; asked when it is opened first.
    """

    def __init__(self, transport: Transport, driver: Driver | Callable[[], Driver]) -> None:
        super().__init__()
        self._transport = transport
        self._driver: Driver | None = None
        self._heard: list[tuple[bytes, float]] = []
        self._gone: SensorDisconnectedError | None = None
        self._looked_s = 0.0
        if callable(driver):
            self._find_driver = driver
        else:
            self._adopt(driver)

    def open(self) -> None:
        """Open the port, and find out what is on it where that is not known.

        Raises
        ------
        device.errors.DeviceError
            It says why not.
        """
        self._transport.open()
        self._gone = None
        if self._driver is None:
            try:
                self._adopt(self._find_driver())
            except BaseException:
                self._transport.close()
                raise
        assert self._driver is not None
        self._looked_s = now_s()
        self._driver.begin(self._looked_s)
        self._note_opening()
        self._reset_health(self._driver)

    def close(self) -> None:
        """Stop the sensor, where it can be told, and close the port."""
        farewell = self._driver.end() if self._driver else b""
        if farewell:
            # It may have gone already: then there is nobody to be told.
            with contextlib.suppress(SensorDisconnectedError):
                self._transport.write(farewell)
        self._transport.close()

    def read(self, timeout_s: float) -> Samples:
        """Return what has arrived; see `device.sensor.Sensor.read`."""
        driver = self._driver
        if driver is None:
            raise SensorDisconnectedError(f"{self._transport.port} is not open")
        if self._gone is not None:
            gone, self._gone = self._gone, None
            raise gone
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                data, arrival_s = self._exchange(driver, until_s)
            except SensorDisconnectedError as error:
                self._delivery.take(driver.push(b"", now_s(), final=True), None)
                self._delivery.settle()
                self._gone = error
                if not self._delivery.ready:
                    gone, self._gone = self._gone, None
                    raise gone from error.__cause__
                return self._deliver(driver)
            self._delivery.sleep_over(arrival_s)
            if data:
                self._delivery.take(driver.push(data, arrival_s), arrival_s)
                self._check_health(driver, data, arrival_s)
            elif driver.holds and (batches := driver.push(b"", arrival_s)):
                self._delivery.take(batches, arrival_s)
            if self._delivery.ready or time.monotonic() >= until_s:
                return self._deliver(driver)

    def describe(self) -> SensorInfo:
        """Say what this sensor is."""
        driver = self._driver
        if driver is None:
            return SensorInfo("not yet known", self._transport.port, None)
        return SensorInfo(
            name=driver.name,
            port=self._transport.device,
            rate_hz=driver.rate_hz(self._delivery.clock.pace),
            details=", ".join(filter(None, (self._transport.identity, driver.details()))),
        )

    def step_us(self, eda_us: float) -> float | None:
        """Return the smallest change (µS) that it can show at a level; None where not known."""
        return None if self._driver is None else step_us(self._driver.calibration, eda_us)

    def _adopt(self, driver: Driver) -> None:
        self._driver = driver
        self._delivery.turn_samples = driver.turn_samples
        if not driver.trusted:
            self._delivery.clock = HostClock(
                known_rate=driver.known_rate,
                memory_s=MEMORY_S[driver.known_rate],
                settle_s=_SETTLE_S[driver.known_rate],
                turn_s=driver.turn_s,
            )

    def _exchange(self, driver: Driver, until_s: float) -> tuple[bytes, float]:
        """Send what is due and return what arrived."""
        if self._heard:
            return self._heard.pop(0)
        at_s = now_s()
        due = driver.poll(at_s) if at_s - self._looked_s < _STALL_S else b""
        if due:
            self._transport.write(due)
        left_s = max(until_s - time.monotonic(), 0.0)
        data, self._looked_s = self._transport.read(min(left_s, _SLICE_S))
        return data, self._looked_s

    def _deliver(self, driver: Driver) -> Samples:
        self.counters.lost = driver.lost + self._delivery.hidden
        return self._delivery.deliver()

    def _reset_health(self, driver: Driver) -> None:
        self._first_byte_s: float | None = None
        self._bytes_seen = 0
        self._sample_of_bytes = b""
        self._good_at_open = driver.good
        self._damaged_at_open = driver.damaged

    def _check_health(self, driver: Driver, data: bytes, arrival_s: float) -> None:
        """Refuse a stream in which, after a few seconds, hardly anything makes sense."""
        if self._first_byte_s is None:
            self._first_byte_s = arrival_s
        self._bytes_seen += len(data)
        self._sample_of_bytes = (self._sample_of_bytes + data)[:48]
        understood = driver.good - self._good_at_open
        refused = driver.damaged - self._damaged_at_open
        elapsed_s = arrival_s - self._first_byte_s
        if elapsed_s < _PATIENCE_S or understood * _BAD_LINE > refused:
            return
        if self._bytes_seen < _FEW_BYTES and refused == 0:
            return
        speed = f" at {self._transport.baud} baud" if self._transport.baud else ""
        raise UnrecognisedDataError(
            f"{self._transport.device} sent {self._bytes_seen} bytes in {elapsed_s:.0f} s{speed}, "
            f"but only {understood} {driver.expects()}. It began with {self._sample_of_bytes!r}."
        )
