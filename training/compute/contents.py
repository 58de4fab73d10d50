"""What files hold, as one hash; a file that did not change is not read again.

A file is the same if its place, size, times of change and number in the file system are, as git has
it: its time alone can be set back, the time of change of its entry (ctime) cannot.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.files import write_whole
from training.compute.fingerprint import fingerprint

_BLOCK = 1 << 20
# A file that changed just now may change again within a tick of the file system's clock.
_SETTLED_NS = 2_000_000_000


def files_under(root: Path) -> Iterator[Path]:
    """Yield all files under a folder, those behind symbolic links included, in a fixed order."""
    above: dict[str, set[tuple[int, int]]] = {}
    for folder, names, files in os.walk(root, followlinks=True):
        facts = Path(folder).stat()
        own = (facts.st_dev, facts.st_ino)
        seen = above.pop(folder, set())
        if own in seen:  # a link to a folder above it
            names.clear()
            continue
        names.sort()
        above |= {os.path.join(folder, name): seen | {own} for name in names}  # noqa: PTH118
        yield from (path for name in sorted(files) if (path := Path(folder, name)).is_file())


def contents(root: Path, files: Iterable[Path], memory: Path | None = None) -> str:
    """Return a hash of the names and contents of files, 32 hexadecimal digits.

    Parameters
    ----------
    root : Path
        Names are relative to it, so that moved data is the same data.
    files : iterable of Path
        Which.
    memory : Path or None
        A folder that remembers what was hashed before; None reads every file.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    paths = list(files)
    place = None if memory is None else memory / f"contents-{fingerprint(root.resolve())}.json"
    known = _remembered(place)
    now_ns = time.time_ns()

    def hashed(path: Path) -> tuple[list[int], str]:
        facts = path.stat()
        own = [
            facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_dev,
        ]  # fmt: skip
        then = known.get(str(path.absolute()))
        if then is not None and then[0] == own:
            return own, str(then[1])
        return own, _digest(path)

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # hashing lets other threads run
        found = list(threads.map(hashed, paths))
    if place is not None:
        settled = {
            str(path.absolute()): [own, digest]
            for path, (own, digest) in zip(paths, found, strict=True)
            if now_ns - max(own[1], own[2]) > _SETTLED_NS
        }
        if settled != known:
            write_whole(place, json.dumps(settled).encode())
    names = [os.path.relpath(path.absolute(), root.absolute()) for path in paths]
    return fingerprint(names, [digest for _, digest in found])


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _remembered(place: Path | None) -> dict[str, list[object]]:
    if place is None:
        return {}
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, list) and len(v) == 2}
