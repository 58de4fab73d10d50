"""What outputs show of a personal model: its words, its guesses, and what it waits for."""

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from device.errors import ArgumentError
from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Adapted, Pipeline, Prediction
from runtime.live.summary import summary_text
from runtime.preprocessing.contract import Contract
from runtime.sinks.encoding import prediction_fields, start_fields
from runtime.sinks.events import Label, Session, Status
from runtime.sinks.mqtt import discovery
from runtime.sinks.screen import STYLES, Shot
from runtime.sinks.words import filling, learning, meaning, shown
from tests.runtime.inference.test_decision import decide
from tests.runtime.inference.test_decision import prediction as answer
from tests.runtime.live_parts import LIVE, summary, write_table
from tests.runtime.people import AROUSAL, PERSONAL, VALENCE, WHY, WORDS
from tests.tiny import CONTRACT


def shot(contract: Contract, *predictions: Prediction) -> Shot:
    made = Shot(Session(SensorInfo("Grove", "p", 19.0), "m", contract))
    for prediction in predictions:
        made.take(prediction)
    return made


def screen(contract: Contract, *predictions: Prediction, width: int = 100, height: int = 20) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    for line in shot(contract, *predictions).lines(width, height):
        console.print(line)
    return out.getvalue()


@pytest.mark.parametrize(
    ("probability", "word", "number"),
    [
        (0.78, "as in a mental task", "78 %"),
        (0.22, "as at rest", "22 % as in a mental task"),
        (0.52, "undecided", "52 % as in a mental task"),
    ],
)
def test_the_contracts_words_stand_in_the_place_of_low_and_high(
    probability: float, word: str, number: str
) -> None:
    decided = Decider(PERSONAL).push(answer(10.0, probability))
    one = shown(decided, AROUSAL)
    assert (one.word, one.number, one.share) == (word, number, probability)
    assert f"arousal {word} {number} " in " ".join(screen(PERSONAL, decided).split())
    # What programs read stays as it was.
    state = prediction_fields(decided)["arousal"]["state"]
    assert state in ("low", "high", "undecided")
    assert one.state == state


def test_programs_are_told_the_words_and_the_guesses() -> None:
    session = Session(SensorInfo("Grove", "p", 19.0), "m", PERSONAL)
    fields = start_fields(session)
    assert fields["targets"] == {"arousal": ["low", "high"], "valence": ["low", "high"]}
    assert fields["words"] == {"arousal": list(WORDS)}
    assert fields["guess"] == {"valence": f"valence is a guess: {WHY}"}
    assert fields["reference_s"] == 30.0
    plain = start_fields(Session(SensorInfo("Grove", "p", 19.0), "m", CONTRACT))
    assert (plain["words"], plain["guess"]) == ({}, {})
    names = [json.loads(text)["name"] for _, text in discovery("t", session)]
    assert "Arousal" in names
    assert "Valence (a guess)" in names and "Valence probability (a guess)" in names


def test_text_of_a_model_file_is_cleaned() -> None:
    dirty = replace(AROUSAL, words=("a\x1b[2J", "b"), guess="c\x9bd")
    assert "\x1b" not in meaning(dirty)
    fields = start_fields(
        Session(SensorInfo("Grove", "p", 19.0), "m", replace(PERSONAL, targets=(dirty,)))
    )
    assert not re.search("[\x1b\x9b]", str(fields["words"]) + str(fields["guess"]))


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.95])
def test_a_guess_is_called_one_and_has_no_colour(probability: float) -> None:
    decided = Decider(PERSONAL).push(answer(10.0, probability))
    one = shown(decided, VALENCE)
    assert one.state == "guess" and one.word == f"a guess: {decided.decisions['valence'].state}"
    assert STYLES[one.state] == "dim"
    text = " ".join(screen(PERSONAL, decided).split())
    assert f"valence {one.word} {100 * probability:.0f} % high" in text
    assert f"Valence is a guess: {WHY}" in text and "close to a guess" not in text
    lines = shot(PERSONAL, decided).lines(100, 20)
    row = next(line for line in lines if line.plain.startswith("valence"))
    assert not any(color in str(span.style) for span in row.spans for color in ("blue", "orange"))


def test_no_trigger_hangs_on_a_guess() -> None:
    settings = DecisionSettings(smoothing_s=0, trigger_level=0.8)
    assert any(one.triggered for one in decide(PERSONAL, settings, [0.1, 0.9]))
    decider = Decider(PERSONAL, settings)
    decided = [decider.push(answer(10.0 + k, p)) for k, p in enumerate((0.1, 0.9))]
    assert [d.decisions["arousal"].triggered for d in decided] == [False, True]
    assert not any(d.decisions["valence"].triggered for d in decided)
    only = replace(PERSONAL, targets=(VALENCE,))
    with pytest.raises(ArgumentError, match=r"trigger_level is 0\.8, .* valence is a guess"):
        Decider(only, settings)
    Decider(only)


