"""A stream of Lab Streaming Layer as a sensor: `--port lsl:`.

Samples come over TCP, in order, with the stamps of the sender's clock. liblsl measures how that
clock stands to this computer's; `device.timing.stamps` turns stamps into time.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from device.arguments import shown
from device.drivers.driver import Batch
from device.errors import ArgumentError, PortNotFoundError, SensorDisconnectedError
from device.lsl_library import liblsl
from device.samples import FloatArray, Samples
from device.sensor import SensorInfo
from device.sources.delivery import LiveSource
from device.sources.lsl_streams import (
    Stream,
    choose_channel,
    choose_stream,
    parse_address,
    streams_present,
)
from device.sources.registry import Found, SourceOptions
from device.timing.now import now_s, slept_s
from device.timing.stamps import Stamped, Stamps
from device.units import EXAMPLE, UnitCalibration, known_unit

# How long is looked for a stream, at first and when it is to come back.
_LOOK_S = 5.0
_AGAIN_S = 1.0
# Answers to one question are waited for this long.
_ROUND_S = 1.0
_OPEN_S = 2.0
_CORRECTION_S = 2.0
# An estimate of how two clocks differ is no better than this: two that differ less are the same.
_PRECISION_S = 1e-3
_UPDATE_S = 1.0
_BUFFER_S = 60
_MOST = 4096


class LslSensor(LiveSource):
    """One channel of a stream.

    Parameters
    ----------
    address : str
        What follows "lsl:": nothing, for the one stream whose type or channel says EDA or GSR; a
        stream's name; or name=, type=, source_id=, hostname= and a value, several after commas.
    options : SourceOptions or None
        `channel`, its label or its number from 1; `calibration`, the unit of what is sent or a
        formula, see `device.units.UnitCalibration`, where the stream says none or a wrong one;
        `rate_hz`, where it says a wrong one.

    Raises
    ------
    ArgumentError
        For an address or options that cannot be used.
    """

    def __init__(self, address: str = "", options: SourceOptions | None = None) -> None:
        super().__init__()
        options = options or SourceOptions()
        if options.sensor != "auto":
            raise ArgumentError(f"sensor is {options.sensor!r}; an LSL stream says what it is")
        self._criteria = parse_address(address)
        self._options = options
        self._named = None if options.calibration is None else UnitCalibration(options.calibration)
        self._calibration: UnitCalibration | None = self._named
        self._port = f"lsl:{address}"
        self._stream: Stream | None = None
        self._place = 0
        self._inlet: Any = None
        self._stamps: Stamps | None = None
        self._gone: SensorDisconnectedError | None = None
        self._started = False
        self._origin_s: float | None = None
        self._correction_s: float | None = None
        self._corrected_s = self._slept_s = self._to_now_s = 0.0

    @property
    def origin_s(self) -> float | None:
        """Host time (`now_s`) of the samples' time 0; None while, or where, it is not known."""
        return (
            self._origin_s
            if self._stamps and self._stamps.kind != "counted"
            else self._delivery.origin_s
        )

    def open(self) -> None:
        """Find the stream and open it; after the first time, the same one again.

        Raises
        ------
        PortNotFoundError
            If it is not there; what was seen instead is named.
        ArgumentError
            If several streams or channels fit, or the unit is not known.
        """
        pylsl = liblsl()

        again = self._stream is not None
        stream = self._find()
        if not again:
            self._place = choose_channel(stream, self._options.channel)
            self._calibration = self._unit(stream)
            rate_hz = self._options.rate_hz or stream.rate_hz
            self._stamps = Stamps(rate_hz, stream.exact)
        assert self._stamps is not None
        inlet = pylsl.StreamInlet(stream.info, _BUFFER_S, recover=False)
        try:
            inlet.open_stream(_OPEN_S)
        except (TimeoutError, RuntimeError) as error:
            raise PortNotFoundError(
                f"{stream.port()} is announced by {stream.hostname}, but cannot be opened "
                f"({type(error).__name__}). Is a firewall in the way (TCP 16572 to 16604)?"
            ) from error
        self._inlet, self._stream, self._gone = inlet, stream, None
        self._clock_of = pylsl.local_clock
        self._correction_s = None
        self._correct(_CORRECTION_S)
        self._stamps.begin()
        self._note_opening()

    def read(self, timeout_s: float) -> Samples:
        """Return what has arrived; see `device.sensor.Sensor.read`."""
        from pylsl.util import LostError

        if self._gone is not None:
            gone, self._gone = self._gone, None
            raise gone
        inlet, stamps = self._inlet, self._stamps
        if inlet is None or stamps is None:
            raise SensorDisconnectedError(f"{self._port} is not open")
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                left_s = max(until_s - time.monotonic(), 0.0)
                values, times = _pull(inlet, left_s)
            except LostError as error:
                gone = SensorDisconnectedError(f"{self.describe().port} has ended")
                gone.__cause__ = error
                self._take(stamps.flush())
                self._delivery.settle()
                if not self._delivery.ready:
                    raise gone from error
                self._gone = gone
                return self._deliver(stamps)
            arrival_s = now_s()
            self._delivery.sleep_over(arrival_s)
            if len(times):
                self._correct(0.0)
                raw = np.array([row[self._place] for row in values], dtype=np.float64)
                self._take(stamps.push(self._here(np.array(times)), raw, arrival_s))
            if self._delivery.ready or time.monotonic() >= until_s:
                return self._deliver(stamps)

    def close(self) -> None:
        """Let go of the stream; harmless when not open."""
        if self._inlet is not None:
            self._inlet.close_stream()
            self._inlet = None

    def describe(self) -> SensorInfo:
        """Say which stream it is."""
        stream, stamps = self._stream, self._stamps
        if stream is None or stamps is None:
            return SensorInfo("LSL stream", self._port, None)
        rate_hz = self._options.rate_hz or stream.rate_hz
        pace = self._delivery.clock.pace if self._started else 1.0
        label = stream.channels[self._place].label
        about = [f"channel {label}" if label else f"channel {self._place + 1}"]
        if self._calibration is not None:
            about.append(self._calibration.describe())
        if stream.hostname:
            about.append(f"from {stream.hostname}")
        if stamps.foreign:
            about.append("stamps of another clock than LSL's")
        return SensorInfo(
            f"{stream.name} (LSL)",
            stream.port(),
            None if rate_hz is None or pace is None else rate_hz / pace,
            ", ".join(about),
        )

    def _find(self) -> Stream:
        if self._stream is not None:
            return self._find_again(self._stream)
        began_s = time.monotonic()
        while True:
            present = streams_present(_ROUND_S)
            waited_s = time.monotonic() - began_s
            try:
                return choose_stream(present, self._criteria, waited_s)
            except PortNotFoundError:
                if waited_s >= _LOOK_S - _ROUND_S:
                    raise

    def _find_again(self, stream: Stream) -> Stream:
        """Return the stream of the same source, or of the same name where it has none."""
        pylsl = liblsl()

        key = "source_id" if stream.source_id else "name"
        value = getattr(stream, key)
        for info in pylsl.resolve_byprop(key, value, 1, _AGAIN_S):
            same = (info.name(), info.type(), info.channel_count())
            if same == (stream.name, stream.type, len(stream.channels)):
                # Its description is that of before, but for what to open it with.
                return Stream(**{**vars(stream), "info": info, "hostname": info.hostname()})
        raise PortNotFoundError(f"{stream.port()} is not there")

    def _unit(self, stream: Stream) -> UnitCalibration:
        if self._named is not None:
            return self._named
        said = stream.channels[self._place].unit
        if (unit := known_unit(said)) is not None:
            return UnitCalibration(unit)
        label = stream.channels[self._place].label or f"channel {self._place + 1}"
        raise ArgumentError(
            f"calibration is not given, and the unit of {label} of {stream.name} is "
            f"{shown(said) if said else 'not said'}; expected: --calibration with its unit (uS, S, "
            f"kohm, …), or with a formula in x that gives microsiemens, such as {EXAMPLE}"
        )

    def _correct(self, timeout_s: float) -> None:
        """Ask now and then how the sender's clock stands to this computer's."""
        at_s = time.monotonic()
        if timeout_s == 0.0 and at_s - self._corrected_s < _UPDATE_S:
            return
        self._corrected_s = at_s
        try:
            correction_s = self._inlet.time_correction(timeout_s or 1e-3)
        except (TimeoutError, RuntimeError):
            correction_s = self._correction_s
        else:
            if abs(correction_s) < _PRECISION_S:
                correction_s = 0.0
        self._correction_s = correction_s
        # LSL's clock stands still while the computer sleeps; ours does not.
        if timeout_s or slept_s() != self._slept_s:
            self._slept_s = slept_s()
            self._to_now_s = min(now_s() - self._clock_of() for _ in range(5))

    def _here(self, times: FloatArray) -> FloatArray:
        """Return stamps on our clock; they are another clock's where no way there is known."""
        if self._correction_s is None:
            return times - 1e9
        return times + (self._correction_s + self._to_now_s)

    def _take(self, pieces: list[Stamped]) -> None:
        assert self._stamps is not None and self._calibration is not None
        for piece in pieces:
            if not self._started:
                self._started = True
                self._delivery.clock = self._stamps.clock()
                self._delivery.turn_samples = self._stamps.turn_samples
                self._origin_s = float(piece.position_s[0])
            if self._stamps.foreign or self._stamps.jumps:
                self._origin_s = None
            eda_us = self._calibration.to_us(piece.raw)
            batch = Batch(eda_us, piece.position_s, piece.restarted, piece.raw)
            self._delivery.take([batch], piece.arrival_s)

    def _deliver(self, stamps: Stamps) -> Samples:
        self.counters.lost = stamps.lost + self._delivery.hidden
        return self._delivery.deliver()


def _pull(inlet: Any, timeout_s: float) -> tuple[list[list[float]], list[float]]:
    """Return the samples that are there, and their stamps, waiting for the first one."""
    sample, stamp_s = inlet.pull_sample(timeout_s)
    if sample is None:
        return [], []
    samples, stamps_s = inlet.pull_chunk(0.0, _MOST)
    return [sample, *samples], [stamp_s, *stamps_s]


def make(address: str, options: SourceOptions) -> LslSensor:
    """Return the sensor of an address; see `LslSensor`."""
    return LslSensor(address, options)


def find(timeout_s: float) -> list[Found]:
    """Return the streams of numbers that are there."""
    present = streams_present(min(timeout_s, _ROUND_S))
    return [Found(stream.port(present), stream.describe()) for stream in present]
