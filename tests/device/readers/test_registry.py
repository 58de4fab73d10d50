"""What a file is, found out for every command; what is refused, with the form that would fit."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import ArgumentError, DatasetError, RecordingError, RtcanError
from device.readers.registry import open_recording, recordings_in
from device.simulation.skin import RecordingSkin

E4 = "1644227574.000000\n4.000000\n0.000000\n0.020499\n0.048685\n"
AFFECTIVA = (
    "Log File Created by Q Live - (c) 2012 Affectiva Inc.{0}\nFile Version: 1.01{0}\n"
    "Firmware Version: 1.71{0}\nUUID: AQL221200DG{0}\nSampling Rate: 8{0}\n"
    "Start Time: 2013-04-24 09:44:32 Offset:+01{0}\n"
    " Z-axis | Y-axis | X-axis | Battery | \u00b0Celsius | EDA(uS){0}\n" + "-" * 57 + "{0}\n"
    "-0.46,0.26,0.81,-1,31.2,5.957\n-0.46,0.28,0.8,-1,31.2,5.891\n"
)


def test_empaticas_first_lines_are_never_skin(tmp_path: Path) -> None:
    path = tmp_path / "EDA.csv"
    path.write_text(E4)
    for rate_hz in (None, 4.0):
        source = open_recording(path, rate_hz)
        (samples,) = source.blocks()
        assert source.rate_hz == 4
        np.testing.assert_allclose(samples.eda_us, [np.nan, 0.020499, 0.048685])
    with pytest.raises(RecordingError, match="has 4 Hz: leave --rate out"):
        open_recording(path, 8.0)


def test_the_other_files_of_a_session_are_not_skin(tmp_path: Path) -> None:
    path = tmp_path / "TEMP.csv"
    path.write_text("1644227574.0\n4.0\n33.1\n33.2\n")
    with pytest.raises(RecordingError, match="temperature; the E4's skin conductance is in EDA"):
        open_recording(path)


@pytest.mark.parametrize("packed", [False, True])
def test_tags_become_markers(tmp_path: Path, packed: bool) -> None:
    tags = "1644227573.0\n1644227574.5\n1644230000\n"
    path = tmp_path / "session"
    path.mkdir()
    (path / "EDA.csv").write_text(E4)
    (path / "tags.csv").write_text(tags)
    if packed:
        with zipfile.ZipFile(tmp_path / "session.zip", "w") as archive:
            archive.write(path / "EDA.csv", "A0/EDA.csv")
            archive.write(path / "tags.csv", "A0/tags.csv")
        path = tmp_path / "session.zip"
    # One was before the recording began, one after its end.
    assert open_recording(path).markers == ((0.5, "tag 2"),)


def test_a_rate_that_is_named_wins_over_a_tables_times(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("t,EDA\n0,1.5\n1,1.6\n2,1.7\n")
    (samples,) = open_recording(path, 50.0).blocks()
    np.testing.assert_allclose(samples.time_s, [0, 0.02, 0.04])
    assert open_recording(path).rate_hz == 1


@pytest.mark.parametrize("comma", [",,,,,", ""])
def test_affectiva(tmp_path: Path, comma: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(AFFECTIVA.format(comma).encode("latin-1"))
    source = open_recording(path)
    (samples,) = source.blocks()
    assert (source.name, source.rate_hz) == ("Affectiva Q", 8.0)
    assert samples.eda_us.tolist() == [5.957, 5.891]
    with pytest.raises(RecordingError, match="has 8 Hz: leave --rate out"):
        open_recording(path, 4.0)
    (warmth,) = open_recording(path, column="4").blocks()
    assert warmth.eda_us.tolist() == [31.2, 31.2]


@pytest.mark.parametrize(
    ("text", "rate_hz", "says"),
    [
        ("EDA\n1644227574.0\n4.0\n3.1\n", 4.0, "begins with 1644227574: no skin has that"),
        ("EDA\n2669\n2671\n", 1000.0, "converter's counts"),
        ("EDA\n" + "-0.5\n" * 20, 4.0, "only negative values .* standardised"),
        (AFFECTIVA.format("").replace("-----", ""), None, "does not end with a line of dashes"),
        (AFFECTIVA.format("").replace("Rate: 8", "Rate:"), None, "no sampling rate"),
    ],
)
def test_what_skin_cannot_be_is_refused(
    tmp_path: Path, text: str, rate_hz: float | None, says: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(RtcanError, match=says):
        open_recording(path, rate_hz)


def test_a_folder_of_sessions_is_a_list_to_choose_from(tmp_path: Path) -> None:
    for name in ("S02", "S01"):
        (tmp_path / "raw" / name).mkdir(parents=True)
        (tmp_path / "raw" / name / "EDA.csv").write_text(E4)
        (tmp_path / "raw" / name / "info.txt").write_text("about the files\n")
    (tmp_path / "notes.txt").write_text("a b c\n")
    (tmp_path / "table.csv").write_text("t,EDA\n0,1\n1,2\n")
    raw = tmp_path / "raw"
    assert recordings_in(tmp_path) == [raw / "S01", raw / "S02", tmp_path / "table.csv"]
    with pytest.raises(RecordingError, match=r"holds 2 recordings. Choose one:\n.*S01\n.*S02"):
        open_recording(raw)
    assert open_recording(raw / "S01").name == "Empatica E4"
    (raw / "S02" / "EDA.csv").unlink()
    assert open_recording(raw).path.parent.name == "S01"


def test_a_simulated_sensor_plays_what_every_reader_reads(tmp_path: Path) -> None:
    path = tmp_path / "EDA.csv"
    path.write_text(E4)
    skin = RecordingSkin.of(open_recording(path))
    assert skin.length_s == 0.75
    values = [skin.next(4.0) for _ in range(4)]
    np.testing.assert_allclose(values[:3], [np.nan, 0.020499, 0.048685])  # type: ignore[arg-type]
    assert values[3] is None
    uneven = tmp_path / "uneven.csv"
    uneven.write_text("t,EDA\n0,1\n1,2\n2,3\n5,6\n6,7\n")
    skin = RecordingSkin.of(open_recording(uneven))
    assert [skin.next(1.0) for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_real_files(shared_data: Path) -> None:
    raw = shared_data / "eda-artifacts" / "AlanWalksWales" / "Raw"
    files = [path for path in sorted(raw.glob("*.csv")) if not path.stem.endswith("_Epochs")]
    assert len(files) == 11
    for path in files:
        source = open_recording(path)
        eda_us = np.concatenate([block.eda_us for block in source.blocks()])
        assert (source.name, source.rate_hz) == ("Affectiva Q", 8.0)
        assert eda_us.size > 15_000 and 0 <= np.nanmedian(eda_us) < 60
    session = open_recording(shared_data / "stress-predict" / "Raw_data" / "S02", 4.0)
    assert session.rate_hz == 4 and len(session.markers) > 3
    with pytest.raises(RecordingError, match="Choose one"):
        open_recording(shared_data / "stress-predict" / "Raw_data")


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        ("time_s,eda\n0,1\n" + '1,"2\n' + "2,3\n" * 60_000, None, "a quotation mark left open"),
        ("time_s,eda\n0,1\n" + '1,"2\n' + "2,3\n" * 9_000, None, "data line 2 has '22,3"),
        ("time_s,eda\n0,1\n1,inf\n2,3\n", None, "table.csv: data line 2 has 'inf'"),
        ("time_s,eda\n0,1\n1,-1e999\n2,3\n", None, "table.csv: data line 2 has '-1e999'"),
        ("time_s,eda\n0,1\n1,2\n", "9" * 5000, "There is no column"),
    ],
)
def test_a_damaged_table_is_refused_by_its_name(
    tmp_path: Path, content: str, column: str | None, said: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(DatasetError) as caught:
        list(open_recording(path, None, column).blocks())
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500 + len(column or "")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate_hz", [0.0, -4.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused_by_its_name(tmp_path: Path, rate_hz: float) -> None:
    path = tmp_path / "a.csv"
    path.write_text("EDA\n5\n6\n")
    with pytest.raises(ArgumentError, match="rate_hz is"):
        open_recording(path, rate_hz)
