"""What every benchmark shares: the machine's name, a table, and one JSON file with claims."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from device.versions import installed

RESULTS = Path(__file__).parents[1] / "results"
_PACKAGES = (
    "rtcan",
    "numpy",
    "scipy",
    "onnxruntime",
    "torch",
    "cvxopt",
    "neurokit2",
    "scikit-learn",
)


def machine_info(threads: int = 1) -> dict[str, Any]:
    """Return processor, cores, threads used, system and package versions."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": installed(_PACKAGES),
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def write_result(
    name: str,
    figures: Mapping[str, Any],
    claims: Mapping[str, float | None],
    output: Path | None = None,
    *,
    threads: int = 1,
    quick: bool = False,
) -> Path:
    """Write NAME.json with the machine, all figures and the claims; return its path.

    Parameters
    ----------
    name : str
        Of the benchmark.
    figures : mapping
        Everything measured.
    claims : mapping of str to float or None
        The numbers that the project states; None where one was not measured.
    output : Path or None
        Folder; benchmarks/results where None.
    threads : int
        Threads used for computing.
    quick : bool
        Whether the run was shortened.
    """
    path = (output or RESULTS) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "benchmark": name,
        "quick": quick,
        "machine": machine_info(threads),
        "claims": dict(claims),
        "figures": dict(figures),
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    Console(stderr=True).print(f"[dim]{machine_info(threads)['cpu']}; wrote {path}[/]")
    return path


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is text, the others are figures."""
    table = Table(title=title)
    for i, name in enumerate(header):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def interleaved(
    contestants: Mapping[str, Callable[[int], object]], repeats: int, *, warm_up: int = 2
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Time contestants in turn, so that a noisy moment hits them all alike.

    Parameters
    ----------
    contestants : mapping of str to callable
        Each is given the number of the turn, from 0, warm-up included.
    repeats, warm_up : int
        Turns that count, and turns before them that do not.

    Returns
    -------
    dict of str to float64 (repeats,)
        Seconds of each call.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_up + repeats):
        for name, call in contestants.items():
            began = time.perf_counter()
            call(turn)
            took = time.perf_counter() - began
            if turn >= warm_up:
                seconds[name].append(took)
    return {name: np.array(values) for name, values in seconds.items()}
