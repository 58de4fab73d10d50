"""Binary formats that other packages read: BIOPAC .acq, XDF, EDF and BDF, Empatica's avro.

Each package is an extra, imported when such a file is opened.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import DatasetError, MissingExtraError, RecordingError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.channels import channel, microsiemens
from device.samples import FloatArray, Samples


def opens(path: Path) -> bool:
    """Say whether a file is one of these, by its ending."""
    return path.suffix.lower() in _READERS


def open_source(path: Path, column: str | None) -> Source:
    """Return the recording.

    Raises
    ------
    MissingExtraError
        Naming the package that reads such files.
    RecordingError
        If it is not clear which channel is skin conductance, or its unit is another.
    DatasetError
        If the file is damaged or cut off.
    """
    package, extra, what, read = _READERS[path.suffix.lower()]
    try:
        module = import_module(package)
    except ImportError as error:
        raise MissingExtraError(package, extra, f"Reading {what}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source: Source = read(module, path, column)
            return source
    except (DatasetError, RecordingError):
        raise
    except Exception as error:  # whatever a package raises on foreign bytes
        raise DatasetError(
            f"{path} cannot be read as {what} ({type(error).__name__}: {error}): is it damaged or "
            "cut off?"
        ) from error


def _source(
    path: Path,
    name: str,
    rate_hz: float | None,
    time_s: FloatArray,
    eda_us: FloatArray,
    details: str,
    **known: Any,
) -> Source:
    if not eda_us.size:
        raise DatasetError(f"{path} holds no samples: was it cut off?")
    refuse_impossible(path, eda_us)
    samples = Samples(time_s, eda_us)
    return Source(path, name, rate_hz, lambda: in_blocks(samples), details, **known)


def _acq(bioread: Any, path: Path, column: str | None) -> Source:
    data = bioread.read_file(str(path))
    names = [item.name for item in data.channels]
    units = [item.units for item in data.channels]
    at = channel(path, names, units, column)
    one = data.channels[at]
    eda_us = microsiemens(path, names[at], units[at], np.asarray(one.data, dtype=np.float64))
    rate_hz = float(one.samples_per_second)
    marks = tuple(
        (float(mark.sample_index / data.samples_per_second), str(mark.text))
        for mark in data.event_markers
    )
    time_s = np.arange(eda_us.size) / rate_hz
    return _source(
        path, "BIOPAC AcqKnowledge", rate_hz, time_s, eda_us, f"channel {names[at]}", markers=marks
    )


def _edf(pyedflib: Any, path: Path, column: str | None) -> Source:
    reader = pyedflib.EdfReader(str(path))
    try:
        names = [str(name) for name in reader.getSignalLabels()]
        units = [str(reader.getPhysicalDimension(i)).strip() for i in range(len(names))]
        at = channel(path, names, units, column)
        eda_us = microsiemens(path, names[at], units[at], reader.readSignal(at))
        rate_hz = float(reader.getSampleFrequency(at))
        onsets, _, texts = reader.readAnnotations()
    finally:
        reader.close()
    marks = tuple((float(onset), str(text)) for onset, text in zip(onsets, texts, strict=True))
    time_s = np.arange(eda_us.size) / rate_hz
    name = path.suffix[1:].upper()
    return _source(path, name, rate_hz, time_s, eda_us, f"channel {names[at]}", markers=marks)


def _xdf(pyxdf: Any, path: Path, column: str | None) -> Source:
    # Clock offsets are put right and jitter is taken out by pyxdf.
    streams, _ = pyxdf.load_xdf(str(path))
    places = [
        (stream, i)
        for stream in streams
        if np.asarray(stream["time_series"]).dtype.kind in "fiu"
        for i in range(
            np.asarray(stream["time_series"]).reshape(len(stream["time_stamps"]), -1).shape[1]
        )
    ]
    told = [_xdf_channel(stream["info"], i) for stream, i in places]
    at = channel(path, [name for name, _ in told], [unit for _, unit in told], column)
    stream, i = places[at]
    time_s = np.asarray(stream["time_stamps"], dtype=np.float64)
    values = np.asarray(stream["time_series"], dtype=np.float64).reshape(time_s.size, -1)[:, i]
    eda_us = microsiemens(path, told[at][0], told[at][1], values)
    time_s = time_s - time_s[:1]
    rate_hz = float(stream["info"]["nominal_srate"][0]) or None
    return _source(path, "XDF", rate_hz, time_s, eda_us, f"channel {told[at][0]}")


def _xdf_channel(info: dict[str, Any], i: int) -> tuple[str, str]:
    """Return name and unit of a stream's channel: STREAM/CHANNEL where it is not the only one."""
    stream, count = str(info["name"][0]), int(info["channel_count"][0])
    try:
        told = info["desc"][0]["channels"][0]["channel"][i]
        label, unit = str(told["label"][0]), str((told.get("unit") or [""])[0])
    except (KeyError, IndexError, TypeError):
        label, unit = (str(i) if count > 1 else str(info["type"][0])), ""
    return f"{stream}/{label}", unit


def _avro(fastavro: Any, path: Path, column: str | None) -> Source:
    with path.open("rb") as file:
        records = list(fastavro.reader(file))
    if column is not None:
        raise RecordingError(f"{path} has one EDA channel: leave --column out")
    if not records or "eda" not in (records[0].get("rawData") or {}):
        raise DatasetError(f"{path} is an avro file without Empatica's rawData.eda")
    pieces = [record["rawData"]["eda"] for record in records]
    rate_hz = float(pieces[0]["samplingFrequency"])
    began_s = float(pieces[0]["timestampStart"]) * 1e-6
    time_s = np.concatenate(
        [
            float(piece["timestampStart"]) * 1e-6
            - began_s
            + np.arange(len(piece["values"])) / rate_hz
            for piece in pieces
        ]
    )
    eda_us = np.concatenate([np.asarray(piece["values"], dtype=np.float64) for piece in pieces])
    return _source(
        path,
        "Empatica EmbracePlus",
        rate_hz,
        time_s,
        eda_us,
        "eda",
        began_utc_s=began_s,
    )


_READERS: dict[str, tuple[str, str, str, Any]] = {
    ".acq": ("bioread", "acq", "BIOPAC's AcqKnowledge files", _acq),
    ".xdf": ("pyxdf", "xdf", "XDF files", _xdf),
    ".xdfz": ("pyxdf", "xdf", "XDF files", _xdf),
    ".edf": ("pyedflib", "edf", "EDF files", _edf),
    ".bdf": ("pyedflib", "edf", "BDF files", _edf),
    ".avro": ("fastavro", "avro", "Empatica's avro files", _avro),
}
