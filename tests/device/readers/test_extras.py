"""Files of other recorders, written in their own libraries or byte by byte."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError, MissingExtraError, RecordingError
from device.readers.base import Source
from device.readers.registry import open_recording, recordings_in
from device.samples import Samples


def whole(source: Source) -> Samples:
    blocks = list(source.blocks())
    return Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )


def edf(path: Path, labels: tuple[str, ...] = ("ECG", "EDA"), unit: str = "uS") -> Path:
    pyedflib = pytest.importorskip("pyedflib")
    kind = pyedflib.FILETYPE_BDFPLUS if path.suffix == ".bdf" else pyedflib.FILETYPE_EDFPLUS
    writer = pyedflib.EdfWriter(str(path), len(labels), file_type=kind)
    least, most = (-8388608, 8388607) if path.suffix == ".bdf" else (-32768, 32767)
    for i, label in enumerate(labels):
        writer.setSignalHeader(
            i,
            {
                "label": label,
                "dimension": unit if label != "ECG" else "mV",
                "sample_frequency": 32,
                "physical_max": 30.0,
                "physical_min": 0.0,
                "digital_max": most,
                "digital_min": least,
                "transducer": "",
                "prefilter": "",
            },
        )
    writer.writeSamples([np.linspace(2.0, 4.0, 320) for _ in labels])
    writer.writeAnnotation(1.5, -1, "start")
    writer.close()
    return path


@pytest.mark.parametrize("ending", [".edf", ".bdf"])
def test_edf_and_bdf(tmp_path: Path, ending: str) -> None:
    path = edf(tmp_path / f"sleep{ending}")
    source = open_recording(path)
    assert (source.name, source.rate_hz, source.markers) == (
        ending[1:].upper(),
        32,
        ((1.5, "start"),),
    )
    samples = whole(source)
    np.testing.assert_allclose(samples.eda_us, np.linspace(2.0, 4.0, 320), atol=1e-3)
    np.testing.assert_allclose(samples.time_s, np.arange(320) / 32)
    assert recordings_in(tmp_path) == [path]


def test_edf_with_several_candidates_lists_them(tmp_path: Path) -> None:
    path = edf(tmp_path / "two.edf", ("EDA", "GSR"))
    with pytest.raises(RecordingError, match=r"(?s)0 EDA \(uS\).*1 GSR \(uS\)"):
        open_recording(path)
    assert len(whole(open_recording(path, column="GSR"))) == 320


def test_edf_in_another_unit(tmp_path: Path) -> None:
    samples = whole(open_recording(edf(tmp_path / "k.edf", ("GSR",), "kOhm")))
    assert samples.eda_us[0] == pytest.approx(500.0, rel=1e-3)


def avro(path: Path, pieces: list[tuple[int, list[float]]]) -> Path:
    fastavro = pytest.importorskip("fastavro")
    eda = {
        "type": "record",
        "name": "eda",
        "fields": [
            {"name": "timestampStart", "type": "long"},
            {"name": "samplingFrequency", "type": "float"},
            {"name": "values", "type": {"type": "array", "items": "float"}},
        ],
    }
    raw = {"type": "record", "name": "rawData", "fields": [{"name": "eda", "type": eda}]}
    schema = {"type": "record", "name": "root", "fields": [{"name": "rawData", "type": raw}]}
    records = [
        {"rawData": {"eda": {"timestampStart": at, "samplingFrequency": 4.0, "values": values}}}
        for at, values in pieces
    ]
    with path.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), records)
    return path


def test_embraceplus(tmp_path: Path) -> None:
    begin = 1_700_000_000_000_000
    path = avro(
        tmp_path / "1-1-1_0.avro", [(begin, [1.0, 2.0, 3.0]), (begin + 5_000_000, [4.0, 5.0])]
    )
    source = open_recording(path)
    assert (source.rate_hz, source.began_utc_s) == (4.0, 1.7e9)
    samples = whole(source)
    np.testing.assert_allclose(samples.time_s, [0, 0.25, 0.5, 5.0, 5.25])
    np.testing.assert_allclose(samples.eda_us, [1, 2, 3, 4, 5])


def chunk(tag: int, content: bytes) -> bytes:
    return struct.pack("<BIH", 4, len(content) + 2, tag) + content


def xdf(path: Path, names: tuple[str, ...] = ("Shimmer",), offset_s: float = 0.0) -> Path:
    data = b"XDF:" + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    for i, name in enumerate(names, start=1):
        header = (
            f"<info><name>{name}</name><type>EDA</type><channel_count>2</channel_count>"
            "<nominal_srate>10</nominal_srate><channel_format>double64</channel_format>"
            "<desc><channels><channel><label>GSR</label><unit>microsiemens</unit></channel>"
            "<channel><label>PPG</label><unit>mV</unit></channel></channels></desc></info>"
        )
        data += chunk(2, struct.pack("<I", i) + header.encode())
        rows = b"".join(
            struct.pack("<Bddd", 8, 100.0 + k / 10, 3.0 + k / 100, 9.0) for k in range(50)
        )
        data += chunk(3, struct.pack("<IBI", i, 4, 50) + rows)
        for at in (100.0, 105.0):
            data += chunk(4, struct.pack("<Idd", i, at, offset_s))
        footer = (
            "<info><first_timestamp>100</first_timestamp><last_timestamp>104.9</last_timestamp>"
            "<sample_count>50</sample_count></info>"
        )
        data += chunk(6, struct.pack("<I", i) + footer.encode())
    path.write_bytes(data)
    return path


def test_xdf(tmp_path: Path) -> None:
    pytest.importorskip("pyxdf")
    source = open_recording(xdf(tmp_path / "lab.xdf", offset_s=2.5))
    assert (source.name, source.rate_hz) == ("XDF", 10.0)
    samples = whole(source)
    np.testing.assert_allclose(samples.time_s, np.arange(50) / 10, atol=1e-6)
    np.testing.assert_allclose(samples.eda_us, 3.0 + np.arange(50) / 100)


def test_xdf_with_two_streams_asks_which(tmp_path: Path) -> None:
    pytest.importorskip("pyxdf")
    path = xdf(tmp_path / "lab.xdf", ("left", "right"))
    with pytest.raises(RecordingError, match=r"(?s)left/GSR \(microsiemens\).*right/GSR"):
        open_recording(path)
    assert "right/GSR" in open_recording(path, column="right/GSR").details


# pyxdf leaves a file that it cannot read open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("ending", "package"),
    [(".acq", "bioread"), (".xdf", "pyxdf"), (".edf", "pyedflib"), (".avro", "fastavro")],
)
def test_what_is_damaged_or_needs_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, package: str
) -> None:
    pytest.importorskip(package)
    path = tmp_path / f"x{ending}"
    path.write_bytes(b"no such thing" * 40)
    with pytest.raises(DatasetError, match="damaged or cut off"):
        open_recording(path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"needs the package {package}.*rtcan\["):
        open_recording(path)


def test_files_that_were_cut_off(tmp_path: Path) -> None:
    for path in (
        edf(tmp_path / "a.edf"),
        avro(tmp_path / "b.avro", [(0, [1.0] * 4000)]),
    ):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(DatasetError, match="damaged or cut off"):
            open_recording(path)
