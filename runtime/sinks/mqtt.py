"""MQTT: predictions to a broker, with Home Assistant discovery. `--mqtt mqtt://host/topic`.

    TOPIC/status       online or offline, retained; the last will says offline
    TOPIC/start        what holds for the run, retained
    TOPIC/clock        how the samples' time stands to the wall clock, retained
    TOPIC/prediction   one JSON object a window (docs/jsonl.md), QoS 1
    TOPIC/news         news of the sensor, markers and labels
    TOPIC/label        where others say how the person feels: "calm", "arousal 4"; not retained
    homeassistant/...  one retained description for every value

The client connects, and connects again, in a thread of its own; whether the broker is there never
matters to the run. While it is away messages wait; what does not fit is counted as missed.
"""

from __future__ import annotations

import importlib.util
import math
import re
from typing import TYPE_CHECKING, Any

from device.errors import MissingExtraError
from device.timing.sample_clock import ClockReading
from runtime.inference.decision import UNDECIDED, WITHHELD, expires_s
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.broker import Broker as Broker
from runtime.sinks.encoding import (
    clock_fields,
    label_fields,
    marker_fields,
    prediction_fields,
    scr_fields,
    start_fields,
    status_fields,
    step_fields,
    to_json,
)
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.incoming import words
from runtime.sinks.sink import Sink

if TYPE_CHECKING:
    from paho.mqtt.client import Client

_QOS = 1
_KEEPALIVE_S = 20
# Ten minutes of predictions.
_CAPACITY = 600
_RETRY_S = (1, 30)
_FAREWELL_S = 2.0


