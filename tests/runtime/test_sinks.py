import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import ContractError, SinkError
from device.physiology import Person, simulate
from device.samples import Samples
from device.sensor import SensorInfo
from runtime.classifier import Classifier
from runtime.pipeline import Pipeline
from runtime.reader import Status
from runtime.replay.sensor import ReplaySensor
from runtime.replay.source import Source, in_blocks
from runtime.session import run
from runtime.sinks.isolated import IsolatedSink
from runtime.sinks.jsonl import Descriptor, JsonLines
from runtime.sinks.mqtt import Broker, MqttSink, discovery
from runtime.sinks.sink import Marker, Session, Sink, Summary

LIVE = [sys.executable, "-m", "runtime.live"]


@pytest.fixture(scope="module")
def source() -> Source:
    """Forty seconds of a simulated person."""
    samples = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    return Source(Path("person"), "table", 19.0, lambda: in_blocks(samples, 5))


@pytest.fixture
def pipeline(tiny_model: Path) -> Pipeline:
    return Pipeline(Classifier(tiny_model))


def until(ask: Callable[[], Any], timeout_s: float = 20) -> Any:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if found := ask():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to be")


class Remembering(Sink):
    """Keeps what it is told."""

    name = "remembering"

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []
        self.news: list[str] = []
        self.marks: list[Marker] = []
        self.session: Session | None = None
        self.summary: Summary | None = None

    def start(self, session: Session) -> None:
        self.session = session

    def samples(self, samples: Samples, fill_s: float) -> None:
        self.seen.append(("samples", time.monotonic()))

    def prediction(self, prediction: Any) -> None:
        self.seen.append(("prediction", time.monotonic()))

    def status(self, status: Status) -> None:
        self.news.append(status.text)

    def marker(self, marker: Marker) -> None:
        self.marks.append(marker)

    def close(self, summary: Summary) -> None:
        self.summary = summary


class Stuck(Sink):
    """Hangs in its first prediction until it is let go."""

    name = "stuck"

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def prediction(self, prediction: Any) -> None:
        self.let_go.wait(60)


class Broken(Sink):
    """Raises on its third prediction."""

    name = "broken"
    count = 0

    def prediction(self, prediction: Any) -> None:
        self.count += 1
        if self.count == 3:
            raise ZeroDivisionError("of all things")


def test_a_stuck_and_a_broken_sink_delay_nothing(source: Source, pipeline: Pipeline) -> None:
    good, stuck, broken = Remembering(), Stuck(), Broken()
    began_s = time.monotonic()
    summary = run(ReplaySensor(source, 20.0), pipeline, [stuck, broken, good])
    stuck.let_go.set()
    kinds = [kind for kind, _ in good.seen]
    assert kinds.count("prediction") == 28 and summary.windows == 28
    # Two seconds of signal at that speed, and five that all sinks together have for their farewell.
    assert good.seen[-1][1] - began_s < 4
    assert time.monotonic() - began_s < 10
    health = {item.name: item for item in summary.sinks}
    assert health["remembering"].missed == 0 and health["remembering"].trouble is None
    assert health["stuck"].missed > 27
    assert health["stuck"].trouble == "did not end in time and was left behind"
    assert health["broken"].trouble == "stopped: ZeroDivisionError: of all things"
    # The third prediction, all that came after it, and the end.
    assert health["broken"].missed >= 26
    assert good.news == ["broken: stopped: ZeroDivisionError: of all things"]


def test_a_full_queue_drops_and_counts(source: Source, pipeline: Pipeline) -> None:
    stuck = Stuck()
    isolated = IsolatedSink(stuck, capacity=10)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    prediction = pipeline.push(next(iter(in_blocks(_joined(source), 10**6))))[0]
    for _ in range(50):
        isolated.prediction(prediction)
    # One is in the stuck hands, or still in the queue, and the start may be too.
    assert 38 <= isolated.health.missed <= 41
    assert "slow" in str(isolated.health.trouble)
    stuck.let_go.set()
    until(lambda: isolated.health.trouble is None)
    assert isolated.alive