def test_the_summary_says_what_the_answers_mean() -> None:
    text = summary_text(summary(), PERSONAL)
    assert "arousal: low (as at rest) / high (as in a mental task)" in text
    assert f"valence is a guess: {WHY}" in text
    assert "guess" not in summary_text(summary(), CONTRACT)
    waited = replace(summary(), windows=5, withheld=5, signal_s=20.0)
    assert "the model learns for 30 s what is usual" in summary_text(waited, PERSONAL)


def test_until_the_reference_is_known_it_says_what_it_waits_for(personal_model: Path) -> None:
    pipeline = Pipeline(personal_model)
    decider = Decider(pipeline)
    samples = simulate(Person(), 60.0, 19.0, arousal=lambda _: 0.8, seed=4)
    predictions = [decider.push(p) for p in pipeline.push(samples)]
    first = next(k for k, p in enumerate(predictions) if not p.withheld)
    assert first > 5
    for prediction in predictions[:first]:
        left_s = prediction.window.reference_left_s
        assert left_s > 0 and prediction_fields(prediction)["reference_left_s"] == left_s
        for width in (40, 100):
            text = " ".join(screen(pipeline.contract, prediction, width=width).split())
            assert f"learning what is usual for this person: {np.ceil(left_s):.0f} s left" in text
            assert "withheld" not in text and "signal 0 %" not in text
            assert "are needed" not in text  # said once
        assert shown(prediction, AROUSAL).word == "no answer yet"
    assert prediction_fields(predictions[first])["reference_left_s"] == 0
    assert "learning" not in screen(pipeline.contract, predictions[first])
    # As long as it was said at the beginning.
    end_s = predictions[first].window.end_s
    assert end_s - samples.time_s[0] == pytest.approx(pipeline.contract.first_answer_s, abs=1.5)


def test_a_poor_signal_is_named_while_the_reference_is_learnt(personal_model: Path) -> None:
    pipeline = Pipeline(personal_model)
    samples = simulate(Person(), 20.0, 19.0, arousal=lambda _: 0.8, seed=4)
    eda_us = samples.eda_us.copy()
    eda_us[-60:] = np.nan
    last = pipeline.push(Samples(samples.time_s, eda_us))[-1]
    text = screen(pipeline.contract, last)
    assert "learning what is usual" in text and "signal: electrodes open" in text


def test_how_far_the_first_answer_is_counts_the_reference() -> None:
    text = screen(replace(PERSONAL))
    assert "waiting for the first samples" in text
    assert "first answer: 0 of 30 s of signal" in text
    assert filling(8.0, 12.0, 1.0, 30.0) == "first answer: 8 of 30 s of signal"
    assert filling(8.0, 12.0, 1.0, 5.0) == filling(8.0, 12.0, 1.0)
    assert learning(0.0) == "" and learning(0.2).endswith(": 1 s left")


def test_live_tells_all_of_it(personal_model: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{write_table(tmp_path)}", "--speed", "max",
         "--model", str(personal_model), "--output", "jsonl", "--trigger-level", "0.01"],
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["words"] == {"arousal": list(WORDS)}
    told = [event for event in events if event["type"] == "prediction"]
    assert told[0]["reference_left_s"] > 0 and told[-1]["reference_left_s"] == 0
    assert any(event["arousal"]["trigger"] for event in told)
    assert not any(event["valence"]["trigger"] for event in told)
    assert f"valence is a guess: {WHY}" in done.stderr
    doctor = subprocess.run(
        [*LIVE, "doctor", "--model", str(personal_model)],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert "arousal: low (as at rest) / high (as in a mental task), thresh" in doctor.stdout
    assert f"valence is a guess: {WHY}" in doctor.stdout
    assert "always the same answers" in doctor.stdout


def test_the_person_s_own_answer_stands_beside_the_stranger_s() -> None:
    decided = Decider(PERSONAL).push(answer(10.0, 0.6))
    adapted = {"arousal": Adapted(0.8, "high", 0.8, 0.2, 3, 1.8e9)}
    text = " ".join(screen(PERSONAL, replace(decided, adapted=adapted)).split())
    assert "for you, arousal: as in a mental task 80 %; +20 points with" in text
    assert re.search(r"points with 3 labels since \d\d \w+ \d\d:\d\d", text)
    small = screen(PERSONAL, replace(decided, adapted=adapted), width=40, height=10)
    assert "arousal" in small and "trained on" in small
    withheld = {"arousal": Adapted(None, "withheld", None, None, 1, 1.8e9)}
    assert "for you, arousal: no answer; 1 label since" in screen(
        PERSONAL, replace(decided, adapted=withheld)
    )


def test_a_question_stands_until_it_is_answered_or_a_minute_has_passed() -> None:
    made = shot(PERSONAL)
    made.ask(Status("question", "How aroused are you?"))
    shown_of = lambda: "".join(line.plain for line in made.lines(80, 20))  # noqa: E731
    assert "How aroused" in shown_of()
    made.say(Label(3.0, "arousal", 1.0, "tense", "terminal"))
    assert "How aroused" not in shown_of() and "said at 0:03: tense" in shown_of()
    made.ask(Status("question", "How aroused are you?"))
    made.recent.append(Samples(np.array([100.0]), np.array([5.0])))
    assert "How aroused" not in shown_of()
