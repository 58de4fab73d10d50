"""`rtcan convert`: any recording that can be replayed, as a BIDS data set."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from device.cli import RtcanCommand
from device.errors import RecordingError
from device.readers.base import Source
from device.versions import installed
from runtime.replay.find import find

_DESCRIPTION = {"Name": "Skin conductance", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
_README = "# Skin conductance\n\nConverted by `rtcan convert`; every JSON names its source.\n"
_LABEL = "letters and digits"


@click.command(cls=RtcanCommand)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path, file_okay=False))
@click.option("--subject", default="01", show_default=True, help=f"BIDS label: {_LABEL}.")
@click.option("--task", default="unknown", show_default=True, help=f"BIDS label: {_LABEL}.")
@click.option("--rate", "rate_hz", type=float, help="Samples per second, if SOURCE has no times.")
@click.option("--column", help="Column or channel of the skin conductance, by name or number.")
def main(
    source: Path, output: Path, subject: str, task: str, rate_hz: float | None, column: str | None
) -> None:
    """Write the recording SOURCE into the BIDS folder OUTPUT, in microsiemens with its times.

    What is there already is never overwritten.
    """
    written = convert(find(source, rate_hz, column), output, subject=subject, task=task)
    click.echo(f"wrote {written}")


def convert(source: Source, output: Path, *, subject: str = "01", task: str = "unknown") -> Path:
    """Write a recording as BIDS and return the path of its samples.

    `sub-SUBJECT/beh/sub-SUBJECT_task-TASK_recording-eda_physio.tsv.gz` with the columns time (s)
    and eda (µS, n/a where there is no value), its JSON, and its markers in `…_events.tsv`.

    Parameters
    ----------
    source : Source
        The recording.
    output : Path
        Of the data set; made where it is not there.
    subject, task : str
        Labels: letters and digits.

    Raises
    ------
    RecordingError
        If a label cannot be used, the recording is there already, has no samples, or cannot be
        written.
    """
    for name, label in (("subject", subject), ("task", task)):
        if not (label.isascii() and label.isalnum()):
            raise RecordingError(f"The {name} {label!r} is no BIDS label: take {_LABEL} alone")
    folder = output / f"sub-{subject}" / "beh"
    stem = f"sub-{subject}_task-{task}"
    samples = folder / f"{stem}_recording-eda_physio.tsv.gz"
    if samples.exists():
        raise RecordingError(
            f"{samples} is there already: choose another --subject, --task or folder"
        )
    table, first_s = _table(source)
    told = _json(_told(source, first_s, task)).encode()
    marks = "onset\tduration\ttrial_type\tvalue\n" + "".join(
        f"{time_s!r}\t0\tmarker\t{' '.join(text.split()) or 'n/a'}\n"
        for time_s, text in source.markers
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in (
            (output / "dataset_description.json", _json(_DESCRIPTION)),
            (output / "README.md", _README),
        ):
            if not path.exists():
                _write(path, text.encode())
        _write(folder / f"{stem}_events.tsv", marks.encode())
        _write(folder / f"{stem}_recording-eda_physio.json", told)
        _write(samples, table)
    except OSError as error:
        raise RecordingError(f"{output} cannot be written: {error.strerror}") from error
    return samples


def _table(source: Source) -> tuple[bytes, float]:
    """Return the packed table of the samples, and the time of the first."""
    first_s: float | None = None
    packed = io.BytesIO()
    # No time and no name inside: the same recording gives the same bytes.
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as file:
        for block in source.blocks():
            if first_s is None and len(block):
                first_s = float(block.time_s[0])
            rows = zip(block.time_s.tolist(), block.eda_us.tolist(), strict=True)
            lines = [
                f"{time_s!r}\t{'n/a' if math.isnan(eda) else repr(eda)}\n" for time_s, eda in rows
            ]
            file.write("".join(lines).encode())
    if first_s is None:
        raise RecordingError(f"{source.path} holds no samples: there is nothing to convert")
    return packed.getvalue(), first_s


def _told(source: Source, first_s: float, task: str) -> dict[str, Any]:
    return {
        "SamplingFrequency": source.rate_hz or 0.0,
        "StartTime": first_s,
        "Columns": ["time", "eda"],
        "PhysioType": "generic",
        "TaskName": task,
        "time": {"Description": "what holds, where the rate is not exact", "Units": "s"},
        "eda": {"Description": "skin conductance; n/a where there is no value", "Units": "uS"},
        "DeviceName": source.name,
        "SoftwareVersions": f"rtcan {installed(('rtcan',)).get('rtcan', 'n/a')}",
        "Source": {"File": source.path.name, "Details": source.details},
        **({} if source.began_utc_s is None else {"UnixTimeZero": source.began_utc_s}),
    }


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, data: bytes) -> None:
    """Write a file completely or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


if __name__ == "__main__":
    main()
