"""A recording as every reader returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import RecordingError
from device.samples import FloatArray, Samples

_HEAD = 16
# No skin conducts more: what is larger is a count, a time or a resistance.
_MOST_US = 1000.0


@dataclass(frozen=True)
class Source:
    """A recording.

    Attributes
    ----------
    path : Path
        Where it lies.
    name : str
        What it is, for people.
    rate_hz : float or None
        Its sampling rate, where it says.
    blocks : callable
        Returns its samples anew, in groups.
    details : str
        What else is known, for people.
    model, model_sha256 : str
        Name and hash of the model that answered when it was recorded; "" where none did.
    markers : tuple of (float, str)
        Times (s, in the samples' time) and texts of what was noted while it was recorded.
    labels : tuple of (float, str)
        Times (s) and words of what the person said of how they felt, such as "arousal 4".
    began_utc_s : float or None
        When its time 0 was, in seconds of Unix time, where it says.
    reference : mapping or None
        What was known of the person when it began, in the form of who recorded it.
    """

    path: Path
    name: str
    rate_hz: float | None
    blocks: Callable[[], Iterator[Samples]]
    details: str = ""
    model: str = ""
    model_sha256: str = ""
    markers: tuple[tuple[float, str], ...] = ()
    began_utc_s: float | None = None
    reference: Mapping[str, Any] | None = None
    labels: tuple[tuple[float, str], ...] = ()


def in_blocks(samples: Samples, length: int = 1024) -> Iterator[Samples]:
    """Yield samples in groups of at most `length`."""
    for first in range(0, len(samples), length):
        yield samples.part(slice(first, first + length))


def refuse_impossible(path: Path, eda_us: FloatArray) -> None:
    """Raise RecordingError where a recording begins with values that no skin has.

    Parameters
    ----------
    path : Path
        For the message.
    eda_us : float64 (n,)
        Microsiemens, as read.
    """
    head = eda_us[np.isfinite(eda_us)][:_HEAD]
    if not head.size:
        return
    if head.max() > _MOST_US:
        found = f"{head[head > _MOST_US][0]:.10g}"
        form = (
            "Is this a column of times, of a converter's counts, or of ohms? Name the column of "
            "microsiemens with --column; counts can be read from a file with OpenSignals' header, "
            "Empatica's and Affectiva's files as they were exported, with their first lines"
        )
    elif head.size == _HEAD and head.max() < 0:
        found = f"only negative values ({head[0]:.6g})"
        form = "Was it standardised, or its mean taken away? Give the recording in microsiemens"
    else:
        return
    raise RecordingError(
        f"{path} begins with {found}: no skin has that in microsiemens (0 to {_MOST_US:g}). {form}."
    )
