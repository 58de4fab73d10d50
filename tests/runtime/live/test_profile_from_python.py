"""`rtcan.live(profile=...)`: the next sitting goes on where the last one ended; labels by `say`."""

import errno
import json
import logging
import os
import tty
import warnings
from pathlib import Path

import pytest

import rtcan
from device.errors import ArgumentError, ProfileInUseError
from runtime.person import profile_file
from runtime.person.profile_file import ProfileFile
from tests.runtime.live_parts import until, write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("table"))


def test_the_next_sitting_answers_at_once(
    table: Path, personal_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = tmp_path / "anna.json"
    first = list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    assert first[0].decisions["arousal"].smoothed is None
    saved = ProfileFile(str(where)).load()
    assert saved is not None and saved.sessions_seen == 1 and saved.known_s > 20
    with caplog.at_level(logging.INFO, "rtcan"):
        second = list(rtcan.live(table, model=personal_model, speed=None, profile=str(where)))
    assert second[0].decisions["arousal"].smoothed is not None
    [news] = [one for one in caplog.records if "1 earlier sitting" in one.message]
    assert news.levelno == logging.INFO
    # A stranger's run knows nothing of it.
    stranger = list(rtcan.live(table, model=personal_model, speed=None))
    assert stranger[0].decisions["arousal"].smoothed is None


def test_labels_of_a_program_are_kept_and_move_the_answer_asked_for(
    table: Path, personal_model: Path, tmp_path: Path
) -> None:
    where = tmp_path / "anna.json"
    list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    with pytest.warns(UserWarning, match="does not say how people differ in arousal"):
        live = rtcan.live(table, model=personal_model, speed=8.0, profile=where, adapt=True)
    with live:
        for prediction in live:
            if prediction.window.index == 1:
                live.say("tense")
            if prediction.adapted:
                break
    one = prediction.adapted["arousal"]
    assert one.labels == 1 and one.probability_high is not None
    assert one.probability_high > prediction.estimates["arousal"].probability_high
    told = json.loads(where.read_text())
    assert [label["text"] for label in told["labels"]] == ["tense"]
    assert told["labels"][0]["source"] == "program" and told["adaptations"]


def test_what_is_said_of_no_time_is_not_kept_and_said_so(
    table: Path, personal_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Before the first sample, and after the run, though its predictions wait for the caller."""
    where = tmp_path / "anna.json"
    live = rtcan.live(table, model=personal_model, speed=None, profile=where)
    first = next(live)
    until(lambda: json.loads(where.read_text())["sessions"] if where.exists() else None)
    live.say("tense")
    assert first.window.index == 0 and len(list(live)) > 20
    live.say("calm")
    assert json.loads(where.read_text())["labels"] == []
    said = [one.message for one in caplog.records if "is not kept" in one.message]
    assert ["'tense'" in said[0], "'calm'" in said[1]] == [True, True]
    assert all("the run has ended" in one for one in said)
    caplog.clear()
    master, slave = os.openpty()
    tty.setraw(slave)
    with rtcan.live(os.ttyname(slave), "grove", model=personal_model, rate_hz=19.0) as silent:
        silent.say("calm")
    os.close(master)
    os.close(slave)
    assert "'calm' is not kept: there is no sample yet" in caplog.text


def test_a_profile_is_one_runs_until_its_end(
    table: Path, personal_model: Path, tmp_path: Path
) -> None:
    where = tmp_path / "anna.json"
    live = rtcan.live(table, model=personal_model, speed=1.0, profile=where)
    with pytest.raises(ProfileInUseError):
        rtcan.live(table, model=personal_model, speed=None, profile=where)
    live.close()
    assert list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    # A run that never began lets it go as well.
    with pytest.raises(rtcan.RtcanError, match="nowhere"):
        rtcan.live(tmp_path / "nowhere.csv", model=personal_model, profile=where)
    assert list(rtcan.live(table, model=personal_model, speed=None, profile=where))


def test_a_damaged_profile_is_said_as_a_warning(
    table: Path, personal_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = tmp_path / "anna.json"
    for _ in range(2):
        list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    where.write_bytes(where.read_bytes()[:-20])
    with caplog.at_level(logging.INFO, "rtcan"):
        list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    [said] = [one for one in caplog.records if "damaged" in one.message]
    assert said.levelno == logging.WARNING


def test_a_profile_that_cannot_be_written_at_the_end_is_said(
    table: Path, personal_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(profile_file, "write_private", full)
    where = tmp_path / "anna.json"
    assert list(rtcan.live(table, model=personal_model, speed=None, profile=where))
    assert "profile: stopped: the profile cannot be written: No space left" in caplog.text
    assert not list(tmp_path.iterdir())


def test_arguments_that_cannot_be_used(table: Path, personal_model: Path) -> None:
    with pytest.raises(ArgumentError, match="profile is 7"):
        rtcan.live(table, model=personal_model, profile=7)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live = rtcan.live(table, model=personal_model, speed=None)
    with live, pytest.raises(ArgumentError, match="calm, tense, 1 to 5"):
        live.say("so-so")