def test_when_it_can_wait_nothing_is_dropped(source: Source, pipeline: Pipeline) -> None:
    class Slow(Remembering):
        def samples(self, samples: Samples, fill_s: float) -> None:
            time.sleep(0.002)
            super().samples(samples, fill_s)

    slow = Slow()
    isolated = IsolatedSink(slow, lossless=True, capacity=5)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    groups = list(source.blocks())
    for group in groups:
        isolated.samples(group, 0.0)
    isolated.finish(_summary())
    isolated.join(time.monotonic() + 10)
    assert len(slow.seen) == len(groups) > 100
    assert isolated.health.missed == 0
    assert slow.summary is not None


def test_a_run_that_can_wait_loses_nothing(source: Source, pipeline: Pipeline) -> None:
    good = Remembering()
    summary = run(ReplaySensor(source, None), pipeline, [good], lossless=True)
    assert len(good.seen) == len(list(source.blocks())) + 28
    assert summary.overrun == 0 and summary.sinks[0].missed == 0


def test_a_sensor_slower_than_the_model_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    samples = Samples(np.arange(100) / 4.0, 2 + np.sin(np.arange(100) / 9))
    source = Source(tmp_path, "E4", 4.0, lambda: in_blocks(samples))
    good = Remembering()
    summary = run(ReplaySensor(source, None), pipeline, [good], lossless=True)
    assert good.news[0].startswith("the sensor's 4 Hz are below the model's 8 Hz")
    assert summary.windows == 13
    slower = Source(tmp_path, "thermometer", 0.5, lambda: in_blocks(samples))
    with pytest.raises(ContractError, match=r"0.5 samples a second; .* wants 8 Hz"):
        run(ReplaySensor(slower, None), pipeline, [Remembering()])


def test_markers_reach_all_sinks_in_the_samples_time(source: Source, pipeline: Pipeline) -> None:
    first, second = Remembering(), Remembering()

    def press() -> None:
        session = until(lambda: first.session)
        until(lambda: len(first.seen) > 20)
        session.mark("loud")

    presser = threading.Thread(target=press)
    presser.start()
    run(ReplaySensor(source, 20.0), pipeline, [first, second])
    presser.join()
    assert [m.text for m in first.marks] == ["loud"] == [m.text for m in second.marks]
    assert 0 < first.marks[0].time_s < 40


def test_a_reader_that_leaves_ends_the_run(tmp_path: Path, tiny_model: Path) -> None:
    table = _table(tmp_path)
    command = [*LIVE, "--port", f"replay:{table}", "--speed", "4", "--model", str(tiny_model)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as live:
        assert live.stdout is not None and live.stderr is not None
        live.stdout.readline()
        live.stdout.close()
        assert live.wait(timeout=20) == 0
        error = live.stderr.read()
    assert "nobody reads its output any more" in error and "Traceback" not in error


def test_a_reader_that_does_not_read_stops_nothing(tmp_path: Path, tiny_model: Path) -> None:
    """A pipe that nobody empties: the recording beside it goes on and the run ends."""
    table = _table(tmp_path)
    readable, writable = os.pipe()
    # Fill it, so that the first line already waits.
    os.set_blocking(writable, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writable, b"x" * 4096)
    os.set_blocking(writable, True)
    root = tmp_path / "rec"
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{table}", "--speed", "20", "--model", str(tiny_model),
         "--record", str(root), "--duration", "6"],
        stdout=writable, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(readable)
    os.close(writable)
    assert done.returncode == 0, done.stderr
    assert "jsonl" in done.stderr and "left behind" in done.stderr
    assert len(list((root / "sub-01" / "beh").glob("*_predictions.tsv"))) == 1


