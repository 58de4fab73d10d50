"""ASCII lines, as Arduino and ESP32 sketches for the Grove GSR sensor print them.

One reading a line, in any of the shapes met in the wild:

    437                         Seeed's sketch
    gsr_average = 437           copies of it
    201 -86                     average and a second field, often an overflowed resistance
    12034,437                   CSV; the column is found from a header line, else it is the first
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np

from device.protocols.readings import Readings

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LABELLED = re.compile(rf"^([A-Za-z_][\w .()/%µ-]*?)\s*[=:]\s*({_NUMBER})\b")
_SEPARATOR = re.compile(r"[,;\t ]+")
_EDA_NAME = re.compile(r"gsr|eda|adc|average|conductance|skin|raw", re.IGNORECASE)
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
    column : int or None
        Field to take, counted from 0; None finds it.

    Attributes
    ----------
    good, bad : int
        Lines understood and lines refused since this was made; one that is as long as two counts
        as two. Empty lines, header lines and the first, possibly cut, line count as neither.
    """

    limit: float = 1023.0
    column: int | None = None
    good: int = 0
    bad: int = 0
    _rest: bytes = b""
    _at_start: bool = True
    _found_column: int = field(default=0)
    _usual: float = math.inf

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
        if self._is_header(text):
            return []
        value = self._value(text) if text.replace("\t", " ").isprintable() else None
        if first:
            # The port may have been opened in the middle of this line: "437" may be a cut "1437".
            return []
        size = len(line) + _END
        if value is None or not 0 <= value <= self.limit:
            places = 2 if size > _JOINED * self._usual else 1
            self.bad += places
            return [math.nan] * places
        self.good += 1
        usual = size if math.isinf(self._usual) else self._usual
        self._usual = usual + (size - usual) / _USUAL_OF
        return [value]

    def _is_header(self, text: str) -> bool:
        fields = _SEPARATOR.split(text)
        if not text.isprintable() or any(re.fullmatch(_NUMBER, item) for item in fields):
            return False
        if _LABELLED.match(text) or not re.fullmatch(r"[A-Za-z][\w .,;\t()/%-]*", text):
            return False
        named = [i for i, item in enumerate(fields) if _EDA_NAME.search(item)]
        if named:
            self._found_column = named[0]
        return bool(named)

    def _value(self, text: str) -> float | None:
        labelled = _LABELLED.match(text)
        if labelled and self.column is None:
            return float(labelled.group(2))
        fields = _SEPARATOR.split(text)
        index = self._found_column if self.column is None else self.column
        if index >= len(fields) or not re.fullmatch(_NUMBER, fields[index]):
            return None
        return float(fields[index])


def encode(reading: float, decimals: int = 0) -> bytes:
    """Return the line that a sketch prints for a reading; Seeed's prints whole numbers."""
    return f"{reading:.{decimals}f}\r\n".encode("ascii")
