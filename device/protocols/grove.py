"""ASCII lines, as Arduino and ESP32 sketches for the Grove GSR sensor print them.

One reading a line, in any of the shapes met in the wild:

    437                         Seeed's sketch
    gsr_average = 437           copies of it
    201 -86                     average and a second field, often an overflowed resistance
    12034,437                   CSV; the column is found from a header line, else it is the first
    temp:25,gsr:437             labels, as Arduino's plotter reads them; `gsr` is known by its name
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from device.protocols.fields import FieldFinder
from device.protocols.readings import Readings

_MAX_LINE = 256
# Bytes that end a line, and how much longer than usual a refused one is where it is two, joined by
# the loss of those bytes. What is usual is told by about the last so many lines.
_END = 2
_JOINED = 1.5
_USUAL_OF = 16


@dataclass
class GroveDecoder:
    """Turn bytes into readings.

    Parameters
    ----------
    limit : float
        Largest reading that is possible; a larger or negative one makes its line invalid.
    column : str or None
        Field to take: its name, or its number from 0; None finds it.

    Attributes
    ----------
    good, bad : int
        Lines understood and lines refused since this was made; one that is as long as two counts
        as two. Empty lines, header lines and the first, possibly cut, line count as neither.
    """

    limit: float = 1023.0
    column: str | None = None
    good: int = 0
    bad: int = 0
    _rest: bytes = b""
    _at_start: bool = True
    _usual: float = math.inf

    def __post_init__(self) -> None:
        self._fields = FieldFinder(self.column)

    @property
    def unclear(self) -> int:
        """Lines, among those refused, on which several numbers may be the reading."""
        return self._fields.unclear

    @property
    def problem(self) -> str:
        """What the user must decide before a line can be read; "" where nothing."""
        return self._fields.problem

    def push(self, data: bytes) -> Readings:
        """Return the readings of the lines that `data` completes; NaN for a refused line."""
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        values = [value for line in lines for value in self._line(line)]
        if len(rest) > _MAX_LINE:
            # No sketch prints such a line: keep the buffer bounded, and say that it was refused.
            # What is still to come of it is no line either.
            self.bad += 1
            rest = b""
            self._at_start = True
        self._rest = rest
        return Readings(np.array(values, dtype=float))

    def reset(self) -> None:
        """Forget the half line, for a port that was opened anew; the counters stay."""
        self._rest = b""
        self._at_start = True

    def _line(self, line: bytes) -> list[float]:
        """Return the readings that a line stands for: mostly one."""
        first, self._at_start = self._at_start, False
        try:
            text = line.decode("ascii").strip() if len(line) <= _MAX_LINE else "\0"
        except UnicodeDecodeError:
            text = "\0"
        if not text:
            self._at_start = first
            return []
        printable = text.replace("\t", " ").isprintable()
        if printable and self._fields.take_header(text):
            return []
        if first:
            # The port may have been opened in the middle of this line: "437" may be a cut "1437".
            return []
        found = self._fields.find(text) if printable else None
        if found == []:
            return []  # about another quantity
        value = math.nan if found is None else found[0]
        size = len(line) + _END
        if not 0 <= value <= self.limit:
            places = 2 if size > _JOINED * self._usual else 1
            self.bad += places
            return [math.nan] * places
        self.good += 1
        usual = size if math.isinf(self._usual) else self._usual
        self._usual = usual + (size - usual) / _USUAL_OF
        return [value]


def encode(reading: float, decimals: int = 0) -> bytes:
    """Return the line that a sketch prints for a reading; Seeed's prints whole numbers."""
    return f"{reading:.{decimals}f}\r\n".encode("ascii")
