"""Systems without what POSIX alone has: everything imports, and what is lacking is said."""

from __future__ import annotations

import subprocess
import sys

# Hides modules from this project alone: pyserial and others have their own ways on Windows.
_HIDE = """
import builtins, sys
HIDDEN = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
OURS = ("device", "runtime", "training", "export", "benchmarks")
found = builtins.__import__
def hiding(name, globals=None, *rest, **named):
    asked_by = (globals or {}).get("__name__", "").partition(".")[0]
    if name in HIDDEN and asked_by in OURS:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return found(name, globals, *rest, **named)
builtins.__import__ = hiding
"""
_IMPORT_ALL = """
import importlib, pkgutil
failed, count = [], 0
for root in OURS:
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + "."):
        if module.name.endswith("__main__"):
            continue
        count += 1
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            # An extra that is not installed here is no matter of the system.
            if error.name in HIDDEN:
                failed.append(f"{module.name}: {error}")
print(count, failed)
"""


def python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *options],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_everything_imports_without_what_posix_alone_has() -> None:
    done = python(_HIDE + _IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    count, _, failed = done.stdout.strip().splitlines()[-1].partition(" ")
    assert int(count) > 150
    assert failed == "[]"


def test_the_simulator_says_what_it_lacks() -> None:
    command = "from device.simulation.simulator import main\nmain()"
    done = python(_HIDE + command, "--sensor", "bitalino")
    assert done.returncode == 1
    assert "needs pseudo-terminals" in done.stderr
    assert "No module named 'tty'" in done.stderr
    assert "replay:FILE" in done.stderr
    assert "Traceback" not in done.stderr
