"""Plain text recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError, RecordingError
from device.readers.columns import read_column
from device.readers.registry import open_recording


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("1.5\n2.5\n", None),
        ("EDA\n1.5\n2.5\n", None),
        ("time,EDA\n0,1.5\n1,2.5\n", None),
        ("time;gsr\n0;1.5\n1;2.5\n", None),
        ("# a comment\n0\t1.5\n1\t2.5\n", "1"),
        ("a b\n1.5 0\n2.5 0\n", "a"),
        ("\ufeffEDA\n1.5\n\n2.5\n", None),
        ("12:30:01,1.5\n12:30:02,2.5\n", "1"),  # no header: the first row is a sample
        ("rest,1.5\nrest,2.5\n", "1"),
        ("time;EDA\n0,1;1,5\n0,2;2,5\n", None),
        ('"time","EDA"\n"0","1.5"\n"1","2.5"\n', None),
    ],
)
def test_each_form(tmp_path: Path, text: str, column: str | None) -> None:
    path = tmp_path / "recording.txt"
    path.write_text(text, encoding="utf-8")
    assert read_column(path, column).tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", None, "holds no data"),
        ("time,skin\n0,1\n", None, "time, skin"),
        ("time,EDA\n0,1\n", "GSR", "There is no column 'GSR'"),
        ("1,2,3\n4,5,6\n", None, r"no header, so by number: 0 \(1\), 1 \(2\), 2 \(3\)"),
        ("EDA\n", None, "no data below its header"),
        ("EDA\n1\nx\n", None, "data line 2 has 'x'"),
        ("time,EDA\n0\n", None, "has 'nothing' in column 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, column: str | None, says: str) -> None:
    path = tmp_path / "recording.txt"
    path.write_text(text)
    with pytest.raises(DatasetError, match=says):
        read_column(path, column)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recording.txt"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_column(path)


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("time_s,eda_us", 1.0),
        ("GSR (uS),ppg", 0.0),
        ("t,EDA(microsiemens)", 1.0),
        ("EDA_left,EDA", 1.0),
        ("education,eda", 1.0),
        ("EDA_left,EDA_right", None),
        ("a,b", None),
    ],
)
def test_the_column_of_skin_conductance_is_known_by_its_name(
    tmp_path: Path, header: str, taken: float | None
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n0,1\n0,1\n")
    if taken is None:
        with pytest.raises(DatasetError, match="not clear which column"):
            read_column(path)
    else:
        assert read_column(path).tolist() == [taken, taken]


def test_cells_without_a_value_are_missing_samples(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("time,EDA\n0,1.5\n1,\n2,NA\n3,nan\n4,2.5\n")
    values = read_column(path)
    assert values.size == 5 and np.isnan(values[1:4]).all() and values[4] == 2.5


def test_latin_1_is_read_as_older_recorders_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("Temp \u00b0C,EDA (\u00b5S)\n31,1.5\n31,2.5\n".encode("latin-1"))
    assert read_column(path).tolist() == [1.5, 2.5]


@pytest.mark.parametrize("name", ["ECG", "BVP", "Temp (C)", "Heart Rate"])
def test_a_lone_column_of_another_signal_is_no_skin_conductance(tmp_path: Path, name: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(f"time,{name}\n" + "".join(f"{i / 4},{5 + i % 3}\n" for i in range(60)))
    with pytest.raises(DatasetError, match="has no skin conductance"):
        open_recording(path)
    assert len(list(open_recording(path, column=name).blocks())) > 0
    path.write_text("time,value\n" + "".join(f"{i / 4},{5 + i % 3}\n" for i in range(60)))
    assert len(list(open_recording(path).blocks())) > 0


def test_a_table_that_was_cut_off_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text("time,EDA\n" + "".join(f"{i / 4},{5 + i % 3}\n" for i in range(60)) + "15")
    with pytest.raises(
        DatasetError, match=r"last line: was the file cut off\? If so, delete that line"
    ):
        open_recording(path)
    path.write_text("time,EDA\n" + "".join(f"{i / 4},{5 + i % 3}\n" for i in range(60)) + "1e,5")
    with pytest.raises(RecordingError, match=r"last line: was the file cut off\? If so, delete"):
        open_recording(path)
