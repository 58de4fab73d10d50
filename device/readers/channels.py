"""Files with several named channels: the one with skin conductance, in microsiemens.

Units are turned into microsiemens by their names: siemens and their parts as they are, ohms by
their reciprocal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device.errors import RecordingError
from device.names import candidates, chosen
from device.samples import FloatArray

# Microsiemens of one unit; and megaohms, whose reciprocal is in microsiemens, of one unit.
_CONDUCTANCE = {"S": 1e6, "mS": 1e3, "µS": 1.0, "nS": 1e-3}
_RESISTANCE = {"ohm": 1e-6, "kohm": 1e-3, "mohm": 1.0}
_WORDS = {
    "siemens": "S",
    "millisiemens": "mS",
    "microsiemens": "µS",
    "µsiemens": "µS",
    "usiemens": "µS",
    "nanosiemens": "nS",
    "mho": "S",
    "micromho": "µS",
    "µmho": "µS",
    "umho": "µS",
    "microsie": "µS",  # EDF has eight letters for a unit
    "microsiemen": "µS",
    "ohms": "ohm",
    "kohms": "kohm",
    "mohms": "mohm",
    "kiloohm": "kohm",
    "kiloohms": "kohm",
    "megaohm": "mohm",
    "megaohms": "mohm",
}


def channel(path: Path, names: Sequence[str], units: Sequence[str], column: str | None) -> int:
    """Return the place of the channel with skin conductance.

    By its name, as `device.names.rank` has it; where no name says it, by a unit of conductance.

    Parameters
    ----------
    path : Path
        For the message.
    names, units : sequence of str
        Of the channels; "" where a unit is not told.
    column : str or None
        A channel that the user names, or its number counted from 0.

    Raises
    ------
    RecordingError
        Where none or several could be it, with the list of all.
    """
    if column is not None:
        place = chosen(names, column)
        if place is not None:
            return place
        if column.isdecimal() and int(column) < len(names):
            return int(column)
    else:
        places = candidates(names)
        if not places:
            places = [i for i, unit in enumerate(units) if _plain(unit) in _CONDUCTANCE]
        if len(places) == 1:
            return places[0]
    wanted = f"no channel {column!r}" if column else "no one channel that must be it"
    listed = "\n".join(
        f"    {i} {name}{f' ({unit})' if unit else ''}"
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
    )
    raise RecordingError(
        f"{path} has {wanted}. Choose the skin conductance with --column, by name or number:\n"
        + (listed or "    it has no channels")
    )


def microsiemens(path: Path, name: str, unit: str, values: FloatArray) -> FloatArray:
    """Return a channel's values in microsiemens; NaN where a resistance is not positive.

    A channel without a unit is taken as microsiemens.

    Raises
    ------
    RecordingError
        For a unit that is neither of conductance nor of resistance.
    """
    plain = _plain(unit)
    if not plain:
        return values
    if plain in _CONDUCTANCE:
        return np.asarray(values * _CONDUCTANCE[plain])
    if plain in _RESISTANCE:
        known = np.where(values > 0, values, np.nan)
        return np.asarray(1.0 / (known * _RESISTANCE[plain]))
    raise RecordingError(
        f"{path}: channel {name!r} is in {unit!r}, which is neither a conductance (S, mS, µS, nS) "
        "nor a resistance (ohm, kohm, Mohm). Choose another with --column, or convert it to µS"
    )


def _plain(unit: str) -> str:
    """Return a unit as the tables have it; S is siemens, s is seconds."""
    text = re.sub(r"[Ω\u2126]", "ohm", unit.strip().replace("\u03bc", "µ"))
    text = text.replace("u", "µ", 1) if text in ("uS", "us") else text
    # Microseconds have no place in a file of skin conductance, unlike milliseconds.
    text = "µS" if text == "µs" else text
    if text in _CONDUCTANCE:
        return text
    plain = re.sub(r"[^a-zµ]", "", text.lower())
    return _WORDS.get(plain, f"{plain}?" if plain in ("s", "ms", "ns") else plain)
