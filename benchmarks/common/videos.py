"""EEVR's sittings, each video with the class of its rating: `benchmarks.personal`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common.sitting import Person
from training.datasets.registry import Source, load
from training.datasets.sessions import Session
from training.labels.annotation import annotate

RULE = "fixed:3"
"""A rating of arousal above 3 is high."""
VIDEOS = 8
"""Each person's."""


def sessions(root: Path) -> list[Session]:
    """Read everybody who rated all eight videos.

    Parameters
    ----------
    root : Path
        The repository's `Data_files`.
    """
    data = load(Source(name="eevr", root=root))
    classes = annotate(data, RULE).classes["arousal"].tolist()
    of = {(r.subject, r.stimulus): high for r, high in zip(data.recordings, classes, strict=True)}
    found = []
    for session in data.sessions:
        segments = tuple(
            replace(one, classes={"arousal": of[session.subject, one.name]})
            for one in session.segments
            if of.get((session.subject, one.name), -1) >= 0
        )
        if len(segments) == VIDEOS:
            found.append(replace(session, segments=segments))
    return found


def complete(people: Sequence[Person]) -> list[Person]:
    """Return those who have a window in each of their videos."""
    return [one for one in people if np.unique(one.whole.segment).size == VIDEOS]
