"""A small data set in a published format, and the commands run on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from training import run
from training.report import page, plots

SMALL = ("--window", "10", "--context", "2", "--input-length", "64", "--width", "8",
         "--epochs", "2", "--folds", "2", "--device", "cpu")  # fmt: skip


def call(
    tree: Path, output: Path, *more: str, command: Any = run.main, report: bool = False
) -> Result:
    """Run the command on PMEmo's files; report.html stays empty unless it is asked for."""
    options = ["--dataset", "pmemo", "--data-root", str(tree), *SMALL, "--output", str(output)]
    if report:
        return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)
    with without_report():
        return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)


@contextmanager
def without_report() -> Iterator[None]:
    """Leave report.html empty: its pictures take half of a small run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "build", lambda result: "")
        yield


@contextmanager
def without_pictures() -> Iterator[None]:
    """Leave the pictures of report.html undrawn; all else stands in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "_svg", lambda figure: "<svg></svg>")
        yield
