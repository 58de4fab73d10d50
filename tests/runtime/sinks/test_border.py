"""Text of others meets every output at once: nothing stops, nothing is obeyed."""

import json
import threading
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect

from device.readers.base import Source
from device.sources.replay import ReplaySensor
from runtime.dashboard.sink import WebSink
from runtime.inference.pipeline import Pipeline
from runtime.recording.recorder import Recorder
from runtime.session.loop import run
from runtime.sinks.jsonl import Descriptor, JsonLines
from tests.runtime.live_parts import free_port, until

HALF_AN_EMOJI = json.dumps({"type": "marker", "text": "cut \ud83d"})
ESCAPE = json.dumps({"type": "marker", "text": "\x1b]0;owned\x07 \x1b[2J"})
TOO_DEEP = "[" * 60_000


def test_a_marker_that_is_no_text_stops_no_output(
    tmp_path: Path, source: Source, pipeline: Pipeline
) -> None:
    port, root, path = free_port(), tmp_path / "rec", tmp_path / "lines"
    heard: list[dict[str, object]] = []

    def press() -> None:
        address = f"ws://127.0.0.1:{port}/ws"
        with until(lambda: opened(address)) as page:
            while json.loads(page.recv(timeout=10))["type"] != "samples":
                pass
            for text in (TOO_DEEP, HALF_AN_EMOJI, ESCAPE):
                page.send(text)
            while True:
                event = json.loads(page.recv(timeout=10))
                heard.append(event)
                if event["type"] == "summary":
                    return

    presser = threading.Thread(target=press)
    presser.start()
    with path.open("wb") as file:
        sinks = [JsonLines(Descriptor(file.fileno())), Recorder(root), WebSink("websocket", port)]
        summary = run(ReplaySensor(source, 20.0), pipeline, sinks)
    presser.join(20)
    assert [(item.missed, item.trouble) for item in summary.sinks] == [(0, None)] * 3
    known = ["cut �", "�]0;owned� �[2J"]
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [e["text"] for e in events if e["type"] == "marker"] == known
    assert [e["text"] for e in heard if e["type"] == "marker"] == known
    assert len([e for e in events if e["type"] == "prediction"]) == 28
    recorded = next((root / "sub-01" / "beh").glob("*_events.tsv")).read_text()
    assert all(text in recorded for text in known)


def opened(address: str) -> object:
    try:
        return connect(address, proxy=None)
    except OSError:
        time.sleep(0.02)
        return None


@pytest.mark.parametrize("name", ["\x1b[2Jsensor", "half \ud83d"])
def test_what_holds_for_a_run_is_clean(name: str, pipeline: Pipeline) -> None:
    from device.sensor import SensorInfo
    from runtime.sinks.events import Session, SinkHealth, Status

    session = Session(SensorInfo(name, name, 19.0), name, pipeline.contract)
    texts = [session.sensor.name, session.sensor.port, session.model]
    texts += [Status("sink", name).text, str(SinkHealth("mqtt", 0, name).trouble)]
    assert all("�" in text and text.isprintable() for text in texts)
    assert session.trained_on == pipeline.contract.trained_on
