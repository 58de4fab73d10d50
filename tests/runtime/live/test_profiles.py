"""`rtcan-live --profile` and `rtcan profile`: the next sitting goes on where the last one ended."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from device.errors import ProfileError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from device.timing.sample_clock import SampleClock
from runtime.inference.pipeline import Pipeline
from runtime.live.profiles import main
from runtime.person.keeper import ProfileKeeper
from runtime.person.profile import Profile, to_bytes, units_of
from runtime.sinks.events import Label
from tests.runtime.live_parts import LIVE, summary, until, write_table
from tests.runtime.people import PERSONAL


def call(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    texts = [str(word) for word in words]
    return subprocess.run(texts, capture_output=True, text=True, timeout=100, check=False, **more)


def profile_command(*words: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=env)


def replay(table: Path, model: Path, *more: object) -> tuple[list[dict[str, Any]], str]:
    done = call(
        *LIVE, "--port", f"replay:{table}", "--speed", "max", "--model", model,
        "--output", "jsonl", *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def predictions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == "prediction"]


def test_the_next_sitting_answers_at_once(personal_model: Path, tmp_path: Path) -> None:
    table, profile = write_table(tmp_path), tmp_path / "anna.json"
    first, _ = replay(table, personal_model, "--profile", profile)
    assert first[0]["reference_left_s"] == 30.0
    assert predictions(first)[0]["reference_left_s"] > 0
    record = tmp_path / "rec"
    second, said = replay(table, personal_model, "--profile", profile, "--record", record)
    assert second[0]["reference_left_s"] == 0.0
    assert predictions(second)[0]["arousal"]["smoothed"] is not None
    news = next(event for event in second if event["type"] == "status")
    assert news["kind"] == "profile" and "1 earlier sitting" in news["text"]
    assert "anna: known from 1 earlier sitting" in said
    # Nothing that is kept elsewhere says whose it is.
    assert second[0]["profile"] is None
    files = [path for path in record.rglob("*") if path.is_file()]
    assert not any(b"anna" in path.read_bytes() for path in files)
    # The recording brings what was known at its beginning: it can be computed again, and played.
    verified = call(
        sys.executable, "-m", "runtime.recording.command", "verify", record,
        "--model", personal_model,
    )  # fmt: skip
    assert "equal to the last bit" in verified.stdout, verified.stderr
    again, _ = replay(record, personal_model)
    for one, other in zip(predictions(again), predictions(second), strict=True):
        assert one["arousal"] == other["arousal"]


def test_the_profile_is_named_where_that_is_asked_for(personal_model: Path, tmp_path: Path) -> None:
    table, profile = write_table(tmp_path), tmp_path / "anna.json"
    events, _ = replay(
        table, personal_model, "--profile", profile, "--record", tmp_path / "rec",
        "--record-profile",
    )  # fmt: skip
    assert events[0]["profile"] == "anna"
    described = next((tmp_path / "rec").rglob("*_physio.json"))
    assert json.loads(described.read_text())["RTCAN"]["profile"] == "anna"


def test_a_sitting_goes_on_to_the_last_bit(personal_model: Path, tmp_path: Path) -> None:
    samples = simulate(Person(), 90, 19.0, arousal=lambda _: 0.6, seed=5)
    half = len(samples) // 2
    early = Samples(samples.time_s[:half], samples.eda_us[:half])
    late = Samples(samples.time_s[half:], samples.eda_us[half:])
    stayed = Pipeline(personal_model)
    stayed.push(early)
    stayed.reset()  # another stream of the same person
    expected = stayed.push(late)

    came = Pipeline(personal_model)
    keeper = ProfileKeeper(str(tmp_path / "p.json"), came)
    keeper.start(session_of(came))
    for prediction in came.push(early):
        keeper.prediction(prediction)
    keeper.close(summary())
    back = Pipeline(personal_model)
    ProfileKeeper(str(tmp_path / "p.json"), back).release()
    # Days later, by a clock that began anew: the days between are no time of the signal.
    found = back.push(Samples(late.time_s, late.eda_us))
    assert len(found) == len(expected) > 20
    for one, other in zip(found, expected, strict=True):
        assert one.estimates == other.estimates
        assert one.window.input is not None and other.window.input is not None
        np.testing.assert_array_equal(one.window.input, other.window.input)


def session_of(pipeline: Pipeline) -> Any:
    from device.sensor import SensorInfo
    from runtime.sinks.events import Session

    return Session(SensorInfo("Grove", "p", 19.0), "m", pipeline.contract)


def test_what_recordings_and_others_hear_of_a_profile_names_nobody(
    personal_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, path = Pipeline(personal_model), tmp_path / "anna.json"
    predictions = pipeline.push(simulate(Person(), 60, 19.0, arousal=lambda _: 0.5))
    for _ in range(2):
        keeper = ProfileKeeper(str(path), pipeline)
        keeper.start(session_of(pipeline))
        keeper.prediction(predictions[0])
        keeper.close(summary())
    path.write_text("{")
    keeper = ProfileKeeper(str(path), pipeline)
    said = [status.text for status in keeper.news()]
    keeper.start(session_of(pipeline))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr("runtime.person.keeper._SAVE_EVERY_S", 0.0)
    keeper.prediction(predictions[0])
    said.append(str(keeper.trouble))
    with pytest.raises(ProfileError) as failed:
        keeper.close(summary())
    said.append(str(failed.value))
    assert "the profile was damaged" in said[0] and "1 earlier sitting" in said[1]
    assert said[2].startswith("the profile cannot be written: No space left on device.")
    assert said[2].startswith(said[3])
    assert not any("anna" in text for text in said)


def test_labels_have_the_time_of_which_they_speak(personal_model: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(personal_model)
    keeper = ProfileKeeper(str(tmp_path / "p.json"), pipeline)
    clock = SampleClock(1.0, 1.7e9, live=False)
    keeper.start(replace(session_of(pipeline), clock=clock))
    clock.push(np.arange(600.0), 0.0, None)
    keeper.label(Label(360.0, "arousal", 0.0, "rest", "enrolment"))
    keeper.close(summary())
    kept = json.loads((tmp_path / "p.json").read_bytes())["labels"]
    assert datetime.fromisoformat(kept[0]["utc"]).timestamp() == 1.7e9 + 360


def test_a_profile_from_elsewhere_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "rtcan" / "profiles" / "p.json"
    path.parent.mkdir(parents=True)
    evil = "\x1b]0;evil\x07"
    profile = Profile(name=evil, preprocessing=units_of(PERSONAL), created=evil, updated=evil)
    path.write_bytes(to_bytes(profile))
    for command in ("show", "list"):
        shown = profile_command(command, *([path] if command == "show" else []),
                                env={"XDG_DATA_HOME": str(tmp_path)})  # fmt: skip
        assert shown.exit_code == 0 and "\x1b" not in shown.stdout


def test_what_cannot_be_used_ends_before_the_run(personal_model: Path, tmp_path: Path) -> None:
    table, profile = write_table(tmp_path), tmp_path / "p.json"
    replay(table, personal_model, "--profile", profile)
    kept = profile.read_bytes()
    for words, said in (
        (["--demo", "--profile", profile], "belongs to another model"),
        (["--demo", "--record-profile"], "--record-profile needs --profile NAME"),
        (["--demo", "--profile", table / "p.json"], "cannot be written"),
    ):
        done = call(*LIVE, *words, "--output", "none", "--duration", "1")
        assert done.returncode != 0 and "Traceback" not in done.stderr
        assert said in " ".join(done.stderr.split())
    assert profile.read_bytes() == kept


def test_a_run_that_is_killed_leaves_the_profile_as_it_was(
    personal_model: Path, tmp_path: Path
) -> None:
    table, profile = write_table(tmp_path), tmp_path / "p.json"
    replay(table, personal_model, "--profile", profile)
    kept = profile.read_bytes()
    live = subprocess.Popen(
        [*LIVE, "--port", f"replay:{table}", "--model", str(personal_model), "--output", "none",
         "--profile", str(profile)], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until((tmp_path / "p.json.lock").exists)
    busy = call(*LIVE, "--demo", "--profile", profile, "--output", "none")
    assert busy.returncode == 1 and "in use by another process" in busy.stderr
    assert profile_command("delete", profile).exit_code == 1
    live.send_signal(signal.SIGKILL)
    live.wait(20)
    assert profile.read_bytes() == kept
    replay(table, personal_model, "--profile", profile)
    assert "sittings: 2" in profile_command("show", profile).stdout


def test_profiles_are_listed_shown_exported_reset_and_deleted(
    personal_model: Path, tmp_path: Path
) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    assert "No profiles in" in profile_command("list", env=env).stdout
    missing = profile_command("show", "me", env=env)
    assert missing.exit_code == 1 and "There is no profile me" in missing.stderr
    table = write_table(tmp_path)
    call(*LIVE, "--port", f"replay:{table}", "--speed", "max", "--model", personal_model,
         "--output", "none", "--profile", "me", env={**os.environ, **env})  # fmt: skip
    listed = profile_command("list", env=env).stdout
    assert listed.startswith("me  1 sitting, 0 labels, 1 min known; last saved 2")
    shown = profile_command("show", "me", env=env).stdout
    assert "reference: 0.7 min" in shown and "sittings: 1" in shown
    assert profile_command("export", "me", tmp_path / "copy.json", env=env).exit_code == 0
    path = tmp_path / "data" / "rtcan" / "profiles" / "me.json"
    copied = tmp_path / "copy.json"
    assert copied.read_bytes() == path.read_bytes() and copied.stat().st_mode & 0o777 == 0o600
    assert profile_command("export", "me", env=env).stdout.encode() == path.read_bytes()
    assert profile_command("reset", "me", "--labels", env=env).exit_code == 0
    assert "reference: 0.7 min" in profile_command("show", "me", env=env).stdout
    assert profile_command("reset", "me", env=env).exit_code == 0
    assert list(path.parent.iterdir()) == []
    deleted = profile_command("delete", copied)
    assert deleted.stdout.split() == ["deleted", str(copied)] and not copied.exists()


@pytest.mark.parametrize("command", ["show", "export", "reset", "delete"])
def test_a_damaged_profile_is_named(command: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("{")
    done = profile_command(command, path)
    assert "Traceback" not in done.stderr
    if command in ("show", "export"):
        assert done.exit_code == 1 and "p.json is damaged" in done.stderr and path.exists()
    else:
        assert done.exit_code == 0 and not path.exists()
