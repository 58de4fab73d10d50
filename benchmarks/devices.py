"""`python -m benchmarks.devices`: how long `rtcan devices` takes, also where something hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand

_COMMAND = [sys.executable, "-m", "device.devices"]
# In place of the packages of that name: a radio, and streams, that never answer.
_HANGING = {
    "bleak/__init__.py": """
import asyncio
class BleakScanner:
    @staticmethod
    async def find_device_by_filter(notice, timeout):
        await asyncio.sleep(600)
""",
    "bleak/exc.py": "class BleakError(Exception): pass\n",
    "pylsl.py": """
import time
def resolve_streams(wait_s):
    time.sleep(600)
""",
}
# A computer on which no extra is installed.
_NO_EXTRAS = {
    "sitecustomize.py": """
import importlib.util
find_spec = importlib.util.find_spec
def without(name, package=None):
    return None if name in ("pylsl", "bleak", "brainflow") else find_spec(name, package)
importlib.util.find_spec = without
"""
}


@dataclass(frozen=True)
class Case:
    """A computer on which it is run: what stands in its way, and before the command."""

    name: str
    modules: dict[str, str]
    before: Sequence[str] = ()


def cases() -> list[Case]:
    """Return the computers that can be had here."""
    found = [
        Case("as it is", {}),
        Case("Bluetooth and LSL hang", _HANGING),
        Case("no extra installed", _NO_EXTRAS),
    ]
    unshare = shutil.which("unshare")
    alone = [unshare, "--net"] if unshare else []
    if alone and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
        found.append(Case("no network", {}, alone))
    return found


def timed(case: Case) -> tuple[float, str]:
    """Return seconds until the command has ended, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in case.modules.items():
            file = Path(folder) / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        paths = [folder, str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        began_s = time.perf_counter()
        said = subprocess.run(
            [*case.before, *_COMMAND], env=environment, capture_output=True, text=True, check=True
        )
        return time.perf_counter() - began_s, said.stdout


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Each once.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(quick: bool, output: Path | None) -> None:
    """Run it on every computer in turn; the median counts, of the slowest computer."""
    repeats, rows = 1 if quick else 5, []
    figures: dict[str, Any] = {"repeats": repeats, "load_before": os.getloadavg()[0]}
    for case in cases():
        runs = [timed(case) for _ in range(repeats)]
        seconds, said = [s for s, _ in runs], runs[-1][1]
        figures[case.name] = {"seconds": seconds, "install_lines": said.count("pip install")}
        rows.append([case.name, *(f"{np.percentile(seconds, p):.2f}" for p in (0, 50, 100))])
    show_table(f"rtcan devices, {repeats} times", ["s", "best", "median", "worst"], rows)
    measured = [value for value in figures.values() if isinstance(value, dict)]
    claims = {
        "devices_s": max(float(np.median(one["seconds"])) for one in measured),
        "install_lines": float(figures["no extra installed"]["install_lines"]),
    }
    write_result("devices", figures, claims, output, quick=quick)


if __name__ == "__main__":
    main()
