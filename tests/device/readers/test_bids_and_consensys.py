"""BIDS physio tables and exports of Shimmer's Consensys, written by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import DatasetError, RecordingError
from device.readers.registry import open_recording, recordings_in
from device.samples import Samples

TOLD: dict[str, Any] = {
    "SamplingFrequency": 50.0,
    "StartTime": -2.0,
    "Columns": ["cardiac", "eda"],
    "eda": {"Units": "mS"},
    "DeviceName": "BIOPAC MP160",
}


def whole(path: Path, **how: Any) -> Samples:
    blocks = list(open_recording(path, **how).blocks())
    return Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )


def bids(
    folder: Path, told: dict[str, Any] = TOLD, rows: str = "1\t0.004\n2\tn/a\n3\t0.005\n"
) -> Path:
    (folder / "sub-1_task-rest_physio.json").write_text(json.dumps(told))
    path = folder / "sub-1_task-rest_physio.tsv.gz"
    path.write_bytes(gzip.compress(rows.encode()))
    return path


def test_a_bids_table_is_read_with_its_json(tmp_path: Path) -> None:
    path = bids(tmp_path)
    source = open_recording(path)
    assert (source.name, source.rate_hz) == ("BIDS physio", 50.0)
    assert "BIOPAC MP160" in source.details
    samples = whole(path)
    np.testing.assert_allclose(samples.time_s, [-2.0, -1.98, -1.96])
    np.testing.assert_allclose(samples.eda_us, [4.0, np.nan, 5.0])
    assert recordings_in(tmp_path) == [path]
    assert len(whole(tmp_path)) == 3


def test_a_column_of_times_wins_over_the_rate(tmp_path: Path) -> None:
    told = {"SamplingFrequency": 4.0, "Columns": ["time", "eda"], "eda": {"Units": "uS"}}
    samples = whole(bids(tmp_path, told, "0.1\t4\n0.5\t5\n0.7\t6\n"))
    np.testing.assert_allclose(samples.time_s, [0.1, 0.5, 0.7])


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"SamplingFrequency": 4}, "Columns"),
        (TOLD | {"Columns": ["eda"]}, "has 2 columns; .* names 1"),
        (TOLD | {"Columns": ["cardiac", "respiratory"], "respiratory": {}}, "Choose the skin"),
        (TOLD | {"eda": {"Units": "V"}}, "neither a conductance"),
        (TOLD | {"SamplingFrequency": 0}, "a rate in Hz is needed"),
    ],
)
def test_a_bids_table_that_lacks_something(tmp_path: Path, told: dict[str, Any], says: str) -> None:
    with pytest.raises((DatasetError, RecordingError), match=says):
        open_recording(bids(tmp_path, told))


def test_a_bids_table_without_its_json_and_one_cut_off(tmp_path: Path) -> None:
    path = bids(tmp_path, rows="1\t0.004\n" * 5000)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="damaged or cut off"):
        open_recording(path)
    path.with_name("sub-1_task-rest_physio.json").unlink()
    with pytest.raises(DatasetError, match=r"_physio\.json beside it"):
        open_recording(path)


CONSENSYS = (
    "{sep}"
    "Shimmer_AB12_Timestamp_Unix_CAL{t}Shimmer_AB12_{name}_CAL{t}Shimmer_AB12_PPG_A13_CAL{t}\n"
    "ms{t}{unit}{t}mV{t}\n"
    "1644227574000.0{t}{a}{t}1500{t}\n1644227574020.0{t}{b}{t}1501{t}\n"
    "1644227574040.0{t}{a}{t}1502{t}\n"
)


@pytest.mark.parametrize("mark", ["\t", ","])
@pytest.mark.parametrize("first", ["", "sep"])
@pytest.mark.parametrize(
    ("name", "unit", "a", "b"),
    [("GSR_Skin_Conductance", "uS", 4.0, 5.0), ("GSR", "kOhms", 250.0, 200.0)],
)
def test_consensys(
    tmp_path: Path, mark: str, first: str, name: str, unit: str, a: float, b: float
) -> None:
    path = tmp_path / "Session1_Shimmer_AB12_Calibrated_SD.csv"
    sep = f'"sep={mark}"\n' if first else ""
    path.write_text(CONSENSYS.format(sep=sep, t=mark, name=name, unit=unit, a=a, b=b))
    source = open_recording(path)
    assert source.name == "Shimmer Consensys"
    assert source.rate_hz == pytest.approx(50.0, rel=1e-3)
    assert source.began_utc_s == 1644227574.0
    np.testing.assert_allclose(whole(path).eda_us, [4.0, 5.0, 4.0])
    np.testing.assert_allclose(whole(path).time_s, [0.0, 0.02, 0.04], atol=1e-6)
    assert recordings_in(tmp_path) == [path]


def test_consensys_without_skin_conductance_lists_its_channels(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    text = CONSENSYS.format(sep="", t="\t", name="Temperature", unit="C", a=30, b=31)
    path.write_text(text)
    with pytest.raises(RecordingError, match="Shimmer_AB12_PPG_A13_CAL"):
        open_recording(path)


def test_a_column_of_times_in_milliseconds_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_physio.tsv"
    path.write_text("".join(f"{i}\t{5 + i % 3}\n" for i in range(2000)))
    told = {"Columns": ["time", "eda"], "SamplingFrequency": 1000, "StartTime": 0}
    path.with_suffix(".json").write_text(json.dumps({**told, "time": {"Units": "ms"}}))
    blocks = list(open_recording(path).blocks())
    assert blocks[-1].time_s[-1] == pytest.approx(1.999)