def test_lines_are_written_whole(tmp_path: Path, pipeline: Pipeline, source: Source) -> None:
    path = tmp_path / "lines"
    with path.open("wb") as file:
        sink = JsonLines(Descriptor(file.fileno()))
        run(ReplaySensor(source, None), pipeline, [sink], lossless=True)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [events[0]["type"], events[-1]["type"]] == ["start", "summary"]
    prediction = next(event for event in events if event["type"] == "prediction")
    assert set(prediction["arousal"]) == {
        "label", "probability_high", "state", "smoothed", "change", "trigger",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("mqtt://host/topic", Broker("host", 1883, "topic")),
        ("mqtt://host:99/a/b/", Broker("host", 99, "a/b")),
        ("mqtts://me:p%40ss@host/t", Broker("host", 8883, "t", "me", "p@ss", True)),
    ],
)
def test_addresses_of_brokers(url: str, known: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTCAN_MQTT_PASSWORD", raising=False)
    assert Broker.parse(url) == known


@pytest.mark.parametrize("url", ["host/topic", "mqtt://host", "mqtt:///topic", "mqtt://h:x/t"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SinkError, match="expected was mqtt://host/topic"):
        Broker.parse(url)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(SinkError) as caught:
        Broker.parse("http://me:secret@host/topic")
    assert "secret" not in str(caught.value)


@contextmanager
def broker(port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(program).is_file():
        pytest.skip("mosquitto is not installed")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port))
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Listener:
    """A second client that hears everything."""

    def __init__(self, port: int) -> None:
        from paho.mqtt.client import Client, MQTTMessage
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, str, int]] = []
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.ready = threading.Event()

        def message(client: Client, data: Any, one: MQTTMessage) -> None:
            self.heard.append((one.topic, one.payload.decode(), one.qos))

        self.client.on_message = message
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("#", qos=1)
        self.client.loop_start()
        assert self.ready.wait(10)

    def of(self, topic: str) -> list[str]:
        return [text for name, text, _ in list(self.heard) if name == topic]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_mqtt_with_a_real_broker(tmp_path: Path, source: Source, pipeline: Pipeline) -> None:
    port = free_port()
    with broker(port, tmp_path):
        listener = Listener(port)
        sink = MqttSink(f"mqtt://127.0.0.1:{port}/lab/rtcan")
        summary = run(ReplaySensor(source, 20.0), pipeline, [sink])
        until(lambda: listener.of("lab/rtcan/status")[-1:] == ["offline"])
        listener.close()
    assert summary.sinks[0].missed == 0 and summary.sinks[0].trouble is None
    predictions = [json.loads(text) for text in listener.of("lab/rtcan/prediction")]
    assert [p["window"] for p in predictions] == list(range(28))
    assert {qos for topic, _, qos in listener.heard if topic == "lab/rtcan/prediction"} == {1}
    assert listener.of("lab/rtcan/status") == ["online", "offline"]
    assert json.loads(listener.of("lab/rtcan/start")[0])["trained_on"].startswith("nothing")
    config = json.loads(listener.of("homeassistant/sensor/rtcan_lab_rtcan/arousal_state/config")[0])
    assert config["state_topic"] == "lab/rtcan/prediction"
    assert config["availability_topic"] == "lab/rtcan/status"
    assert config["options"] == ["none", "low", "high"]


def test_mqtt_without_and_then_with_and_again_without(
    tmp_path: Path, source: Source, pipeline: Pipeline
) -> None:
    """The broker is not there at first, comes, is killed, comes again: all messages arrive."""
    port = free_port()
    sink = MqttSink(f"mqtt://127.0.0.1:{port}/t")
    isolated = IsolatedSink(sink)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    predictions = pipeline.push(_joined(source))
    until(lambda: "cannot be reached" in str(isolated.health.trouble))
    isolated.prediction(predictions[0])
    with broker(port, tmp_path) as process:
        until(lambda: isolated.health.trouble is None)
        listener = Listener(port)
        isolated.prediction(predictions[1])
        until(lambda: [json.loads(x)["window"] for x in listener.of("t/prediction")][-1:] == [1])
        process.kill()
        until(lambda: "went away" in str(isolated.health.trouble))
        listener.close()
    isolated.prediction(predictions[2])
    with broker(port, tmp_path):
        listener = Listener(port)
        until(lambda: [json.loads(x)["window"] for x in listener.of("t/prediction")] == [2])
        until(lambda: listener.of("t/status") == ["online"])
        listener.close()
        isolated.finish(_summary())
        isolated.join(time.monotonic() + 10)
    assert isolated.health.missed == 0


def test_the_last_will_says_offline(tmp_path: Path, tiny_model: Path) -> None:
    port = free_port()
    table = _table(tmp_path)
    with broker(port, tmp_path):
        listener = Listener(port)
        with subprocess.Popen(
            [*LIVE, "--port", f"replay:{table}", "--model", str(tiny_model), "--output", "none",
             "--mqtt", f"mqtt://127.0.0.1:{port}/t"],
        ) as live:  # fmt: skip
            until(lambda: listener.of("t/status") == ["online"])
            live.kill()
        until(lambda: listener.of("t/status") == ["online", "offline"])
        listener.close()


