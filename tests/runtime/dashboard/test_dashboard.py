import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from device.errors import SinkError
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.dashboard.access import Access
from runtime.dashboard.sink import WebSink
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.sinks.events import Session
from runtime.sinks.isolated import IsolatedSink
from tests.runtime.dashboard import browser as chromium
from tests.runtime.live_parts import LIVE, free_port, summary


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


@pytest.fixture
def served(tiny_model: Path) -> Iterator[Callable[..., tuple[IsolatedSink, int, list[str]]]]:
    """Return a maker of served streams without a run; all are closed at the end."""
    made = []

    def make(kind: str = "dashboard", **options: Any) -> tuple[IsolatedSink, int, list[str]]:
        port = free_port()
        sink = WebSink(kind, port, **options)
        sink.prepare()
        isolated = IsolatedSink(sink)
        marks: list[str] = []
        contract = Pipeline(Classifier(tiny_model)).contract
        session = Session(SensorInfo("Grove", "p", 19.0), "m", contract, mark=marks.append)
        isolated.start(session)
        made.append(isolated)
        return isolated, port, marks

    yield make
    for isolated in made:
        isolated.finish(summary())
        isolated.join(time.monotonic() + 10)
        assert isolated.health.trouble is None


def get(address: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


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
                "/window fills: \\d+ of 12 s/.test(document.querySelector('#waiting').textContent)"
            )
            share = "document.querySelector('[data-target=arousal] .share').textContent"
            page.until(f"/\\d+ % high/.test({share})")
            assert page.run("document.querySelector('#trained').textContent").startswith("nothing")
            assert page.run("document.querySelectorAll('.plot canvas').length") == 2
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
                "(document.querySelector('#level .u-over').getBoundingClientRect())"
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


def get_ok(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/")[0] == 200
    except OSError:
        return False


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
        while len([e for e in events if e["type"] == "prediction"]) < len(predictions):
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


def test_a_slow_browser_is_sent_away_and_may_come_back(served: Callable[..., Any]) -> None:
    isolated, port, _ = served("websocket")
    samples = simulate(Person(), 60, 19.0, arousal=lambda _: 0.5, seed=4)
    from runtime.sinks.events import Status

    address = f"ws://127.0.0.1:{port}/ws"
    with connect(address, proxy=None, max_queue=1, compression=None, close_timeout=1) as slow:
        slow.recv(timeout=10)
        # More than the network's buffers and the queue hold.
        for _ in range(3000):
            isolated.status(Status("silent", "x" * 20_000))
        chromium.Browser.until_true(lambda: isolated.sink._hub.missed >= 500, "sent away", 20)
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
