"""What a recorded file is: found out in one place, for every command."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from device.arguments import number
from device.errors import DatasetError, RecordingError
from device.names import candidates
from device.readers import affectiva, bids, consensys, empatica, extras, opensignals, table
from device.readers.base import Source
from device.readers.text import read_table

_HEAD = 2000
_TEXTS = frozenset({".csv", ".tsv", ".txt"})
# A folder is looked through so deep: a BIDS data set has a file in sub-1/ses-1/beh.
_DEPTH = 4
_SHOWN = 20


def open_recording(path: Path, rate_hz: float | None = None, column: str | None = None) -> Source:
    """Return the recording in a file or folder.

    The EDA.csv, folder or zip of an Empatica E4 session; a text file of OpenSignals, of Shimmer's
    Consensys or of an Affectiva Q; a BIDS physio table; with an extra package a file of BIOPAC
    (.acq), XDF, EDF, BDF or an EmbracePlus (.avro); a plain table. Of a folder with one recording
    in it, that one.

    Parameters
    ----------
    path : Path
        Where.
    rate_hz : float or None
        Samples per second of a table; without it, a column of times tells.
    column : str or None
        Name or number of the column with the skin conductance.

    Raises
    ------
    RecordingError
        Naming what was found and what can be read; of a folder with several, their list.
    DatasetError
        If a file is not what it seems to be.
    MissingExtraError
        Where a format needs a package that is not installed.
    ArgumentError
        A rate that is none.
    """
    if rate_hz is not None:
        rate_hz = number("rate_hz", rate_hz, 0, open_ends=True)
    if not path.exists():
        raise RecordingError(f"There is no recording {path}")
    if path.is_dir():
        return _in_folder(path, rate_hz, column)
    if path.suffix.lower() == ".zip":
        return _of_own_rate(empatica.open_source(path), rate_hz)
    if extras.opens(path):
        return _of_own_rate(extras.open_source(path, column), rate_hz)
    if bids.recognises(path):
        return _of_own_rate(bids.open_source(path, column), rate_hz)
    head = _head(path)
    if opensignals.recognises(head):
        return _of_own_rate(opensignals.open_source(path, column), rate_hz)
    if affectiva.recognises(head):
        return _of_own_rate(affectiva.open_source(path, column), rate_hz)
    if consensys.recognises(head):
        return _of_own_rate(consensys.open_source(path, column), rate_hz)
    if empatica.recognises(head):
        return _of_own_rate(empatica.open_source(path), rate_hz)
    return table.open_source(path, rate_hz, column)


def _of_own_rate(source: Source, rate_hz: float | None) -> Source:
    if rate_hz is not None and rate_hz != source.rate_hz:
        raise RecordingError(
            f"{source.path} says itself that it has {source.rate_hz:g} Hz: leave --rate out"
        )
    return source


def recordings_in(folder: Path) -> list[Path]:
    """Return what can be opened below a folder, in order, sessions by their folder's name."""
    return list(_recordings(folder))


def _recordings(folder: Path) -> Iterator[Path]:
    for path in _files(folder, _DEPTH):
        if path.name == "EDA.csv":
            yield path.parent
        elif _is_recording(path):
            yield path


def parts(path: Path) -> list[Path]:
    """Return the files that a recording is made of: its own, and those beside that are read too.

    Parameters
    ----------
    path : Path
        A file, or a folder, all of whose files are meant.
    """
    if path.is_dir():
        return sorted(item for item in path.rglob("*") if item.is_file())
    if bids.recognises(path):
        return [path, bids.beside(path)]
    if path.name == empatica.NAME:
        return [path, *empatica.tags_beside(path)]
    return [path]


def _in_folder(folder: Path, rate_hz: float | None, column: str | None) -> Source:
    if (folder / "EDA.csv").is_file():
        return open_recording(folder / "EDA.csv", rate_hz, column)
    # More than a list shows are not looked for: each is opened, and a folder may hold thousands.
    found = list(islice(_recordings(folder), _SHOWN + 1))
    if len(found) == 1:
        return open_recording(found[0], rate_hz, column)
    if not found:
        raise RecordingError(
            f"{folder} holds nothing that can be replayed: neither a run recorded with rtcan-live "
            "--record, nor a session of an Empatica E4 (EDA.csv), nor a file of OpenSignals, of "
            "Shimmer's Consensys, of an Affectiva Q, a BIDS physio table, a file .acq, .xdf, .edf, "
            ".bdf or .avro, nor a table with a column of skin conductance"
        )
    listed = "\n".join(f"    {path}" for path in found[:_SHOWN])
    many, more = (f"more than {_SHOWN}", "\n    …") if len(found) > _SHOWN else (len(found), "")
    raise RecordingError(f"{folder} holds {many} recordings. Choose one:\n{listed}{more}")


def _files(folder: Path, depth: int) -> Iterator[Path]:
    items = sorted(item for item in folder.iterdir() if not item.name.startswith("."))
    if any(item.name == "EDA.csv" for item in items):
        # A session: what lies beside belongs to it.
        yield folder / "EDA.csv"
        return
    for item in items:
        if item.is_file():
            yield item
        elif depth > 1 and item.is_dir():
            yield from _files(item, depth - 1)


def _is_recording(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        try:
            return len(empatica.sessions_in_zip(path)) == 1
        except DatasetError:
            return False
    if extras.opens(path) or bids.recognises(path):
        return True
    if path.suffix.lower() not in _TEXTS:
        return False
    head = _head(path)
    if any(known.recognises(head) for known in (opensignals, affectiva, consensys, empatica)):
        return True
    try:
        return bool(candidates(read_table(path, head.rpartition("\n")[0]).names))
    except DatasetError:
        return False


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD).decode("utf-8", "replace").removeprefix("\ufeff")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
