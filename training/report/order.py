"""The order in which people expect names that hold numbers: 1, 2, 10."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which "p2" sorts before "p10"."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", name)
    )
