"""The guided first session: its steps, what it measures, and that nothing of it is half-kept."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.sources.demo import DemoSensor
from runtime.inference.pipeline import Prediction
from runtime.person.guide import ARITHMETIC, RECAP, REST, Guide, Plan
from runtime.person.measure import responses
from runtime.person.person import Person
from runtime.person.said import Said
from runtime.sinks.events import Label, Status, Step
from runtime.sinks.steps import breath, left_s, number, panel, share
from tests.runtime.inference.test_decision import prediction as answer
from tests.runtime.live_parts import LIVE, until
from tests.tiny import CONTRACT

PLAN = Plan(((REST, 30.0), (ARITHMETIC, 30.0), (REST, 30.0)))


def lead(
    guide: Guide, until_s: int, commands: dict[int, str] | None = None, **p: float
) -> list[Any]:
    """Let seconds pass; windows of 10 s answer `rest` or `task` by the step under way."""
    told: list[Any] = []
    for now in range(until_s + 1):
        if guide.underway and told:
            kind = [x for x in told if isinstance(x, Step)][-1].kind
            guide.take(window(float(now), p.get(kind)))
        told += guide.pass_time(float(now))
        if commands and now in commands:
            told += guide.obey(commands[now], float(now))
    return told


def window(end_s: float, probability: float | None) -> Prediction:
    return answer(end_s, probability)


def kinds(told: list[Any]) -> list[str]:
    return [item.kind for item in told if isinstance(item, Step)]


def test_steps_follow_each_other_and_end_with_what_was_measured() -> None:
    guide = Guide(CONTRACT, PLAN)
    told = lead(guide, 300, rest=0.2, arithmetic=0.9)
    assert kinds(told) == [REST, ARITHMETIC, REST, RECAP, "over"]
    assert [x.time_s for x in told if isinstance(x, Step)] == [0, 30, 60, 90, 210]
    labels = [x for x in told if isinstance(x, Label)]
    # One for every window's length, told at the end and not before.
    assert {(x.text, x.value) for x in labels} == {("rest", 0.0), ("arithmetic", 1.0)}
    assert np.diff([x.time_s for x in labels]).min() >= CONTRACT.window_s - CONTRACT.hop_s
    assert told.index(labels[0]) > kinds(told).index(REST)
    assert guide.measured is not None and guide.measured.apart == 1.0
    recap = next(x for x in told if isinstance(x, Step) and x.kind == RECAP)
    assert recap.lines[-1] == "That is enough." and "arousal 90 %" in recap.lines[1]
    assert guide.over and json.loads(json.dumps(guide.measured.to_dict()))["enough"] is True


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"rest": 0.5, "arithmetic": 0.5}, "hardly tells your rest from your arithmetic"),
        ({"rest": 0.2}, "too little of the signal at arithmetic was good enough"),
        ({}, "too little of the signal at rest was good enough"),
    ],
)
def test_it_says_where_that_is_not_enough(answers: dict[str, float], said: str) -> None:
    guide = Guide(CONTRACT, PLAN)
    told = lead(guide, 95, **answers)
    assert said in " ".join(next(x for x in told if getattr(x, "kind", "") == RECAP).lines)


def test_a_step_can_be_skipped_and_all_of_it_begun_again() -> None:
    guide = Guide(CONTRACT, PLAN)
    told = lead(guide, 200, {40: "restart", 45: "skip"}, rest=0.2, arithmetic=0.9)
    assert kinds(told)[:5] == [REST, ARITHMETIC, REST, ARITHMETIC, REST]
    steps = [x for x in told if isinstance(x, Step)]
    assert [x.time_s for x in steps[2:6]] == [40, 45, 75, 105]
    assert steps[1].numbers != steps[3].numbers  # nobody counts from memory
    assert guide.measured is not None
    first = guide.measured.steps[0]
    assert (first["seconds"], first["windows"]) == (5.0, 0)
    assert "Rest: skipped before a window was whole." in steps[5].lines
    assert all(40 <= x.time_s <= 105 for x in told if isinstance(x, Label))


def test_whoever_stops_keeps_nothing() -> None:
    kept: list[Any] = []
    person = Person(guide=Guide(CONTRACT, PLAN), enrolled=kept.append)
    told: list[Any] = []
    for now in range(200):
        person.adapt(answer(float(now), 0.5))
        told += person.pass_time(float(now))
        if now == 80:
            told += person.hear(Said(80.0, "stop", "terminal"))
    assert kinds(told) == [REST, ARITHMETIC, REST, "stopped"] and kept == []
    assert not any(isinstance(x, Label) for x in told)
    assert any(isinstance(x, Step) for x in person.hear(Said(201.0, "restart", "terminal")))


@pytest.mark.parametrize("command", ["skip", "restart"])
def test_a_key_that_is_pressed_after_the_newest_sample_counts_once(command: str) -> None:
    person = Person(guide=Guide(CONTRACT, PLAN))
    told = [*person.pass_time(10.0), *person.hear(Said(10.3, command, "terminal"))]
    for now in (10.0, 10.0, 10.2, 10.5):  # samples come in groups
        told += person.pass_time(now)
    assert kinds(told) == [REST, ARITHMETIC if command == "skip" else REST]
    assert told[1].time_s == 10.3


def test_to_stop_at_the_recap_ends_it_and_what_was_measured_stays_kept() -> None:
    kept: list[Any] = []
    person = Person(guide=Guide(CONTRACT, PLAN), enrolled=kept.append)
    told: list[Any] = []
    for now in range(95):
        person.adapt(answer(float(now), 0.5))
        told += person.pass_time(float(now))
    told += person.hear(Said(95.0, "stop", "terminal"))
    assert len(kept) == 1 and kinds(told)[-2:] == [RECAP, "over"]


def test_without_a_guided_session_its_commands_are_answered() -> None:
    (status,) = Person().hear(Said(0.0, "skip", "terminal"))
    assert isinstance(status, Status) and "no guided session is under way" in status.text


def test_how_a_step_looks() -> None:
    rest = Step(time_s=10.0, kind=REST, index=0, count=3, duration_s=120.0, text="Sit.",
                breath_s=(4.0, 6.0))  # fmt: skip
    assert left_s(rest, 10.0) == 120 and left_s(rest, 500.0) == 0 and share(rest, 70.0) == 0.5
    assert breath(rest, 12.0) == ("breathe in", 0.5) and breath(rest, 17.0) == ("breathe out", 0.5)
    assert number(rest, 12.0) is None
    task = Step(time_s=0.0, kind=ARITHMETIC, index=1, count=3, duration_s=120.0,
                numbers=(100, 7, 4.0))  # fmt: skip
    assert [number(task, t) for t in (0.0, 3.9, 4.0, 1000.0)] == [100, 100, 93, 2]
    for step in (rest, task):
        for width in (38, 90):
            lines = panel(step, 20.0, width, keys=True)
            assert all(len(line) <= width for line in lines)
            assert any("n skips" in line.plain for line in lines)
    assert (
        panel(Step(time_s=0.0, kind="over", index=2, count=3, duration_s=0.0), 1.0, 80, keys=True)
        == []
    )


def test_responses_are_rises_not_noise() -> None:
    time_s = np.arange(0, 60, 1 / 8)
    bumps = sum(np.exp(-0.5 * ((time_s - at) / 1.5) ** 2) for at in (10, 25, 26.5, 45))
    noise = np.random.default_rng(0).normal(0, 0.005, time_s.size)
    assert responses(0.3 * bumps + noise) == 3  # two that melt into one are one
    assert responses(noise) == 0 and responses(np.zeros(3)) == 0


def test_a_simulated_person_does_what_they_are_told() -> None:
    sensor = DemoSensor(speed=400.0)
    sensor.open()
    rates = []
    for arousal in (0.9, 0.0):
        sensor.feel(arousal, 0.0)
        parts: list[float] = []
        while len(parts) < 19 * 120:
            parts += sensor.read(0.5).eda_us.tolist()
        # How much it moves within a second, in the last minute.
        rates.append(float(np.abs(np.diff(parts[-19 * 60 :: 19])).mean()))
    assert rates[0] > 2 * rates[1]


def test_a_simulated_person_goes_through_it(tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    done = subprocess.run(
        [*LIVE, "--demo", "--profile", str(profile), "--enrol", "--speed", "40", "--output",
         "jsonl", "--record", str(tmp_path / "rec")],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [event for event in events if event["type"] == "step"]
    assert [step["kind"] for step in steps] == [REST, ARITHMETIC, REST, RECAP]
    assert steps[-1]["lines"][-1] == "That is enough."
    labels = [event for event in events if event["type"] == "label"]
    assert {label["value"] for label in labels} == {0.0, 1.0} and len(labels) >= 3
    shown = subprocess.run(
        [sys.executable, "-m", "runtime.live.profiles", "show", str(profile)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "guided session: 2" in shown and "enough" in shown and f"labels: {len(labels)}" in shown
    rows = next((tmp_path / "rec").rglob("*_events.tsv")).read_text().splitlines()[1:]
    onsets = [float(row.split("\t")[0]) for row in rows]
    assert onsets == sorted(onsets) and any("\tenrolment\tarithmetic" in row for row in rows)


def test_whoever_is_interrupted_keeps_nothing_of_it(tmp_path: Path) -> None:
    profile, lines = tmp_path / "p.json", tmp_path / "out.jsonl"
    with lines.open("w") as out:
        live = subprocess.Popen(
            [*LIVE, "--demo", "--profile", str(profile), "--enrol", "--speed", "40", "--output",
             "jsonl"], stdout=out, stderr=subprocess.DEVNULL, env={**os.environ},
        )  # fmt: skip
        until(lambda: ARITHMETIC in lines.read_text())
        live.send_signal(signal.SIGINT)
        assert live.wait(20) == 0
    kept = json.loads(profile.read_bytes())
    assert kept["enrolment"] is None and kept["labels"] == [] and kept["adaptations"] == {}
    assert kept["sessions_seen"] == 1


def test_it_needs_a_place_to_keep_it() -> None:
    done = subprocess.run(
        [*LIVE, "--demo", "--enrol"], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 2 and "--enrol needs --profile NAME" in done.stderr