def test_what_never_arrived_is_counted(source: Source, pipeline: Pipeline) -> None:
    sink = MqttSink(f"mqtt://127.0.0.1:{free_port()}/t")
    summary = run(ReplaySensor(source, 40.0), pipeline, [sink])
    health = summary.sinks[0]
    # 28 predictions, and the news that the broker is not there.
    assert health.missed >= 28
    assert "cannot be reached" in str(health.trouble)


def test_discovery_names_every_value(pipeline: Pipeline) -> None:
    found = discovery("a/b", Session(SensorInfo("Grove", "p", 19.0), "m", pipeline.contract))
    ids = [json.loads(text)["unique_id"] for _, text in found]
    assert len(set(ids)) == 5
    assert all(topic.startswith("homeassistant/sensor/rtcan_a_b/") for topic, _ in found)


def test_lsl_with_a_real_inlet(pipeline: Pipeline) -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:  # no package, or no liblsl for this system
        pytest.skip(f"pylsl is not installed: {error}")
    from runtime.sinks.lsl import LslSink

    samples = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    source = Source(Path(f"lsl-{os.getpid()}"), "table", 19.0, lambda: in_blocks(samples, 5))
    sink = LslSink()
    isolated = IsolatedSink(sink)
    sensor = ReplaySensor(source, None)
    isolated.start(Session(sensor.describe(), "m", pipeline.contract))
    inlets = {}
    for ending in ("eda", "predictions"):
        found = pylsl.resolve_byprop("source_id", f"rtcan-replay:{source.path}-{ending}", 1, 20)
        inlets[ending] = pylsl.StreamInlet(found[0])
        inlets[ending].open_stream(10)
    channel = inlets["eda"].info().desc().child("channels").child("channel")
    assert channel.child_value("unit") == "microsiemens"
    assert inlets["eda"].info().nominal_srate() == 19.0
    labels = []
    channel = inlets["predictions"].info().desc().child("channels").child("channel")
    while not channel.empty():
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling()
    assert labels == [
        "arousal_high", "arousal_high_smoothed", "valence_high", "valence_high_smoothed",
    ]  # fmt: skip
    isolated.samples(samples, 0.0)
    predictions = pipeline.push(samples)
    for prediction in predictions:
        isolated.prediction(prediction)
    values, times = _pull(inlets["eda"], len(samples))
    np.testing.assert_array_equal(np.array(values)[:, 0], samples.eda_us)
    np.testing.assert_allclose(np.diff(times), np.diff(samples.time_s), atol=1e-9)
    answers, ends = _pull(inlets["predictions"], len(predictions))
    known = [p.estimates["arousal"].probability_high for p in predictions]
    np.testing.assert_array_equal(np.array(answers)[:, 0], np.array(known, dtype=np.float32))
    # A window's end is on the same time axis as the samples.
    offset_s = times[0] - samples.time_s[0]
    np.testing.assert_allclose(ends, [p.window.end_s + offset_s for p in predictions], atol=1e-6)
    isolated.finish(_summary())
    isolated.join(time.monotonic() + 10)


def _pull(inlet: Any, count: int) -> tuple[list[list[float]], list[float]]:
    values: list[list[float]] = []
    times: list[float] = []
    end_s = time.monotonic() + 20
    while len(values) < count and time.monotonic() < end_s:
        some, at = inlet.pull_chunk(0.2)
        values += some
        times += at
    assert len(values) == count
    return values, times


def _joined(source: Source) -> Samples:
    blocks = list(source.blocks())
    return Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )


def _summary() -> Summary:
    from device.sensor import SensorCounters

    return Summary(1.0, SensorCounters(), 0, 0, 0, None, None)


def _table(folder: Path) -> Path:
    samples = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    path = folder / "table.csv"
    rows = zip(samples.time_s.tolist(), samples.eda_us.tolist(), strict=True)
    path.write_text("time,EDA\n" + "".join(f"{t!r},{v!r}\n" for t, v in rows))
    return path
