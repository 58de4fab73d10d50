"""A recording as every reader returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from device.samples import Samples


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
    """

    path: Path
    name: str
    rate_hz: float | None
    blocks: Callable[[], Iterator[Samples]]
    details: str = ""
    model: str = ""
    model_sha256: str = ""


def in_blocks(samples: Samples, length: int = 1024) -> Iterator[Samples]:
    """Yield samples in groups of at most `length`."""
    for first in range(0, len(samples), length):
        piece = slice(first, first + length)
        raw = None if samples.raw is None else samples.raw[piece]
        yield Samples(samples.time_s[piece], samples.eda_us[piece], raw)
