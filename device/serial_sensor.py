"""A sensor on a serial port that prints lines: transport, decoder, calibration and clock."""

from __future__ import annotations

import time

import numpy as np

from device.calibration import Calibration, GroveCalibration
from device.clock import ArrivalClock, Clock, CountClock
from device.errors import UnrecognisedDataError
from device.protocols.grove import GroveDecoder
from device.samples import FloatArray, Samples
from device.sensor import SensorCounters, SensorInfo
from device.transport import SerialTransport

# After this long of nothing but nonsense the user is told; an Uno's boot takes two seconds.
_PATIENCE_S = 4.0


class GroveSensor:
    """Grove GSR and other boards that print one reading a line.

    Parameters
    ----------
    port : str
        Device path or pyserial URL.
    baud : int
        9600 in Seeed's sketch, often 115200 on an ESP32.
    rate_hz : float or None
        Samples per second where that is known; None measures it from arrivals.
    calibration : Calibration
        From readings to microsiemens.
    column : int or None
        Field of the line, counted from 0; None finds it.
    """

    def __init__(
        self,
        port: str,
        *,
        baud: int = 9600,
        rate_hz: float | None = None,
        calibration: Calibration | None = None,
        column: int | None = None,
    ) -> None:
        self._calibration = calibration or GroveCalibration()
        self._transport = SerialTransport(port, baud)
        self._decoder = GroveDecoder(limit=self._calibration.limit(), column=column)
        self._clock: Clock = ArrivalClock() if rate_hz is None else CountClock(rate_hz)
        self._waiting: list[FloatArray] = []
        self._closed_s: float | None = None
        self._reset_health()
        self.counters = SensorCounters()

    def open(self) -> None:
        """Open the port; see `SerialTransport.open` for the errors."""
        self._transport.open()
        self._decoder.reset()
        self._reset_health()
        if self._closed_s is not None:
            self.counters.reconnections += 1
            self._clock.resume(time.monotonic() - self._closed_s)
            self._closed_s = None
            # Readings that never got a time, because the port went away before the rate was known.
            self.counters.lost += sum(part.size for part in self._waiting)
            self._waiting.clear()

    def close(self) -> None:
        """Close the port."""
        if self._closed_s is None:
            self._closed_s = time.monotonic()
        self._transport.close()

    def read(self, timeout_s: float) -> Samples:
        """Return what has arrived; see `device.sensor.Sensor.read`."""
        data, arrival_s = self._transport.read(timeout_s)
        if not data:
            return Samples.empty()
        bad_before = self._decoder.bad
        readings = self._decoder.push(data)
        self.counters.lost += self._decoder.bad - bad_before
        self._check_health(data, arrival_s, len(readings))
        self._waiting.append(self._calibration.to_us(readings))
        times = self._clock.stamp(len(readings), arrival_s)
        if times.size == 0:
            return Samples.empty()
        samples = Samples(times, np.concatenate(self._waiting))
        self._waiting.clear()
        self.counters.samples += len(samples)
        self.counters.missing += int(np.isnan(samples.eda_us).sum())
        return samples

    def describe(self) -> SensorInfo:
        """Say what this sensor is."""
        return SensorInfo(
            name="Grove GSR (ASCII lines)",
            port=self._transport.port,
            rate_hz=self._clock.rate_hz,
            details=self._calibration.describe(),
        )

    def _reset_health(self) -> None:
        self._first_byte_s: float | None = None
        self._bytes_seen = 0
        self._sample_of_bytes = b""
        self._understood = 0
        self._refused_at_open = self._decoder.bad

    def _check_health(self, data: bytes, arrival_s: float, understood: int) -> None:
        """Refuse a stream in which, after a few seconds, hardly a line makes sense."""
        if self._first_byte_s is None:
            self._first_byte_s = arrival_s
        self._bytes_seen += len(data)
        self._understood += understood
        self._sample_of_bytes = (self._sample_of_bytes + data)[:48]
        refused = self._decoder.bad - self._refused_at_open
        elapsed_s = arrival_s - self._first_byte_s
        if elapsed_s < _PATIENCE_S or self._understood > refused:
            return
        if self._bytes_seen < 32 and refused == 0:
            return
        raise UnrecognisedDataError(
            f"{self._transport.port} sent {self._bytes_seen} bytes in {elapsed_s:.0f} s at "
            f"{self._transport.baud} baud, but only {self._understood} readable lines "
            f"(values from 0 to {self._calibration.limit():g} are expected, one a line). It began "
            f"with {self._sample_of_bytes!r}. Usually the baud rate is wrong: try --baud 115200 or "
            "--baud 9600; or the board's numbers are larger: see --calibration."
        )
