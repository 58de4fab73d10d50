"""Times in every form that recorders write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.errors import RecordingError
from device.readers.registry import open_recording
from device.readers.times import read_times


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("time", ["10.0", "10.5", "11.5"], [0, 0.5, 1.5]),
        ("time", ["10,0", "10,5", "11,5"], [0, 0.5, 1.5]),
        ("timestamp", ["1644227574.25", "1644227574.5"], [0, 0.25]),
        ("timestamp", ["1644227574250", "1644227574500"], [0, 0.25]),
        ("time_ms", ["0", "250", "500"], [0, 0.25, 0.5]),
        ("Time (ms)", ["0", "250", "500"], [0, 0.25, 0.5]),
        ("Time (min)", ["0", "0.5", "1.0"], [0, 30, 60]),
        ("time", ["143058.500", "143059.500", "143100.500"], [0, 1, 2]),  # HHMMSS.mmm
        ("time", ["235959.5", "000000.5", "000001.5"], [0, 1, 2]),
        ("time", ["95959", "100000", "100001"], [0, 1, 2]),
        ("time", ["100000", "100001", "100002"], [0, 1, 2]),  # either reading says the same
        ("time", ["23:59:59.5", "00:00:00.5"], [0, 1]),
        ("time", ["9:59", "10:00"], [0, 60]),
        ("date", ["2013-04-24 09:44:32", "2013-04-24 09:44:32.5"], [0, 0.5]),
        ("date", ["2013-04-24T09:44:32.1234567Z", "2013-04-24T09:44:33.123456Z"], [0, 1]),
        ("date", ["2013/04/24 23:59:59+01:00", "2013/04/25 00:00:00+01:00"], [0, 1]),
    ],
)
def test_each_form(name: str, cells: list[str], expected: list[float]) -> None:
    np.testing.assert_allclose(read_times(Path("x"), name, cells), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["0", "250", "500"], r"step by 250 s.*time_ms"),
        (["0", "1", "1"], r"do not rise everywhere \(data line 3\)"),
        (["0", "soon"], "data line 2 has 'soon' for a time"),
    ],
)
def test_impossible_times_are_refused(cells: list[str], says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        read_times(Path("x"), "time", cells)


@pytest.mark.parametrize(
    "text",
    [
        "12:30:01.0,3.5\n12:30:01.5,3.6\n12:30:02.0,3.7\n",
        "100.0 3.5\n100.5 3.8\n101.0 3.7\n",
        "3.5\t2020-01-01 10:00:00\n3.6\t2020-01-01 10:00:00.5\n3.7\t2020-01-01 10:00:01\n",
        "t,EDA\n0,3.5\n0.5,3.6\n1.0,3.7\n",
        "Time (ms);GSR (uS)\n0;3,5\n500;3,6\n1000;3,7\n",
    ],
)
def test_tables_whose_times_find_themselves(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    source = open_recording(path)
    (samples,) = source.blocks()
    assert source.rate_hz == pytest.approx(2.0)
    np.testing.assert_allclose(samples.time_s, [0, 0.5, 1.0])
    assert samples.eda_us[0] == 3.5


def test_two_columns_of_times_that_disagree_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def written(step_s: float) -> Path:
        lines = (f"{i / 4},{1.6e9 + step_s * i:.3f},{5 + i % 3}\n" for i in range(60))
        path.write_text("time,timestamp,EDA\n" + "".join(lines))
        return path

    # Two clocks of one recording go alike, but not the same.
    assert open_recording(written(0.2501)).rate_hz == pytest.approx(4.0)
    with pytest.raises(RecordingError, match=r"'time' and 'timestamp' disagree.*--rate"):
        open_recording(written(0.5))
    assert open_recording(path, rate_hz=2.0).rate_hz == 2.0
    # What does not rise is no column of times, whatever its name says.
    path.write_text(
        "time,t,EDA\n" + "".join(f"{i / 4},{30 + i % 2},{5 + i % 3}\n" for i in range(60))
    )
    assert open_recording(path).rate_hz == pytest.approx(4.0)
