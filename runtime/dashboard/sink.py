"""The sink that feeds browsers and other WebSocket clients. `--dashboard`, `--websocket`."""

from __future__ import annotations

import importlib.util
import socket
import time
from typing import TYPE_CHECKING, Any

from device.errors import MissingExtraError, SinkError
from device.samples import FloatArray, Samples
from runtime.dashboard import library
from runtime.dashboard.access import Access
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.encoding import (
    health_fields,
    label_fields,
    marker_fields,
    prediction_fields,
    scr_fields,
    start_fields,
    status_fields,
    step_fields,
    summary_fields,
)
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.incoming import label_words, marker_text
from runtime.sinks.sink import Sink

if TYPE_CHECKING:
    from runtime.dashboard.hub import Hub
    from runtime.dashboard.server import Server

_PACKAGES = ("starlette", "uvicorn", "websockets")
# A screen shows no more than this; samples closer together are left out.
_SHOWN_HZ = 50.0
_SEND_EVERY_S = 0.1
_HEALTH_EVERY_S = 1.0
_FAREWELL_S = 2.0


class WebSink(Sink):
    """Serve the stream, and the page that shows it.

    Parameters
    ----------
    kind : str
        "dashboard" with the page, "websocket" without.
    port : int
        Where to listen.
    host : str
        What to bind to.
    token : str or None
        What clients must show; made up where it must be and none is given.

    Raises
    ------
    MissingExtraError
        If a package is not installed.
    """

    def __init__(
        self, kind: str, port: int, host: str = "127.0.0.1", token: str | None = None
    ) -> None:
        for package in _PACKAGES:
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(package, "web", f"Serving with --{kind}")
        if kind == "dashboard":
            library.script()
        self.name = kind
        self.access = Access.of(host, token)
        self.note = f"{kind}: {self._address(host, port)}"
        self._host, self._port = host, port
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._hub: Hub | None = None
        self._session: Session | None = None
        self._waiting: list[Samples] = []
        self._fill_s = 0.0
        self._shown_s = float("-inf")
        self._sent_s = 0.0
        self._health_s = 0.0

    def prepare(self) -> None:
        """Take the port.

        Raises
        ------
        SinkError
            If it cannot be had.
        """
        try:
            family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise SinkError(
                f"--{self.name}: {self._host}:{self._port} cannot be served on: {error.strerror}. "
                f"Choose another port, such as --{self.name} {self._port % 65535 + 1}, or end the "
                "program that has it."
            ) from error

    def release(self) -> None:
        """Give the port back."""
        if self._server is not None and self._hub is not None:
            self._server.do(self._hub.end)
            time.sleep(0.1)
            self._server.stop(_FAREWELL_S)
            self._server = None
        if self._socket is not None:
            self._socket.close()

    def start(self, session: Session) -> None:
        """Begin to serve."""
        from runtime.dashboard.hub import Hub
        from runtime.dashboard.server import Server, application

        assert self._socket is not None
        self._session = session
        self._hub = Hub()
        app = application(self._hub, self.access, self._hear, pages=self.name == "dashboard")
        self._server = Server(app, self._socket)
        self._server.start()
        fields = start_fields(session)
        fields["details"] = session.sensor.details
        fields["profile"] = session.profile or None  # to the person's own eyes
        self._send({"type": "start", **fields})

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Collect samples; they are sent ten times a second."""
        self._waiting.append(samples)
        self._fill_s = fill_s
        self._send_samples()

    def prediction(self, prediction: Prediction) -> None:
        """Send a prediction with its window's parts."""
        self._send_samples(at_once=True)
        window = prediction.window
        message = {"type": "prediction", **prediction_fields(prediction)}
        message |= {
            "start_s": round(window.start_s, 6),
            "tonic_us": _short(window.tonic_us),
            "phasic_us": _short(window.phasic_us),
        }
        self._send(message)

    def status(self, status: Status) -> None:
        """Send news."""
        self._send({"type": "status", **status_fields(status)})

    def marker(self, marker: Marker) -> None:
        """Send a marker."""
        self._send({"type": "marker", **marker_fields(marker)})

    def label(self, label: Label) -> None:
        """Send what the person said of how they feel."""
        self._send({"type": "label", **label_fields(label)})

    def scr(self, response: Response) -> None:
        """Send a skin conductance response."""
        self._send({"type": "scr", **scr_fields(response)})

    def step(self, step: Step) -> None:
        """Send a step of a guided session."""
        self._send({"type": "step", **step_fields(step)})

    def tick(self) -> None:
        """Send what is due though nothing happens."""
        self._send_samples()
        self._send_health()

    def close(self, summary: Summary) -> None:
        """Send the summary and end, or stay."""
        self._send_samples(at_once=True)
        self._send({"type": "summary", **summary_fields(summary)})
        if not self.stays:
            self.release()

    def _hear(self, message: dict[str, Any]) -> None:
        """Take a message of a client, in the server's thread; what is unknown means nothing."""
        assert self._session is not None
        if message.get("type") == "marker":
            self._session.mark(marker_text(message))
        elif message.get("type") in ("label", "step"):
            self._session.say(label_words(message), self.name)

    def _send_samples(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if not self._waiting or (now_s - self._sent_s < _SEND_EVERY_S and not at_once):
            return
        self._sent_s = now_s
        time_s: list[float] = []
        eda_us: list[float | None] = []
        for part in self._waiting:
            for at_s, value in zip(part.time_s.tolist(), part.eda_us.tolist(), strict=True):
                if at_s - self._shown_s >= 1 / _SHOWN_HZ - 1e-4:
                    self._shown_s = at_s
                    time_s.append(round(at_s, 4))
                    eda_us.append(None if value != value else round(value, 4))
        self._waiting.clear()
        if time_s:
            fill_s = round(self._fill_s, 2)
            self._send({"type": "samples", "time_s": time_s, "eda_us": eda_us, "fill_s": fill_s})
        self._send_health()

    def _send_health(self) -> None:
        now_s = time.monotonic()
        if self._session is None or now_s - self._health_s < _HEALTH_EVERY_S:
            return
        self._health_s = now_s
        if self._hub is not None:
            self.missed = self._hub.missed
        sinks = [health_fields(item) for item in self._session.health()]
        self._send({"type": "health", "sinks": sinks})

    def _send(self, message: dict[str, Any]) -> None:
        if self._server is not None and self._hub is not None:
            self._server.do(self._hub.publish, message)
            self.trouble = self._server.trouble

    def _address(self, host: str, port: int) -> str:
        name = f"[{host}]" if ":" in host else host
        path = "/" if self.name == "dashboard" else "/ws"
        token = f"?token={self.access.token}" if self.access.token is not None else ""
        return f"{'http' if self.name == 'dashboard' else 'ws'}://{name}:{port}{path}{token}"


def _short(values: FloatArray) -> list[float]:
    return [round(value, 4) for value in values.tolist()]
