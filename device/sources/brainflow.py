"""A board that BrainFlow opens as a sensor: `--port brainflow:NAME?key=value`.

BrainFlow (https://brainflow.readthedocs.io) reads its boards in a thread of its own. Every sample
comes with a time in Unix seconds and with the number of its package, by which losses are counted.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from device.arguments import shown
from device.drivers.driver import Batch
from device.errors import (
    ArgumentError,
    DeviceError,
    RecordingEndedError,
    SensorDisconnectedError,
)
from device.samples import FloatArray, Samples
from device.sensor import SensorInfo
from device.sources.brainflow_boards import boards_with_eda, library, parse_address
from device.sources.delivery import LiveSource
from device.sources.packages import PackageCounter
from device.sources.registry import Found, SourceOptions
from device.timing.now import now_s
from device.timing.stamps import Stamped, Stamps
from device.units import UnitCalibration

_POLL_S = 0.02
# A board that has sent nothing for so long is gone: BrainFlow does not say so.
_SILENT_S = 5.0
_PLAYBACK = "PLAYBACK_FILE_BOARD"


class BrainflowSensor(LiveSource):
    """One row of skin conductance of a board.

    Parameters
    ----------
    address : str
        What follows "brainflow:": a name of BrainFlow's BoardIds, with or without _BOARD, or its
        number; then, after a question mark, fields of BrainFlowInputParams such as serial_port,
        mac_address, ip_address, master_board; `preset`, and `config` for a command to the board.
    options : SourceOptions or None
        `channel`, which of several rows, from 1; `calibration`, where they are not microsiemens;
        `rate_hz`, where the board was told another rate.

    Raises
    ------
    ArgumentError
        For an address or options that cannot be used.
    MissingExtraError
        If BrainFlow cannot be imported.
    """

    def __init__(self, address: str, options: SourceOptions | None = None) -> None:
        super().__init__()
        options = options or SourceOptions()
        if options.sensor != "auto":
            raise ArgumentError(f"sensor is {options.sensor!r}; brainflow: is told the board")
        self._library = library()
        self._asked = asked = parse_address(address)
        self._board = asked.board
        self._row = self._choose_row(options.channel)
        self._rate_hz = options.rate_hz or self._board.rate_hz
        self._calibration = UnitCalibration(options.calibration or "uS")
        self._port = f"brainflow:{address}"
        self._shim: Any = None
        self._stamps = Stamps(self._rate_hz)
        self._packages = PackageCounter()
        self._started = False
        self._heard_s = self._to_now_s = 0.0

    def open(self) -> None:
        """Connect to the board and start it.

        Raises
        ------
        DeviceError
            If BrainFlow cannot; with its reason.
        """
        shim = self._library.BoardShim(self._asked.number, self._asked.params)
        try:
            shim.prepare_session()
            if self._asked.config is not None:
                shim.config_board(self._asked.config)
            shim.start_stream()
        except self._library.BrainFlowError as error:
            with contextlib.suppress(self._library.BrainFlowError):
                shim.release_session()
            keys = ", ".join(sorted(vars(self._asked.params)))
            raise DeviceError(
                f"{self._port} cannot be opened: BrainFlow says {error}. Is it on and near, and is "
                f"all said that it needs (after '?', KEY=VALUE: {keys})?"
            ) from error
        self._shim = shim
        self._heard_s = time.monotonic()
        self._to_now_s = now_s() - time.time()
        self._stamps.begin()
        self._packages.begin()
        self._note_opening()

    def read(self, timeout_s: float) -> Samples:
        """Return what has arrived; see `device.sensor.Sensor.read`.

        Raises
        ------
        RecordingEndedError
            At the end of a file that BrainFlow plays.
        """
        if self._shim is None:
            raise SensorDisconnectedError(f"{self._port} is not open")
        until_s = time.monotonic() + timeout_s
        while True:
            rows = self._fetch()
            arrival_s = now_s()
            self._delivery.sleep_over(arrival_s)
            if rows.shape[1]:
                self._heard_s = time.monotonic()
                self._push(rows, arrival_s)
            elif time.monotonic() - self._heard_s > _SILENT_S:
                self._take(self._stamps.flush())
                self._delivery.settle()
                if not self._delivery.ready:
                    self._end()
            left_s = until_s - time.monotonic()
            if self._delivery.ready or left_s <= 0:
                self.counters.lost = self._stamps.lost + self._delivery.hidden
                return self._delivery.deliver()
            time.sleep(min(_POLL_S, left_s))

    def close(self) -> None:
        """Stop the board and let go of it; harmless when not open."""
        if self._shim is not None:
            for end in (self._shim.stop_stream, self._shim.release_session):
                with contextlib.suppress(self._library.BrainFlowError):
                    end()
            self._shim = None

    def describe(self) -> SensorInfo:
        """Say which board it is."""
        pace = self._delivery.clock.pace if self._started else 1.0
        about = [f"EDA row {self._row}", self._calibration.describe()]
        if self._board.preset != "default":
            about.insert(0, f"{self._board.preset} preset")
        return SensorInfo(
            f"{self._asked.name} (BrainFlow)",
            self._port,
            None if pace is None else self._rate_hz / pace,
            ", ".join(about),
            live=self._asked.name != _PLAYBACK,
        )

    def _choose_row(self, channel: str | int | None) -> int:
        rows = self._board.rows
        if channel is None and len(rows) == 1:
            return rows[0]
        if isinstance(channel, int) and channel <= len(rows):
            return rows[channel - 1]
        raise ArgumentError(
            f"channel is {shown(channel)}; {self._asked.name} has {len(rows)} rows of skin "
            f"conductance: choose with --channel 1 to {len(rows)}"
        )

    def _fetch(self) -> FloatArray:
        try:
            rows: FloatArray = self._shim.get_board_data(preset=self._board.preset_id)
        except self._library.BrainFlowError as error:
            raise SensorDisconnectedError(f"{self._port}: BrainFlow says {error}") from error
        return rows

    def _push(self, rows: FloatArray, arrival_s: float) -> None:
        skipped = self._packages.push(rows[self._board.number_row])
        stamps_s = rows[self._board.time_row] + self._to_now_s
        self._take(self._stamps.push(stamps_s, rows[self._row], arrival_s, skipped))

    def _take(self, pieces: list[Stamped]) -> None:
        for piece in pieces:
            if not self._started:
                self._started = True
                self._delivery.clock = self._stamps.clock()
            eda_us = self._calibration.to_us(piece.raw)
            batch = Batch(eda_us, piece.position_s, piece.restarted, piece.raw)
            self._delivery.take([batch], piece.arrival_s)

    def _end(self) -> None:
        if self._asked.name == _PLAYBACK:
            raise RecordingEndedError(f"{self._asked.params.file} has come to its end")
        raise SensorDisconnectedError(f"{self._port} has sent nothing for {_SILENT_S:.0f} s")


def make(address: str, options: SourceOptions) -> BrainflowSensor:
    """Return the sensor of an address; see `BrainflowSensor`."""
    return BrainflowSensor(address, options)


def find(timeout_s: float) -> list[Found]:
    """Return the boards with skin conductance by name: which of them is near, nobody can say."""
    return [
        Found(f"brainflow:{board.name}", f"{board.rate_hz:g} Hz, not looked for")
        for board in boards_with_eda()
    ]
