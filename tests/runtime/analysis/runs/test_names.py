"""Where results go, by BIDS."""

from __future__ import annotations

from pathlib import Path

from runtime.analysis.runs.names import places


def stems(*paths: str) -> list[str]:
    return [place.file("scr.tsv").as_posix() for place in places([Path(path) for path in paths])]


def test_names_by_bids_keep_their_entities() -> None:
    name = "sub-07_ses-02_task-rest_run-1_recording-eda_physio.tsv.gz"
    assert stems(f"data/sub-07/ses-02/beh/{name}") == [
        "sub-07/ses-02/beh/sub-07_ses-02_task-rest_run-1_recording-eda_scr.tsv"
    ]


def test_other_names_become_subjects() -> None:
    assert stems("a/bio_100Hz.csv", "S01/EDA.csv", "Raw/S02", "x/1.2 µS.txt") == [
        "sub-bio100Hz/beh/sub-bio100Hz_scr.tsv",
        "sub-S01/beh/sub-S01_scr.tsv",
        "sub-S02/beh/sub-S02_scr.tsv",
        "sub-12S/beh/sub-12S_scr.tsv",
    ]


def test_equal_names_are_told_apart() -> None:
    found = stems("a/S01/EDA.csv", "b/S01/EDA.csv", "c/ö.csv", "d/ö.csv")
    assert found[:2] == ["sub-S01/beh/sub-S01_run-1_scr.tsv", "sub-S01/beh/sub-S01_run-2_scr.tsv"]
    assert len(set(found)) == 4


def test_a_number_that_is_given_is_not_taken_again() -> None:
    names = ["a/sub-1_eda.csv", "b/sub-1_eda.csv", "c/sub-1_run-1_eda.csv"]
    assert len(set(stems(*names))) == len(set(stems(*reversed(names)))) == 3
    both = ["a/sub-1_eda.csv", "b/sub-1_eda.csv", "c/sub-1_run-1_x.csv", "d/sub-1_run-1_x.csv"]
    assert len(set(stems(*both))) == 4
    # One file for both, on some systems.
    assert len({stem.lower() for stem in stems("a/P1.csv", "b/p1.csv")}) == 2
