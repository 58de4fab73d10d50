"""A small data set in a published format, and the commands run on it."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from training import run

SMALL = ("--window", "10", "--context", "2", "--input-length", "64", "--width", "8",
         "--epochs", "2", "--folds", "2", "--device", "cpu")  # fmt: skip


def call(tree: Path, output: Path, *more: str, command: Any = run.main) -> Result:
    options = ["--dataset", "pmemo", "--data-root", str(tree), *SMALL, "--output", str(output)]
    return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)
