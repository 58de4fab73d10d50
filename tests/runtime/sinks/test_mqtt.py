import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from device.errors import SinkError
from device.readers.base import Source
from device.sensor import SensorInfo
from device.sources.replay import ReplaySensor
from device.timing.sample_clock import ClockReading
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.events.responses import Response
from runtime.session.loop import run
from runtime.sinks.events import Label, Session
from runtime.sinks.isolated import IsolatedSink
from runtime.sinks.mqtt import Broker, MqttSink, discovery
from tests.runtime.live_parts import LIVE, free_port, joined, summary, until, write_table


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


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@host/topic",
        "http://me:p@secret@host/topic",  # an @ that is not escaped
        "mqtt://me:secret/more@host/topic",
        "mqtt://me:secret#1@host/topic",
        "mqtt://me:secret?@host",
        "mqtt://me:secret/topic",  # the host was forgotten
        "mqtt://me:1883secret/topic",
        "me:secret@host/topic",
        "mqtt://me:secret@[::1/topic",
    ],
)
def test_a_password_is_not_repeated(url: str) -> None:
    with pytest.raises(SinkError) as caught:
        Broker.parse(url)
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value) and "expected was mqtt://host/topic" in str(caught.value)


@pytest.mark.parametrize(
    "topic",
    ["a/#", "a#", "a#b", "a?", "a?b", "+/a", "a%23", "%2B", "a%00b", "a\x00b", "a\nb", "a%1b[31m",
     "\udcff", "%ff", "a" * 70_000],
)  # fmt: skip
def test_a_topic_that_no_broker_takes_is_refused_before_the_run(topic: str) -> None:
    with pytest.raises(SinkError, match="the topic "):
        Broker.parse(f"mqtt://me:secret@host/{topic}")


def test_a_topic_s_characters_may_be_escaped() -> None:
    assert Broker.parse("mqtt://host/living%20room/b%C3%BCro").topic == "living room/büro"


def test_an_unescaped_at_belongs_to_the_password() -> None:
    assert Broker.parse("mqtt://me:p@ss@host/t") == Broker("host", 1883, "t", "me", "p@ss")


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
    assert config["options"] == ["low", "high", "undecided", "withheld"]
    assert config["expire_after"] == 1  # a window of 10 s at 20 times real time


def test_labels_come_by_mqtt_and_a_retained_one_is_not_said_again(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    port, said = free_port(), list[tuple[str, str]]()
    with broker(port, tmp_path):
        listener = Listener(port)
        listener.client.publish("t/label", "tense", qos=1, retain=True)
        until(lambda: listener.of("t/label"))
        sink = MqttSink(f"mqtt://127.0.0.1:{port}/t")
        session = Session(
            SensorInfo("Grove", "p", 19.0), "m", pipeline.contract, say=lambda *x: said.append(x)
        )
        sink.start(session)
        until(lambda: listener.of("t/status") == ["online"])
        time.sleep(0.2)  # the subscription follows the greeting
        listener.client.publish("t/label", json.dumps({"target": "valence", "value": 2}), qos=1)
        listener.client.publish("t/label", "[" * 5000, qos=1)
        listener.client.publish("t/label", "calm", qos=1)
        until(lambda: len(said) == 3)
        sink.label(Label(1.0, "arousal", 0.0, "calm", "mqtt"))
        until(lambda: listener.of("t/news"))
        sink.close(summary())
        listener.close()
    assert said[0] == ("valence 2", "mqtt") and said[2] == ("calm", "mqtt")
    news = json.loads(listener.of("t/news")[0])
    assert (news["kind"], news["target"], news["value"]) == ("label", "arousal", 0.0)


def test_responses_come_by_mqtt_and_home_assistant_counts_them(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    port = free_port()
    with broker(port, tmp_path):
        listener = Listener(port)
        sink = MqttSink(f"mqtt://127.0.0.1:{port}/t")
        sink.start(Session(SensorInfo("Grove", "p", 19.0), "m", pipeline.contract))
        until(lambda: listener.of("t/status") == ["online"])
        sink.scr(Response(10.0, 11.5, 0.4, 1.5, 2.0, 0.9, 0.75, 1.7e9))
        until(lambda: listener.of("t/scr"))
        until(lambda: listener.of("homeassistant/sensor/rtcan_t/scr_per_min/config"))
        sink.close(summary())
        listener.close()
    assert json.loads(listener.of("t/scr")[0]) == {
        "onset_s": 10.0,
        "peak_s": 11.5,
        "utc": "2023-11-14T22:13:20.000000Z",
        "amplitude_us": 0.4,
        "rise_time_s": 1.5,
        "half_recovery_time_s": 2.0,
        "driver_area_us_s": 0.9,
        "quality": 0.75,
    }
    told = json.loads(listener.of("homeassistant/sensor/rtcan_t/scr_per_min/config")[0])
    assert told["state_topic"] == "t/prediction"
    assert told["value_template"] == "{{ value_json.scr_per_min }}"


def test_mqtt_without_and_then_with_and_again_without(
    tmp_path: Path, source: Source, pipeline: Pipeline
) -> None:
    """The broker is not there at first, comes, is killed, comes again: all messages arrive."""
    port = free_port()
    sink = MqttSink(f"mqtt://127.0.0.1:{port}/t")
    isolated = IsolatedSink(sink)
    isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
    predictions = pipeline.push(joined(source))
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
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
    assert isolated.health.missed == 0


def test_the_last_will_says_offline(tmp_path: Path, tiny_model: Path) -> None:
    port = free_port()
    table = write_table(tmp_path)
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


def test_who_comes_late_still_learns_the_time(tmp_path: Path, pipeline: Pipeline) -> None:
    port = free_port()
    with broker(port, tmp_path):
        isolated = IsolatedSink(MqttSink(f"mqtt://127.0.0.1:{port}/t"))
        isolated.start(Session(SensorInfo("a", "b", 19.0), "m", pipeline.contract))
        isolated.clock(ClockReading(60.0, 1000.0, 1.5e9, 0.01, 1.0, 19.0))
        until(lambda: isolated.health.trouble is None and isolated.sink._arrived > 3)
        listener = Listener(port)
        until(lambda: listener.of("t/clock"))
        clock = json.loads(listener.of("t/clock")[0])
        listener.close()
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
    assert clock["time_zero_utc"] == "2017-07-14T02:39:00.000000Z"
    assert clock["uncertainty_s"] == 0.01


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
    assert len(set(ids)) == 6
    assert all(topic.startswith("homeassistant/sensor/rtcan_a_b/") for topic, _ in found)
