"""What a process takes, and what of that its libraries take before RTCAN does anything."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path

import psutil

_SOURCE = Path(__file__).resolve().parents[2]
# A process of its own each: what it takes before the next is imported.
BARE = {
    "python": "pass",
    "with numpy": "import numpy",
    "with numpy, click and onnxruntime": "import numpy, click, onnxruntime",
}
# Parts of a path, by what they belong to; the first that fits.
_OWNERS = {
    "onnxruntime's library": ("onnxruntime",),
    "numpy's libraries": ("numpy", "openblas", "gfortran", "quadmath"),
    "other libraries": ("/",),
}
_ELSE = "heap, weights and buffers"


def compile_packages() -> None:
    """Write the bytecode of what runs on the edge, as pip does when it installs.

    Where PYTHONDONTWRITEBYTECODE is set, every start would compile the sources anew.
    """
    for package in ("device", "runtime", "rtcan"):
        compileall.compile_dir(_SOURCE / package, quiet=2)


def bare_mb() -> dict[str, float]:
    """Return the resident memory, MB, of Python alone and with the libraries of the edge."""
    return {name: _resident_mb(code) for name, code in BARE.items()}


def _resident_mb(code: str) -> float:
    program = f"{code}\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        resident = psutil.Process(process.pid).memory_info().rss / 1e6
        process.communicate(b"\n")
    return float(resident)


def parts_mb(process: psutil.Process) -> dict[str, float] | None:
    """Return the resident memory of a process, MB, by what its mappings belong to.

    Pages of libraries are shared with other processes that use them. None where the system does not
    say.
    """
    if not hasattr(process, "memory_maps"):
        return None
    parts = dict.fromkeys([*_OWNERS, _ELSE], 0.0)
    for mapping in process.memory_maps():
        parts[_owner(mapping.path)] += mapping.rss / 1e6
    return parts


def _owner(path: str) -> str:
    fitting = (name for name, marks in _OWNERS.items() if any(mark in path for mark in marks))
    return next(fitting, _ELSE)
