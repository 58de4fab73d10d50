"""`rtcan analyse` as the tests call it: a recording, the command, a table that it wrote."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from runtime.analysis.command import main
from tests.runtime.analysis.skin import known


def write(path: Path, rate_hz: float = 8.0) -> Path:
    samples = known(rate_hz)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = np.column_stack([samples.time_s, samples.eda_us])
    np.savetxt(path, table, delimiter=",", header="time,eda", comments="", fmt="%.6f")
    return path


def analyse(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments), "--jobs", "1"])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))