class MqttSink(Sink):
    """Publish to a broker.

    Parameters
    ----------
    url : str
        See `Broker.parse`.

    Raises
    ------
    SinkError
        If it is not understood.
    MissingExtraError
        If paho-mqtt is not installed.
    """

    name = "mqtt"

    def __init__(self, url: str) -> None:
        self._broker = Broker.parse(url)
        if importlib.util.find_spec("paho") is None:
            raise MissingExtraError("paho-mqtt", "mqtt", "Publishing with --mqtt")
        self._client: Client | None = None
        self._greeting: list[tuple[str, str]] = []
        self._sent = 0
        self._arrived = 0

    def start(self, session: Session) -> None:
        """Begin to connect."""
        from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.properties import Properties
        from paho.mqtt.reasoncodes import ReasonCode

        broker = self._broker
        where = f"{broker.host}:{broker.port}"
        client = Client(CallbackAPIVersion.VERSION2)
        label_topic = self._topic("label")
        client.will_set(self._topic("status"), "offline", qos=_QOS, retain=True)
        client.max_queued_messages_set(_CAPACITY)
        client.reconnect_delay_set(*_RETRY_S)
        client.connect_timeout = 5.0
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set()
        self._greeting = [
            (self._topic("start"), to_json(start_fields(session))),
            *discovery(broker.topic, session),
            (self._topic("status"), "online"),
        ]

        def connected(
            client: Client,
            data: Any,
            flags: ConnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            if reason.is_failure:
                self.trouble = f"broker {where} refuses: {reason}"
                return
            # A broker that was restarted may have forgotten what was retained.
            for topic, text in self._greeting:
                self._sent += 1
                client.publish(topic, text, qos=_QOS, retain=True)
            client.subscribe(label_topic, qos=_QOS)
            self.trouble = None

        def heard(client: Client, data: Any, message: MQTTMessage) -> None:
            # What is retained was said before, and would be said again with every connection.
            if not message.retain:
                session.say(words(message.payload), self.name)

        def disconnected(
            client: Client,
            data: Any,
            flags: DisconnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            if reason.is_failure:
                self.trouble = f"broker {where} went away ({reason}); trying again"

        def published(
            client: Client,
            data: Any,
            number: int,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            self._arrived += 1

        def failed(client: Client, data: Any) -> None:
            self.trouble = f"broker {where} cannot be reached; trying again"

        client.on_connect = connected
        client.on_message = heard
        client.on_disconnect = disconnected
        client.on_connect_fail = failed
        client.on_publish = published
        client.connect_async(broker.host, broker.port, keepalive=_KEEPALIVE_S)
        client.loop_start()
        self._client = client

    def prediction(self, prediction: Prediction) -> None:
        """Publish a prediction."""
        self._publish("prediction", to_json(prediction_fields(prediction)))

    def status(self, status: Status) -> None:
        """Publish news."""
        self._publish("news", to_json(status_fields(status)))

    def clock(self, reading: ClockReading) -> None:
        """Publish how the samples' time stands to the wall clock, for those who come later too."""
        self._publish("clock", to_json(clock_fields(reading)), retain=True)

    def marker(self, marker: Marker) -> None:
        """Publish a marker."""
        self._publish("news", to_json({"kind": "marker", **marker_fields(marker)}))

    def label(self, label: Label) -> None:
        """Publish what the person said of how they feel."""
        self._publish("news", to_json({"kind": "label", **label_fields(label)}))

    def scr(self, response: Response) -> None:
        """Publish a skin conductance response."""
        self._publish("scr", to_json(scr_fields(response)))

    def step(self, step: Step) -> None:
        """Publish a step of a guided session."""
        fields = step_fields(step)
        self._publish("news", to_json({**fields, "kind": "step", "step": fields["kind"]}))

    def close(self, summary: Summary) -> None:
        """Say goodbye, if the broker is there to hear it."""
        client = self._client
        if client is None:
            return
        if client.is_connected():
            last = client.publish(self._topic("status"), "offline", qos=_QOS, retain=True)
            self._sent += 1
            last.wait_for_publish(_FAREWELL_S)
        client.disconnect()
        client.loop_stop()
        self.missed += self._sent - self._arrived

    def _publish(self, name: str, text: str, *, retain: bool = False) -> None:
        from paho.mqtt.enums import MQTTErrorCode

        if self._client is None:
            return
        queued = self._client.publish(self._topic(name), text, qos=_QOS, retain=retain)
        if queued.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self.missed += 1
        else:
            self._sent += 1

    def _topic(self, name: str) -> str:
        return f"{self._broker.topic}/{name}"


def discovery(topic: str, session: Session) -> list[tuple[str, str]]:
    """Return Home Assistant's descriptions, as (topic, JSON).

    https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
    """
    key = re.sub(r"[^A-Za-z0-9_-]", "_", topic)
    common = {
        "state_topic": f"{topic}/prediction",
        "availability_topic": f"{topic}/status",
        "expire_after": math.ceil(expires_s(session.contract) / (session.sensor.speed or 1)),
        "device": {
            "identifiers": [f"rtcan_{key}"],
            "name": f"RTCAN {topic}",
            "manufacturer": "RTCAN",
            "model": f"{session.sensor.name}, {session.model}",
        },
    }
    found = []
    for target in session.contract.targets:
        name = target.name
        mark = " (a guess)" if target.guess else ""
        found.append((f"{name}_state", {
            "name": f"{name.capitalize()}{mark}",
            "icon": "mdi:head-heart-outline",
            "device_class": "enum",
            "options": [*target.classes, UNDECIDED, WITHHELD],
            "value_template": f"{{{{ value_json.{name}.state }}}}",
        }))  # fmt: skip
        found.append((f"{name}_probability", {
            "name": f"{name.capitalize()} probability{mark}",
            "icon": "mdi:percent",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "value_template": (
                f"{{{{ (value_json.{name}.smoothed * 100) | round(1) "
                f"if value_json.{name}.smoothed is not none else none }}}}"
            ),
        }))  # fmt: skip
    found.append(("scr_per_min", {
        "name": "Skin conductance responses per minute",
        "icon": "mdi:pulse",
        "unit_of_measurement": "/min",
        "state_class": "measurement",
        "value_template": "{{ value_json.scr_per_min }}",
    }))  # fmt: skip
    found.append(("signal", {
        "name": "Signal",
        "icon": "mdi:signal",
        "value_template": "{{ value_json.reasons | join('; ') or 'good' }}",
    }))  # fmt: skip
    return [
        (
            f"homeassistant/sensor/rtcan_{key}/{item}/config",
            to_json({**common, **fields, "unique_id": f"rtcan_{key}_{item}"}),
        )
        for item, fields in found
    ]
