"""Tables of events, and what is wrong with some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError
from runtime.analysis.measures.table import Table
from runtime.analysis.runs.event_table import read_events


def read(folder: Path, text: str, began_utc_s: float | None = None) -> Table:
    path = folder / "events.tsv"
    path.write_text(text, encoding="utf-8")
    return read_events(path, 0.0, 600.0, began_utc_s, 60.0)


def test_bids_events_come_in_order_with_their_columns(tmp_path: Path) -> None:
    text = "onset\tduration\ttrial_type\n30\t5\tstroop\n10\tn/a\trest\n50\t0\tclick\n"
    events = read(tmp_path, text)
    assert events["onset"].tolist() == [10, 30, 50]
    # What has no length gets that of a window.
    assert events["duration"].tolist() == [60, 5, 60]
    assert events["trial_type"].tolist() == ["rest", "stroop", "click"]


def test_commas_and_other_names_are_understood(tmp_path: Path) -> None:
    events = read(tmp_path, "name,time_s\nx,30\ny,40\n")
    assert events["onset"].tolist() == [30, 40] and events["name"].tolist() == ["x", "y"]


def test_an_event_of_no_known_time_stands_last_as_in_our_own_recordings(tmp_path: Path) -> None:
    text = "onset\tduration\tvalue\nn/a\t0\ta\n30\t5\tb\n"
    events = read(tmp_path, text)
    assert events["value"].tolist() == ["b", "a"]
    assert events["onset"][0] == 30 and np.isnan(events["onset"][1])
    assert np.isnan(read(tmp_path, "onset\nn/a\n")["onset"]).all()


def test_a_table_of_no_events_has_no_rows(tmp_path: Path) -> None:
    events = read(tmp_path, "onset\tduration\ttrial_type\tvalue\n")
    assert events.rows == 0 and list(events) == ["onset", "duration", "trial_type", "value"]


@pytest.mark.parametrize("factor", [1, 1000])
def test_dates_are_set_against_the_recordings(tmp_path: Path, factor: int) -> None:
    text = f"onset\n{1_600_000_030 * factor}\n{1_600_000_050 * factor}\n"
    assert read(tmp_path, text, 1.6e9)["onset"].tolist() == [30, 50]
    with pytest.raises(DatasetError, match="does not say when it began"):
        read(tmp_path, text)
    with pytest.raises(DatasetError, match="two clocks"):
        read(tmp_path, text, 1.6e9 - 3600)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("onset\tduration\n30000\t5\n120000\t5\n", "in milliseconds"),
        ("onset\tduration\n3000\t5\n4000\t5\n5\t5\n", "2 of 3 events lie outside"),
        ("begin\tend\n1\t2\n", "no column of onsets"),
        ("1\t2\n3\t4\n", "no column of onsets"),
        ("onset,x\n,1\n3,1\n", "data line 1 has no onset"),
        ("onset,x,x\n1,2,3\n", "two columns 'x'"),
        ("onset\nsoon\n", "data line 1 has 'soon'"),
        ("onset\tduration\n3\t-1\n", "data line 1 has a duration of -1"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        read(tmp_path, text)
