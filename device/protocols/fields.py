"""Which number on a sketch's line is the skin conductance: by a label, a header, or its place."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

from device.names import candidates, chosen, fold, rank

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LABELLED = re.compile(rf"([A-Za-z_][\w .()/%-]*?)\s*[=:]\s*({_NUMBER})(?![\w.])")
_STRONG = re.compile(r"\s*[,;\t]\s*")
_WEAK = re.compile(r"[,;\t ]+")
_HEADER = re.compile(r"[A-Za-z][\w .,;\t()/%-]*")
# A noisy line may make up a name once; one that comes so often is there.
_OFTEN = 3
_MANY = 64


class FieldFinder:
    """Find the reading on each line.

    Parameters
    ----------
    column : str or None
        A label, a name of the header, or a number from 0; None for the name that says skin
        conductance best (see `device.names.rank`), and the first field where there are no names.

    Attributes
    ----------
    unclear : int
        Lines on which the reading could be several numbers, or none has the name that was given.
    problem : str
        What the user must decide, "" where nothing.
    """

    def __init__(self, column: str | None = None) -> None:
        self._column = column
        self._header: list[str] = []
        self._label = ""
        self._seen: collections.Counter[str] = collections.Counter()
        self._unclear_run = 0
        self.unclear = 0
        self.problem = ""

    def take_header(self, text: str) -> bool:
        """Return whether a line is a header; its names are used for lines of as many fields."""
        if "=" in text or ":" in text or not _HEADER.fullmatch(text):
            return False
        strong = _STRONG.split(text.strip(",;\t "))
        names = strong if len(strong) > 1 else text.split()
        if any(re.fullmatch(_NUMBER, name) for name in names):
            return False
        named = self._column is not None and chosen(names, self._column) is not None
        if not named and not candidates(names, counts=True):
            return False
        self._header = names
        return True

    def find(self, text: str) -> list[float] | None:
        """Return the reading of a line; [] where it is about something else, None where damaged."""
        labelled = _LABELLED.findall(text)
        number = self._column is not None and self._column.isdecimal()
        if labelled and not number:
            return self._by_label([label for label, _ in labelled], [v for _, v in labelled])
        if labelled and _LABELLED.match(text):
            values = [value for _, value in labelled]
        else:
            values = [field for field in _WEAK.split(text) if field]
        names = self._header if len(self._header) == len(values) else []
        place = int(self._column or 0) if number else self._by_header(names)
        if place is None or place >= len(values):
            return None
        with_label = _LABELLED.fullmatch(values[place])
        found = with_label[2] if number and with_label else values[place]
        return [float(found)] if re.fullmatch(_NUMBER, found) else None

    def _by_header(self, names: Sequence[str]) -> int | None:
        if self._column is not None:
            place = chosen(names, self._column)
            if place is None:
                self._doubtful(names)
            return place
        if not names:
            return 0
        places = candidates(names, counts=True)
        if len(places) == 1:
            return places[0]
        self._doubtful([names[i] for i in places])
        return None

    def _by_label(self, labels: list[str], values: list[str]) -> list[float] | None:
        # What stands before a label may be the unit of the value before: "HR=72 bpm GSR=437".
        last = [label.split()[-1] for label in labels]
        if self._column is not None:
            place = chosen(labels, self._column)
            place = chosen(last, self._column) if place is None else place
            if place is not None:
                self._label = self._column
                return [float(values[place])]
            if self._label:
                return []
            self._doubtful(labels)
            return None
        names = [min(pair, key=_rank) for pair in zip(labels, last, strict=True)]
        places = candidates(names, counts=True) or list(range(len(names)))
        if len(places) > 1:
            self._doubtful([names[i] for i in places])
            return None
        return self._one_label(fold(names[places[0]]), float(values[places[0]]))

    def _one_label(self, label: str, value: float) -> list[float] | None:
        """Return the reading of a line with one label, if that is the one the sensor's has."""
        if len(self._seen) > _MANY:
            self._seen.clear()
        self._seen[label] += 1
        often, mine, held = self._seen[label] >= _OFTEN, _rank(label), _rank(self._label)
        if not self._label or mine < held:
            self._label = label
        elif label != self._label and mine == held and often:
            if self._seen[self._label] >= _OFTEN:
                self._unclear_run = _OFTEN
                self._doubtful([self._label, label])
                return None
            self._label = label  # the one before was damaged
        if label == self._label:
            self._unclear_run = 0
            return [value]
        return [] if mine > held and often else None

    def _doubtful(self, names: Sequence[str]) -> None:
        """Count a line that needs the user's word; after a few of them, ask for it."""
        self.unclear += 1
        self._unclear_run += 1
        if self._unclear_run < _OFTEN:
            return
        known = ", ".join(dict.fromkeys(name.strip() for name in names))
        if self._column is None:
            self.problem = f"Several numbers may be the skin conductance. Choose: --column {known}."
        elif known:
            self.problem = f"There is no field {self._column!r}; the sensor names: {known}."
        else:
            self.problem = (
                f"The sensor's lines have no names, so no field {self._column!r}: give its number, "
                "counted from 0, with --column."
            )


def _rank(label: str) -> int:
    return rank(label, counts=True)
