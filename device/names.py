"""The names under which skin conductance goes, in tables and on wires alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

_EXACT = frozenset(
    {
        "eda",
        "gsr",
        "sc",
        "skin_conductance",
        "skinconductance",
        "electrodermal_activity",
        "galvanic_skin_response",
    }
)
_WORDS = frozenset({"eda", "gsr", "conductance"})
_UNITS = frozenset({"microsiemens", "µs"})
_COUNTS = frozenset({"adc", "average", "raw", "skin"})
_UNKNOWN = 4


def fold(name: str) -> str:
    """Return a name as it is compared: small letters, its unit in brackets left out."""
    plain = re.sub(r"[(\[].*", "", name) or name
    return re.sub(r"[^a-z0-9µ]+", "_", plain.lower().replace("μ", "µ")).strip("_")


def rank(name: str, *, counts: bool = False) -> int:
    """Return how well a name says skin conductance: 0 best, 4 not at all.

    In this order: `eda`, `gsr`, `sc` and the like, numbered or not; names with one of the words
    `eda`, `gsr`, `conductance` (`gsr_average`, `EDA_left`); `microsiemens`.

    Parameters
    ----------
    name : str
        As it stands in a header or before a value.
    counts : bool
        Whether a sketch's short names are meant too: `adc`, `average`, `raw`, `skin`, least of all.
    """
    words = re.findall(r"[a-zµ]+", fold(name))
    whole = "_".join(words)
    if whole in _EXACT:
        return 0
    if _WORDS.intersection(words):
        return 1
    if whole in _UNITS:
        return 2
    if counts and _COUNTS.intersection(words):
        return 3
    return _UNKNOWN


def candidates(names: Sequence[str], *, counts: bool = False) -> list[int]:
    """Return the places of the names that say skin conductance best: none, one, or several."""
    ranks = [rank(name, counts=counts) for name in names]
    best = min(ranks, default=_UNKNOWN)
    return [i for i, value in enumerate(ranks) if value == best and best < _UNKNOWN]


def chosen(names: Sequence[str], column: str) -> int | None:
    """Return the place of the name that a user gave, exactly or but for case and unit."""
    if column in names:
        return list(names).index(column)
    wanted = fold(column)
    same = [i for i, name in enumerate(names) if wanted and fold(name) == wanted]
    return same[0] if len(same) == 1 else None
