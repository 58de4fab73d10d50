"""Simulated ports, made known to `rtcan-devices`: no operating system lists a pseudo-terminal.

Every simulator that runs keeps a small file, named by its process, in a folder of its user's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Simulated:
    """A simulator that runs.

    Attributes
    ----------
    port : str
        Where it is plugged in.
    sensor : str
        As in `device.drivers.registry`.
    what : str
        What it plays, for people.
    """

    port: str
    sensor: str
    what: str


def folder() -> Path:
    """Return where this user's simulators are announced; it may not exist."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "rtcan-sim"
    return Path(tempfile.gettempdir()) / f"rtcan-sim-{os.getuid()}"


@contextmanager
def announced(simulated: Simulated) -> Iterator[None]:
    """Announce a simulator for as long as the context lasts; silently not, where none can be."""
    path = folder() / f"{os.getpid()}.json"
    ours = False
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = _is_ours(path.parent)
        if ours:
            path.write_text(json.dumps(asdict(simulated)), encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if ours:
                path.unlink(missing_ok=True)


def simulated_ports() -> list[Simulated]:
    """Return this user's simulators that run, by port; those that were killed are forgotten."""
    # Without user ids there are no pseudo-terminals either, and a signal 0 is no question.
    if not hasattr(os, "getuid"):
        return []
    found = []
    place = folder()
    if not place.is_dir() or not _is_ours(place):
        return []
    for path in place.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError, OverflowError):
            if not _runs(int(path.stem)):
                path.unlink()
                continue
            simulated = Simulated(**json.loads(path.read_text(encoding="utf-8")))
            if Path(simulated.port).exists():
                found.append(simulated)
    return sorted(found, key=lambda simulated: simulated.port)


def _is_ours(place: Path) -> bool:
    # In a folder shared by all users, another may have made it: nothing in it is believed then,
    # and nothing written to it, where links may lie in wait.
    return place.lstat().st_uid == os.getuid()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
