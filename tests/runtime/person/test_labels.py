"""Labels: what was said, when, and what follows; the person's own answer beside the stranger's."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.errors import ProfileError
from device.simulation.physiology import Person as Skin
from device.simulation.physiology import simulate
from device.sources.replay import ReplaySensor
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Estimate, Pipeline, Prediction
from runtime.inference.prior import Prior
from runtime.person.adaptation import Learner
from runtime.person.person import Person
from runtime.person.said import Said
from runtime.recording.load import load
from runtime.recording.recorder import Recorder
from runtime.replay.find import find
from runtime.session.inputs import Inputs
from runtime.session.loop import run
from runtime.sinks.encoding import prediction_fields
from runtime.sinks.events import Label, Marker, Session, Status
from runtime.sinks.incoming import words
from runtime.sinks.sink import Sink
from tests.runtime.inference.test_decision import prediction as answer
from tests.runtime.live_parts import write_table


@pytest.mark.parametrize(
    ("said", "target", "value"),
    [
        ("calm", "arousal", 0.0),
        (" Tense ", "arousal", 1.0),
        ("1", "arousal", 0.0),
        ("4", "arousal", 0.75),
        ("arousal 3", "arousal", 0.5),
        ("valence: 5", "valence", 1.0),
        ("VALENCE=2", "valence", 0.25),
    ],
)
def test_what_is_a_label(said: str, target: str, value: float) -> None:
    label = Said(3.0, said, "mqtt").label
    assert label is not None
    assert (label.time_s, label.target, label.value) == (3.0, target, value)


@pytest.mark.parametrize("said", ["", "0", "6", "44", "joy 3", "arousal", "arousal high", "4.5"])
def test_what_is_none_is_said_so(said: str) -> None:
    assert Said(0.0, said, "mqtt").label is None
    (status,) = Person().hear(Said(0.0, said, "mqtt"))
    assert (
        isinstance(status, Status) and "is no label; expected: calm, tense, 1 to 5" in status.text
    )


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"calm", "calm"),
        (b'{"text": "valence 2"}', "valence 2"),
        (b'{"target": "valence", "value": 2}', "valence 2"),
        (b'{"value": 4}', "arousal 4"),
        (b"4", "4"),
        (b"\xff\x00" * 500, None),
        (b"[" * 5000, None),
    ],
)
def test_what_other_programs_send(payload: bytes, text: str | None) -> None:
    found = words(payload)
    assert len(found) <= 200
    if text is None:
        assert Said(0.0, found, "mqtt").label is None
    else:
        assert found == text and Said(0.0, found, "mqtt").label is not None


def told(learner: Learner, probabilities: list[float | None]) -> list[Prediction]:
    """Windows that end at 10 s, 11 s and so on."""
    return [learner.push(answer(10.0 + k, p)) for k, p in enumerate(probabilities)]


@pytest.fixture
def learner(tiny_model: Path) -> Learner:
    return Learner(Classifier(tiny_model), adapt=True)


def label(time_s: float, value: float, target: str = "arousal") -> Label:
    return Label(time_s, target, value, "", "test")


def test_without_labels_there_is_the_stranger_s_answer_alone(learner: Learner) -> None:
    before = answer(10.0, 0.7)
    assert learner.push(before) is before
    assert learner.label(label(10.0, 0.5)) is None  # neither teaches nothing
    assert learner.push(before) is before
    assert learner.to_dict() == {}


def test_labels_move_the_answer_their_way_and_it_says_by_how_much(learner: Learner) -> None:
    told(learner, [0.5] * 5)
    assert learner.label(label(14.2, 1.0)) is None
    after = learner.push(answer(15.0, 0.5)).adapted
    assert list(after) == ["arousal"]
    one = after["arousal"]
    assert one.probability_high is not None and one.smoothed == one.probability_high
    assert one.probability_high > 0.5 and one.labels == 1
    fields = prediction_fields(replace(answer(15.0, 0.5), adapted=after))["arousal"]["adapted"]
    assert fields["labels"] == 1 and fields["since"].endswith("Z")
    # The stranger's answer stands beside it as it was.
    assert learner.push(answer(16.0, 0.5)).estimates["arousal"].probability_high == 0.5


def test_what_a_label_cannot_teach_is_said(learner: Learner) -> None:
    told(learner, [0.5, None, 0.5])
    assert "no window ends at the time" in str(learner.label(label(60.0, 1.0)))
    assert "there was no answer at the time" in str(learner.label(label(11.0, 1.0)))
    assert "this model has no mood" in str(learner.label(label(12.0, 1.0, "mood")))
    assert learner.to_dict() == {}
    assert learner.label(label(10.0, 1.0)) is None
    assert "contradicts what was said of arousal 2 s before" in str(learner.label(label(12.0, 0.0)))


def test_labels_of_one_class_alone_are_said(learner: Learner) -> None:
    told(learner, [0.5] * 3)
    assert [learner.label(label(10.0 + k, 0.0)) for k in range(2)] == [None, None]
    assert "all 3 labels of arousal say low" in str(learner.label(label(12.0, 0.25)))


def test_what_was_learnt_is_kept_and_shown_only_where_asked_for(tiny_model: Path) -> None:
    classifier = Classifier(tiny_model)
    taught = Learner(classifier, adapt=True)
    told(taught, [0.5])
    taught.label(label(10.0, 1.0))
    state = json.loads(json.dumps(taught.to_dict()))
    quiet = Learner(classifier)  # this model's file says nothing of people, so it is off
    quiet.load(state)
    assert quiet.to_dict() == state
    assert quiet.push(answer(11.0, 0.5)).adapted == {}
    again = Learner(classifier, adapt=True)
    again.load(state)
    assert again.push(answer(11.0, 0.5)).adapted == taught.push(answer(11.0, 0.5)).adapted
    for wrong in ({"arousal": {}}, {"mood": state["arousal"]}, {"arousal": None}):
        with pytest.raises(ProfileError, match="rtcan profile reset NAME --labels"):
            again.load(wrong)
    assert again.to_dict() == state


def test_inputs_have_the_time_at_which_they_were_made() -> None:
    inputs = Inputs([(5.0, "a")], [(3.0, "calm"), (50.0, "tense")])
    inputs.say("4", "terminal")
    assert list(inputs.take()) == []  # before the first sample there is no time
    inputs.arrived(10.0, 0.0)
    first, second = inputs.take()
    assert first == Said(3.0, "calm", "recording") and second == Marker(5.0, "a")
    for _ in range(5000):
        inputs.mark("x")
    assert len(list(inputs.take())) == 1000  # whoever floods loses their own


def test_a_question_comes_every_so_often() -> None:
    person = Person(ask_every_s=60.0)
    asked = [t for t in range(0, 400, 7) if list(person.pass_time(float(t)))]
    assert np.diff(asked).min() >= 60 and len(asked) == 6
    assert not list(Person().pass_time(1e9))
    assert math.isinf(Person().ask_every_s)


class Talker(Sink):
    """Says something at some times of the samples, and hears what follows."""

    def __init__(self, said: dict[float, str]) -> None:
        self.said, self.labels, self.hints = said, list[Label](), list[str]()

    def start(self, session: Session) -> None:
        self.session = session

    def prediction(self, prediction: Prediction) -> None:
        for time_s in [t for t in self.said if t <= prediction.window.end_s]:
            self.session.say(self.said.pop(time_s), "test")

    def label(self, label: Label) -> None:
        self.labels.append(label)

    def status(self, status: Status) -> None:
        self.hints.append(status.text)


def test_labels_of_a_run_are_recorded_and_played_again(tiny_model: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(Classifier(tiny_model))
    person = Person(learner=Learner(pipeline.classifier))
    talker = Talker({15.0: "tense", 20.0: "valence 2", 25.0: "what"})
    root = tmp_path / "rec"
    run(
        ReplaySensor(find(write_table(tmp_path)), 20.0), pipeline, [talker, Recorder(root)],
        person=person,
    )  # fmt: skip
    assert [(x.target, x.value) for x in talker.labels] == [("arousal", 1.0), ("valence", 0.25)]
    assert any("'what' is no label" in text for text in talker.hints)
    lines = next(root.rglob("*_events.tsv")).read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    kept = [(kind, value) for _, _, kind, value in rows if kind == "label"]
    assert kept == [("label", "arousal 5"), ("label", "valence 2")]
    assert any(row[2] == "hint" for row in rows)
    assert person.learner is not None and set(person.learner.to_dict()) == {"arousal", "valence"}
    # And again from the recording: the same labels at the same times.
    again = Talker({})
    taught = Learner(pipeline.classifier)
    run(
        ReplaySensor(find(root), None), Pipeline(pipeline.classifier), [again],
        person=Person(learner=taught), lossless=True,
    )  # fmt: skip
    assert [(x.time_s, x.target, x.value) for x in again.labels] == [
        (x.time_s, x.target, x.value) for x in talker.labels
    ]
    assert list(load(root).labels()) == [(x.time_s, w) for x, w in zip(
        talker.labels, ("arousal 5", "valence 2"), strict=True)]  # fmt: skip


def windows(model: Path) -> Iterator[Prediction]:
    samples = simulate(Skin(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    yield from Pipeline(model).push(samples)


def test_a_model_s_own_windows_are_learnt_from(personal_model: Path) -> None:
    learner = Learner(Classifier(personal_model), adapt=True)
    seen = [learner.push(prediction) for prediction in windows(personal_model)]
    newest = seen[-1].window.end_s
    assert learner.label(label(newest, 0.0)) is None
    assert list(learner.push(seen[-1]).adapted) == ["arousal"]
    assert isinstance(seen[-1].estimates["arousal"], Estimate)


def test_the_same_said_again_of_the_same_window_teaches_nothing_more(learner: Learner) -> None:
    learner.push(answer(10.0, 0.7))
    for _ in range(100):
        assert learner.label(label(10.0, 1.0)) is None
    assert len(learner.adaptations["arousal"].labels) == 1
    assert "contradicts" in str(learner.label(label(10.0, 0.0)))


def test_a_client_that_floods_holds_nothing_up() -> None:
    inputs = Inputs()
    inputs.arrived(1.0, 0.0)
    taken = 0
    for _ in range(2):  # as the run's loop does, with samples in between
        inputs.say("calm", "mqtt")
        for _said in inputs.take():
            taken += 1
            inputs.say("calm", "mqtt")
            assert taken < 200
    assert taken == 3


def test_an_adapted_answer_of_a_model_that_does_not_know_how_people_differ_says_so(
    tiny_model: Path,
) -> None:
    onnx = pytest.importorskip("onnx")
    from export import graph

    plain = Classifier(tiny_model)
    assert Learner(plain).note is None  # not asked for
    note = str(Learner(plain, adapt=True).note)
    assert "does not say how people differ in arousal and valence" in note
    bias = Prior((), np.array([[0.0, 1.0]]), np.array([[1.0]]), by_default=True)
    learnt = Classifier(
        graph.finish(onnx.load(tiny_model), plain.contract, priors={"arousal": bias})
    )
    assert Learner(learnt).note is None  # it is on for arousal, of which it knows
    assert "differ in valence," in str(Learner(learnt, adapt=True).note)
    told(one := Learner(learnt), [0.5])
    one.label(label(10.0, 1.0))
    assert list(one.push(answer(11.0, 0.5)).adapted) == ["arousal"]
