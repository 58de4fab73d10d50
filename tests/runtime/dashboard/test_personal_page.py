"""The page of a personal model: words, guesses, and what it waits for."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.common import browser as chromium
from device.sensor import SensorInfo
from runtime.dashboard.sink import WebSink
from runtime.inference.decision import Decider
from runtime.preprocessing.contract import Target
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.inference.test_decision import prediction
from tests.runtime.live_parts import free_port, summary
from tests.tiny import CONTRACT

WHY = "at chance on people it never saw"
PERSONAL = replace(
    CONTRACT,
    normalisation="personal",
    reference_s=30.0,
    reference_span_s=120.0,
    targets=(
        Target(name="arousal", words=("as at rest", "as in a mental task")),
        Target(name="valence", guess=WHY),
    ),
)


def test_words_guesses_and_what_it_waits_for(tmp_path: Path) -> None:
    if chromium.find() is None:
        pytest.skip("no Chromium is installed")
    sink = WebSink("dashboard", free_port())
    sink.prepare()
    isolated = IsolatedSink(sink)
    isolated.start(Session(SensorInfo("Grove", "p", 19.0, speed=0.1), "m", PERSONAL))
    decider = Decider(PERSONAL)
    none = prediction(12.0, None)
    learnt = replace(none, window=replace(none.window, reference_left_s=18.0))
    isolated.prediction(decider.push(learnt))
    page = chromium.Browser(tmp_path)
    text = "document.querySelector('{}')?.textContent"
    arousal, valence = "[data-target=arousal] ", "[data-target=valence] "
    try:
        page.size(1000, 700)
        page.open(sink.note.split()[1])
        said = "learning what is usual for this person: 18 s left"
        page.until(f"{text.format('#waiting')} == '{said}'")
        assert page.run("document.querySelector('#waiting').hidden") is False
        page.until(f"{text.format(arousal + '.label')} == 'no answer yet'")
        for k in range(3):
            isolated.prediction(decider.push(prediction(30.0 + k, 0.9)))
        page.until(f"{text.format(arousal + '.label')} == 'as in a mental task'")
        assert page.run("document.querySelector('#waiting').hidden")
        assert page.run(text.format(arousal + ".share")) == "90 %"
        assert page.run(text.format(arousal + ".why")) == ""
        assert page.run(text.format(valence + ".label")) == "a guess: high"
        assert page.run(text.format(valence + ".why")) == f"valence is a guess: {WHY}"
        assert page.run(text.format("#plane-note")) == f"valence is a guess: {WHY}"
        # The same probability: the answer has the colour of its side, the guess that of plain text.
        look = "getComputedStyle(document.querySelector('{}')).{}"
        soft = look.format("#plane-note", "color")
        assert page.run(f"{look.format(valence + '.label', 'color')} == {soft}")
        assert page.run(f"{look.format(arousal + '.label', 'color')} != {soft}")
        assert page.run(look.format(arousal + ".label", "textTransform")) == "none"
        bars = [look.format(name + ".meter div", "backgroundColor") for name in (arousal, valence)]
        assert page.run(bars[0]) != page.run(bars[1]) == page.run(soft)
        assert page.errors == []
    finally:
        page.close()
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
