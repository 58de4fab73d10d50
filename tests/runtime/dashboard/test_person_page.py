"""The page of a known person: whose profile, labels by key and button, the guided session."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import browser as chromium
from device.samples import Samples
from device.sensor import SensorInfo
from runtime.dashboard.sink import WebSink
from runtime.inference.decision import Decider
from runtime.inference.pipeline import Adapted
from runtime.preprocessing.contract import Target
from runtime.sinks.events import Label, Session, Status, Step
from runtime.sinks.isolated import IsolatedSink
from runtime.sinks.steps import breath
from tests.runtime.inference.test_decision import prediction
from tests.runtime.live_parts import free_port, summary
from tests.tiny import CONTRACT

# A model of one target, as Stress-Predict's is.
AROUSAL = replace(
    CONTRACT, targets=(Target(name="arousal", words=("as at rest", "as in a mental task")),)
)


def test_a_person_is_named_asked_heard_and_guided(tmp_path: Path) -> None:
    if chromium.find() is None:
        pytest.skip("no Chromium is installed")
    said: list[tuple[str, str]] = []
    sink = WebSink("dashboard", free_port())
    sink.prepare()
    isolated = IsolatedSink(sink)
    isolated.start(
        Session(
            SensorInfo("Grove", "p", 19.0), "m", AROUSAL, profile="anna",
            say=lambda words, source: said.append((words, source)),
        )
    )  # fmt: skip
    page = chromium.Browser(tmp_path)
    text = "document.querySelector('{}')?.textContent"
    hidden = "document.querySelector('{}').hidden"
    try:
        page.size(1000, 900)
        page.open(sink.note.split()[1])
        page.until(f"{text.format('#profile')} == 'anna'")
        # What is asked stands until it is answered, by a key or a button.
        isolated.status(Status("question", "How aroused are you?"))
        page.until(f"{text.format('.asked')} == 'How aroused are you?'")
        assert page.run(hidden.format("#notice"))
        page.press("4")
        page.run("document.querySelector('[data-rate=valence] button').click()")
        page.press("t")
        page.until_true(lambda: len(said) == 3, "said")
        assert said == [(x, "dashboard") for x in ("arousal 4", "valence 1", "tense")]
        isolated.label(Label(3.0, "arousal", 0.75, "arousal 4", "dashboard"))
        page.until(f"{text.format('.said')} == 'said at 0:03: arousal 4'")
        assert page.run(hidden.format(".asked"))
        # The person's own answer below the stranger's.
        decided = Decider(AROUSAL).push(prediction(12.0, 0.6))
        own = {"arousal": Adapted(0.8, "high", 0.8, 0.2, 3, 1.8e9)}
        isolated.prediction(replace(decided, adapted=own))
        beginning = "for you: as in a mental task 80 %; +20 points with 3 labels since "
        page.until(f"{text.format('.adapted')}?.startsWith('{beginning}')")
        # The guided session, as the terminal shows it.
        assert page.run(hidden.format("#guide"))
        rest = Step(time_s=10.0, kind="rest", index=0, count=3, duration_s=120.0, text="Sit.",
                    breath_s=(4.0, 6.0))  # fmt: skip
        isolated.step(rest)
        isolated.samples(Samples(np.array([16.0]), np.array([5.0])), 1.0)
        page.until(f"{text.format('#guide .title')} == 'Step 1 of 3: rest'")
        assert breath(rest, 16.5) is not None and breath(rest, 16.5)[0] == "breathe out"
        page.until(f"{text.format('.breath span')} == 'breathe out'")
        page.until(f"/^1:5[34] left/.test({text.format('#guide .left')})")
        page.press("n")
        page.until_true(lambda: said[-1] == ("skip", "dashboard"), "skipped")
        isolated.step(replace(rest, kind="arithmetic", index=1, breath_s=None, time_s=12.0,
                              numbers=(1022, 7, 4.0)))  # fmt: skip
        page.until(f"{text.format('.number b')} == '1015'")
        assert page.run(hidden.format(".breath"))
        isolated.step(replace(rest, kind="recap", breath_s=None, lines=("Rest: <b>good</b>.",)))
        page.until(f"{text.format('#guide .lines')} == 'Rest: <b>good</b>.'")
        isolated.step(replace(rest, kind="over", breath_s=None))
        page.until(hidden.format("#guide"))
        assert page.errors == []
    finally:
        page.close()
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
