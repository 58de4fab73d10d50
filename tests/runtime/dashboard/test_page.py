"""The page in a real browser."""

import dataclasses
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from benchmarks.common import browser as chromium
from device.sensor import SensorInfo
from runtime.dashboard.sink import WebSink
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline
from runtime.sinks.encoding import prediction_fields, to_json
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from runtime.sinks.words import clock, filling, learning, pace, shown
from tests.runtime.dashboard.parts import get, get_ok
from tests.runtime.inference.test_decision import prediction
from tests.runtime.live_parts import LIVE, free_port, summary, write_table


@contextmanager
def live(port: int, model: Path, link: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A simulated person at ten times the pace, shown at a port."""
    with subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--link", str(link), "--speed", "10",
         "--calibration", "us"],
        stdout=subprocess.PIPE, text=True,
    ) as sensor:  # fmt: skip
        assert sensor.stdout is not None
        sensor.stdout.readline()
        with subprocess.Popen(
            [*LIVE, "--port", str(link), "--sensor", "grove", "--calibration", "us", "--rate", "19",
             "--model", str(model), "--dashboard", str(port), "--output", "jsonl", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["type"] == "start"
            drain = threading.Thread(target=process.stdout.read)
            drain.start()
            try:
                yield process
            finally:
                process.terminate()
                assert process.wait(timeout=20) == 0
                drain.join()
                sensor.terminate()


@pytest.mark.alone
def test_end_to_end_in_a_browser(tiny_model: Path, tmp_path: Path) -> None:
    if chromium.find() is None:
        pytest.skip("no Chromium is installed")
    port = free_port()
    page = chromium.Browser(tmp_path)
    try:
        page.size(1280, 860)
        page.scheme("light")
        with live(port, tiny_model, tmp_path / "gsr"):
            chromium.Browser.until_true(lambda: get_ok(port), "the page")
            page.open(f"http://127.0.0.1:{port}/")
            page.until("document.querySelector('#link')?.textContent == 'live'")
            page.until(
                "/first window: \\d+ of 12 s/.test(document.querySelector('#waiting').textContent)"
            )
            share = "document.querySelector('[data-target=arousal] .share').textContent"
            page.until(f"/\\d+ % high/.test({share})")
            assert page.run("document.querySelector('#trained').textContent").startswith("nothing")
            assert page.run("document.querySelectorAll('.plot canvas').length") == 4
            # Something is drawn in each colour: EDA, tonic, phasic, and the point on its plane.
            for place, name in (
                ("#level canvas", "eda"), ("#level canvas", "tonic"),
                ("#phasic canvas", "phasic"), ("#plane", "accent"),
            ):  # fmt: skip
                page.until(f"({_COUNT})('{place}', '{name}') > 20")
            page.press("m")
            page.until(f"({_COUNT})('#level canvas', 'mark') > 20")
            # Paused, the chart stands still; going on, it moves.
            picture = "document.querySelector('#phasic canvas').toDataURL()"
            page.press(" ")
            page.until("document.querySelector('#pause').getAttribute('aria-pressed') == 'true'")
            still = page.run(picture)
            time.sleep(0.6)
            assert page.run(picture) == still
            box = page.run(
                "(({x, y, width, height}) => [x, y, width, height])"
                "(document.querySelector('#level').getBoundingClientRect())"
            )
            middle = box[1] + box[3] / 2
            page.drag((box[0] + box[2] * 0.5, middle), (box[0] + box[2] * 0.8, middle))
            page.until(f"{picture} != {json.dumps(still)}")
            zoomed = page.run(picture)
            page.press(" ")
            page.until(f"{picture} != {json.dumps(zoomed)}")
            page.scheme("dark")
            page.until(f"({_COUNT})('#phasic canvas', 'phasic') > 20")
            page.size(390, 844, phone=True)
            page.until(
                "document.querySelector('#level canvas').getBoundingClientRect().width < 380"
            )
            assert page.run("document.documentElement.scrollWidth") <= 390
            assert page.errors == []
        # The run ended; another begins, and the page finds it by itself.
        page.until("document.querySelector('#link').textContent != 'live'")
        assert "The run has ended" in page.run("document.querySelector('#notice').textContent")
        with live(port, tiny_model, tmp_path / "gsr"):
            page.until("document.querySelector('#link').textContent == 'live'")
            page.until("document.querySelector('#notice').hidden")
    finally:
        page.close()


# Counts the pixels of a canvas that have a colour of the style sheet.
_COUNT = """(place, name) => {
  const canvas = document.querySelector(place);
  const text = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const want = [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200 && want.every((value, k) => Math.abs(data[i + k] - value) < 12)) count++;
  }
  return count;
}"""


def test_the_page_of_a_recording_stays_until_the_user_ends_it(
    tiny_model: Path, tmp_path: Path
) -> None:
    port, table = free_port(), write_table(tmp_path)
    with subprocess.Popen(
        [*LIVE, "--port", f"replay:{table}", "--speed", "max", "--model", str(tiny_model),
         "--dashboard", str(port), "--output", "jsonl"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        # All other outputs have come to their end.
        lines = process.stdout
        while json.loads(lines.readline())["type"] != "summary":
            pass
        said = process.stderr.readline()
        while "stays until Ctrl-C" not in said:
            said = process.stderr.readline()
            assert said
        assert get(f"http://127.0.0.1:{port}/")[0] == 200
        kinds = []
        with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as page:
            while "summary" not in kinds:
                kinds.append(json.loads(page.recv(timeout=10))["type"])
        assert kinds[0] == "start" and kinds.count("prediction") > 20
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert not get_ok(port)


@pytest.mark.parametrize("count", [1, 2])
def test_bars_are_the_numbers_and_one_target_has_no_plane(
    tiny_model: Path, tmp_path: Path, count: int
) -> None:
    if chromium.find() is None:
        pytest.skip("no Chromium is installed")
    contract = Pipeline(Classifier(tiny_model)).contract
    contract = dataclasses.replace(contract, targets=contract.targets[:count])
    sink = WebSink("dashboard", free_port())
    sink.prepare()
    isolated = IsolatedSink(sink)
    isolated.start(Session(SensorInfo("Grove", "p", 19.0, speed=2.0), "m", contract))
    isolated.prediction(Decider(contract).push(prediction(383.0, 0.704)))
    page = chromium.Browser(tmp_path)
    try:
        page.size(800, 700)
        page.open(sink.note.split()[1])
        page.until("document.querySelector('.label.high') != null")
        # Read together with the word, at once: the bar does not lag.
        seen = page.run(
            "[...document.querySelectorAll('.target')].map((t) => ["
            " t.querySelector('.label').textContent, t.querySelector('.share').textContent,"
            " t.querySelector('.meter div').clientWidth /"
            " t.querySelector('.meter').clientWidth])"
        )
        assert [row[:2] for row in seen] == [["high", "70 % high"]] * count
        assert [row[2] for row in seen] == pytest.approx([0.704] * count, abs=0.01)
        assert page.run("document.querySelector('.plane').hidden") is (count == 1)
        assert page.run("document.querySelector('#source').textContent").endswith("2× real time")
        assert "at 6:23" in page.run("document.querySelector('#fresh').textContent")
        # 10 s of the sensor's time, at this speed 5 s: the answer has expired.
        page.until("document.querySelector('.label.withheld')?.textContent == 'no answer'", 20)
        assert page.errors == []
    finally:
        page.close()
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)


def test_words_in_a_browser_are_those_of_the_terminal(
    served: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    if chromium.find() is None:
        pytest.skip("no Chromium is installed")
    contract = Pipeline(Classifier(tiny_model)).contract
    decider = Decider(contract, DecisionSettings(baseline_s=3, smoothing_s=2))
    course = [0.2, None, 0.004, 0.5, 0.7, 0.9, 0.996, 0.46, 0.1, 0.04]
    answers = [decider.push(prediction(10.0 + k, value)) for k, value in enumerate(course)]
    plain = contract.targets[0]
    words = ("as at rest", "as in a mental task")
    kinds = [
        plain,
        dataclasses.replace(plain, words=words),
        dataclasses.replace(plain, guess="at chance"),
        dataclasses.replace(plain, words=words, guess="at chance"),
    ]
    waiting = dataclasses.replace(answers[1].window, reference_left_s=44.2)
    answers.append(dataclasses.replace(answers[1], window=waiting))
    times = [0, 0.4, 59.6, 383, 3983, -5, -0.2, 7322]
    _, port, _ = served()
    page = chromium.Browser(tmp_path)
    try:
        page.open(f"http://127.0.0.1:{port}/")
        page.until("document.querySelector('#link')?.textContent == 'live'")
        page.run("import('/static/words.js').then((words) => { window.words = words; })")
        page.until("window.words")
        fields = to_json([prediction_fields(answer) for answer in answers])
        for target in kinds:
            told = to_json({"classes": target.classes, "guess": target.guess})
            told = told[:-1] + (f',"words":{to_json(words)}}}' if target.words else "}")
            found = page.run(f"{fields}.map((m) => words.shown(m.{target.name}, {told}, m))")
            known = [dataclasses.asdict(shown(answer, target)) for answer in answers]
            for item in known:  # as the stream rounds it
                item["share"] = None if item["share"] is None else round(item["share"], 6)
            assert found == known
        for left_s in (0.0, 0.3, 44.2, 45.0):
            assert page.run(f"words.learning({left_s})") == learning(left_s)
        assert page.run(f"{times}.map(words.clock)") == [clock(time_s) for time_s in times]
        for speed in (1.0, 8.0, 0.5, None):
            expected = [pace(speed), *(filling(18.2, 65.0, speed, ref_s) for ref_s in (30, 180))]
            told = to_json(speed)
            calls = (f"words.filling(18.2, 65, {told}, {ref_s})" for ref_s in (30, 180))
            called = f"[words.pace({told}), {', '.join(calls)}]"
            assert page.run(called) == expected
        assert page.errors == []
    finally:
        page.close()
