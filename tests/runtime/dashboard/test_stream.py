import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from benchmarks.common import browser as chromium
from device.errors import SinkError
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.dashboard.access import Access
from runtime.dashboard.sink import WebSink
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.sinks.events import Label, Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.dashboard.parts import get
from tests.runtime.live_parts import LIVE, free_port, summary


def test_a_port_in_use_is_named(tiny_model: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*LIVE, "--port", "/dev/there-is-none", "--model", str(tiny_model),
             "--dashboard", str(port)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be served on: Address already in use" in done.stderr
    assert f"--dashboard {port + 1}" in done.stderr and "Traceback" not in done.stderr


def test_a_port_is_given_back(tiny_model: Path) -> None:
    port = free_port()
    for _ in range(2):
        sink = WebSink("websocket", port)
        sink.prepare()
        with pytest.raises(SinkError):
            WebSink("websocket", port).prepare()
        sink.release()


def test_the_stream(served: Callable[..., Any], tiny_model: Path) -> None:
    isolated, port, marks = served("websocket")
    samples = simulate(Person(), 20, 100.0, arousal=lambda _: 0.8, seed=4)
    isolated.samples(samples, 12.0)
    predictions = Pipeline(Classifier(tiny_model)).push(samples)
    for prediction in predictions:
        isolated.prediction(prediction)
    with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as socket_:
        events = [json.loads(socket_.recv(timeout=10))]
        # A newcomer gets the newest prediction twice: bare, and with the window's parts.
        while events[-1].get("window") != predictions[-1].window.index:
            events.append(json.loads(socket_.recv(timeout=10)))
        socket_.send(json.dumps({"type": "marker", "text": " a  loud\nnoise " + "x" * 300}))
        socket_.send("not json")
        socket_.send("[1]")
        socket_.send(json.dumps({"type": "marker"}))
        until_s = time.monotonic() + 10
        while len(marks) < 2 and time.monotonic() < until_s:
            time.sleep(0.02)
    assert events[0]["type"] == "start" and events[0]["schema"] == 1
    got = [e for e in events if e["type"] == "samples"]
    time_s = np.concatenate([e["time_s"] for e in got])
    # Thinned to what a screen shows, and otherwise as it was.
    assert np.diff(time_s).min() == pytest.approx(0.02, abs=1e-3)
    np.testing.assert_allclose(
        np.concatenate([e["eda_us"] for e in got]), samples.eda_us[::2], atol=1e-4
    )
    last = max((e for e in events if e["type"] == "prediction"), key=lambda e: e["window"])
    known = predictions[-1]
    assert last["arousal"]["probability_high"] == pytest.approx(
        known.estimates["arousal"].probability_high, abs=1e-6
    )
    assert marks[0].startswith("a loud noise xxx") and len(marks[0]) == 200
    assert marks[1] == "marker"
    # Without the page.
    assert get(f"http://127.0.0.1:{port}/")[0] == 404


def test_labels_come_from_clients_that_may_see_the_stream(served: Callable[..., Any]) -> None:
    isolated, port, said = served("websocket", token="secret")
    address = f"ws://127.0.0.1:{port}/ws?token="
    with pytest.raises(InvalidStatus):
        connect(address + "guessed", proxy=None)
    with connect(address + "secret", proxy=None) as client:
        client.send(json.dumps({"type": "label", "target": "valence", "value": 2}))
        client.send(json.dumps({"type": "label", "text": "calm"}))
        client.send(json.dumps({"type": "label", "value": {"deep": [1]}}))
        chromium.Browser.until_true(lambda: len(said) == 3, "said")
        isolated.label(Label(1.0, "arousal", 0.0, "calm", "websocket"))
        while (event := json.loads(client.recv(timeout=10)))["type"] != "label":
            pass
    assert said[:2] == ["valence 2", "calm"] and event["value"] == 0.0


def test_a_slow_browser_is_sent_away_and_may_come_back(served: Callable[..., Any]) -> None:
    isolated, port, _ = served("websocket")
    samples = simulate(Person(), 60, 19.0, arousal=lambda _: 0.5, seed=4)
    from runtime.sinks.events import Status

    address = f"ws://127.0.0.1:{port}/ws"
    with connect(address, proxy=None, max_queue=1, compression=None, close_timeout=1) as slow:
        slow.recv(timeout=10)

        def flooded() -> bool:
            """Offer more than the network's buffers hold; the sink's own queue drops some of it."""
            for _ in range(1000):
                isolated.status(Status("silent", "x" * 20_000))
            return bool(isolated.sink._hub.missed >= 500)

        chromium.Browser.until_true(flooded, "sent away", 20)
        # The sink's own queue drops what it cannot hold, so one offer may not be enough.
        chromium.Browser.until_true(
            lambda: isolated.sink._hub._samples or isolated.samples(samples, 1.0),
            "samples taken",
            20,
        )
        with connect(address, proxy=None) as again:
            assert json.loads(again.recv(timeout=10))["type"] == "start"
            assert json.loads(again.recv(timeout=10))["type"] == "samples"


def test_other_pages_and_bent_names_are_refused(served: Callable[..., Any]) -> None:
    _, port, _ = served()
    address = f"http://127.0.0.1:{port}/"
    assert get(address)[0] == 200
    assert get(address, Host=f"localhost:{port}")[0] == 200
    assert get(address, Host=f"evil.example:{port}")[0] == 403
    with (
        pytest.raises(InvalidStatus),
        connect(
            f"ws://127.0.0.1:{port}/ws",
            origin="http://evil.example",
            proxy=None,  # type: ignore[arg-type]
        ),
    ):
        pass
    with connect(
        f"ws://127.0.0.1:{port}/ws",
        origin=f"http://127.0.0.1:{port}",
        proxy=None,  # type: ignore[arg-type]
    ) as own:
        assert json.loads(own.recv(timeout=10))["type"] == "start"
    for name in ("[::1", "[", "a]b", "a b", "\xff"):
        assert get(address, Host=name)[0] == 403, name
        assert get(address, Origin=f"http://{name}")[0] == 403, name
    # Nothing outside the folder of files.
    assert get(f"{address}static/../server.py")[0] == 404


def test_a_server_that_ends_is_trouble(tiny_model: Path) -> None:
    sink = WebSink("websocket", free_port())
    sink.prepare()
    isolated = IsolatedSink(sink)
    contract = Pipeline(Classifier(tiny_model)).contract
    isolated.start(Session(SensorInfo("Grove", "p", 19.0), "m", contract))
    chromium.Browser.until_true(lambda: sink._server and sink._server._loop, "a server")

    def fail() -> None:
        raise SystemExit("of all things")

    assert isolated.health.trouble is None
    sink._server.do(fail)  # type: ignore[union-attr]
    chromium.Browser.until_true(lambda: isolated.health.trouble, "trouble")
    assert isolated.health.trouble == "the server ended: SystemExit: of all things"
    isolated.finish(summary())
    isolated.join(time.monotonic() + 10)


def test_a_client_that_sends_bytes_harms_nobody(served: Callable[..., Any]) -> None:
    _, port, marks = served("websocket")
    address = f"ws://127.0.0.1:{port}/ws"
    with connect(address, proxy=None) as good:
        with connect(address, proxy=None) as bad:
            bad.recv(timeout=10)
            bad.send(b"\x00\xff")
            with pytest.raises(ConnectionClosed):
                while True:
                    bad.recv(timeout=10)
        good.send(json.dumps({"type": "marker", "text": "still here"}))
        chromium.Browser.until_true(lambda: marks, "the marker")
    assert marks == ["still here"]


def test_others_must_show_the_token(served: Callable[..., Any]) -> None:
    isolated, port, _ = served(host="0.0.0.0")
    token = isolated.sink.access.token
    assert len(token) > 20 and f"?token={token}" in isolated.sink.note
    address = f"http://127.0.0.1:{port}/"
    assert get(address)[0] == 403
    assert get(f"{address}?token=wrong")[0] == 403
    assert get(f"{address}?token={token}")[0] == 200
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{port}/ws", proxy=None):
        pass
    with connect(f"ws://127.0.0.1:{port}/ws?token={token}", proxy=None) as own:
        assert json.loads(own.recv(timeout=10))["type"] == "start"


@pytest.mark.parametrize(
    ("host", "needs"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("lab", True)],
)
def test_a_token_is_made_up_where_others_can_reach_it(host: str, needs: bool) -> None:
    assert (Access.of(host, None).token is not None) is needs
    assert Access.of(host, "mine").token == "mine"
