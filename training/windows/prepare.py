"""From a data set's name to what is learnt from: windows and classes, told in the terminal."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rich.console import Console

from runtime.preprocessing.contract import Contract
from training.compute.progress import Bar
from training.compute.workers import Workers
from training.datasets.recordings import Dataset
from training.datasets.registry import Source
from training.labels import annotation
from training.windows import cache
from training.windows.cut import Windows, usable


def prepare(
    source: Source,
    contract: Contract,
    stride_s: float,
    whole_trial: bool,
    labels: str,
    folder: Path | None,
    console: Console,
    workers: Workers | None = None,
    limit_gb: float = cache.LIMIT_GB,
) -> tuple[Dataset, Windows, annotation.Annotation]:
    """Return recordings that have windows, those, and their classes by the rule `labels`.

    The data set is read and decomposed, or its windows are taken from the cache. The classes are
    drawn from the ratings of all recordings, before those without windows are left out: a label
    does not depend on how windows are cut.
    """
    bars: list[Bar] = []
    began_s = time.monotonic()
    with ExitStack() as shown:

        def cutting(done: int, of: int) -> None:
            if not bars:
                bars.append(shown.enter_context(Bar(console, "Decomposing", of)))
            bars[0].advance()

        data, windows = cache.windows(
            source, contract, stride_s, whole_trial=whole_trial, folder=folder, workers=workers,
            reading=lambda: console.print(f"Reading [bold]{source.name}[/] ..."), cutting=cutting,
            limit_gb=limit_gb,
        )  # fmt: skip
    made = annotated(data, labels, console)
    data, windows, left = usable(data, windows)
    past = int(np.count_nonzero(windows.short))
    short = f" and {past} of a short past" if past else ""
    console.print(
        f"{len(data.recordings)} recordings of {len(data.subjects)} people, "
        f"{np.count_nonzero(~windows.short)} windows{short} "
        f"({'decomposed' if bars else 'from the cache'} in {time.monotonic() - began_s:.1f} s)"
    )
    return data, windows, made.of(left)


def annotated(data: Dataset, labels: str, console: Console) -> annotation.Annotation:
    """Give recordings their classes and say where the rule could not be applied."""
    made = annotation.annotate(data, labels)
    for reason, count in made.degenerate.items():
        console.print(
            f"labels: {count} of {len(made.lines)} subjects have {reason}: for them the middle of "
            "the scale is the line"
        )
    return made
