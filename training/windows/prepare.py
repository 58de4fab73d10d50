"""From a data set's name to what is learnt from: windows and classes, told in the terminal."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from runtime.preprocessing.contract import Contract
from training.compute.progress import Bar
from training.compute.workers import Workers
from training.datasets.recordings import Dataset
from training.datasets.registry import Source
from training.labels import annotation
from training.windows import cache
from training.windows.cut import Windows


def prepare(
    source: Source,
    contract: Contract,
    stride_s: float,
    whole_trial: bool,
    folder: Path | None,
    console: Console,
    workers: Workers | None = None,
    limit_gb: float = cache.LIMIT_GB,
) -> tuple[Dataset, Windows]:
    """Read and decompose a data set, or take its windows from the cache."""
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
    console.print(
        f"{len(data.recordings)} recordings of {len(data.subjects)} people, {len(windows.inputs)} "
        f"windows ({'decomposed' if bars else 'from the cache'} in "
        f"{time.monotonic() - began_s:.1f} s)"
    )
    return data, windows


def annotated(data: Dataset, labels: str, console: Console) -> annotation.Annotation:
    """Give recordings their classes and say where the rule could not be applied."""
    made = annotation.annotate(data, labels)
    for reason, count in made.degenerate.items():
        console.print(
            f"labels: {count} of {len(made.lines)} subjects have {reason}: for them the middle of "
            "the scale is the line"
        )
    return made
