"""Grove GSR and other boards that print one reading a line: they talk, and never listen."""

from __future__ import annotations

import numpy as np

from device.calibration import GroveCalibration, MicrosiemensCalibration, parse_calibration
from device.drivers.driver import Batch, DecodingDriver, DriverOptions
from device.errors import UnrecognisedDataError
from device.protocols.grove import GroveDecoder


class GroveDriver(DecodingDriver):
    """Lines of text.

    Parameters
    ----------
    options : DriverOptions
        `rate_hz`, `calibration` (512, the reading with open electrodes of a ten-bit board, where
        not given) and `column` are used.
    """

    key = "grove"
    name = "Grove GSR (ASCII lines)"
    baud = 9600
    _decoder: GroveDecoder

    def __init__(self, options: DriverOptions) -> None:
        self.calibration: GroveCalibration | MicrosiemensCalibration = parse_calibration(
            options.calibration or "512"
        )
        self._decoder = GroveDecoder(limit=self.calibration.limit(), column=options.column)
        self._rate_hz = options.rate_hz
        self.known_rate = self.trusted = options.rate_hz is not None
        self._count = 0
        self._restarted = True
        if not self.trusted:
            # Lines have no number: one that is lost shows only as all later ones being late.
            self.turn_s = 1.0

    @property
    def lost(self) -> int:
        """Lines refused: there is no other count."""
        return self._decoder.bad

    def begin(self, now_s: float) -> None:
        """Forget half a line."""
        self._decoder.reset()
        self._restarted = True

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Return the readings of whole lines; a refused line keeps its place in time.

        Raises
        ------
        UnrecognisedDataError
            If several of a line's numbers may be the reading.
        """
        value = self._decoder.push(data).value
        if self._decoder.problem:
            raise UnrecognisedDataError(self._decoder.problem)
        if value.size == 0:
            return []
        index = np.arange(self._count, self._count + value.size, dtype=np.float64)
        self._count += value.size
        whole = ~np.isnan(value)
        if not whole.any():
            return []
        restarted, self._restarted = self._restarted, False
        position_s = index[whole] / (self._rate_hz or 1.0)
        return [Batch.of(self.calibration, value[whole], position_s, restarted)]

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the rate as given, else as measured."""
        if self._rate_hz is not None:
            return self._rate_hz
        return None if pace is None else 1.0 / pace

    def details(self) -> str:
        """Say the calibration."""
        return self.calibration.describe()

    def expects(self) -> str:
        """Say what the lines should be."""
        return (
            f"readable lines (values from 0 to {self.calibration.limit():g} are expected, one a "
            "line). Usually the baud rate is wrong: try --baud 115200 or --baud 9600; or the "
            "board's numbers are larger: see --calibration; or another field of the line is meant: "
            "see --column"
        )
