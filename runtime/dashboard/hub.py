"""One stream to many browsers: each has a queue, and a snapshot when it comes."""

from __future__ import annotations

import asyncio
import collections
from typing import Any

from runtime.sinks.encoding import to_json

_WAITING = 500
_KEPT_S = 300.0


class Hub:
    """Hand messages to clients; all methods run in the server's event loop.

    Attributes
    ----------
    missed : int
        Messages that a client was too slow to take.
    """

    def __init__(self) -> None:
        self.missed = 0
        self._clients: set[asyncio.Queue[str | None]] = set()
        self._start: str | None = None
        self._last: dict[str, str] = {}
        self._samples: collections.deque[tuple[float, str]] = collections.deque()
        self._answers: collections.deque[tuple[float, str]] = collections.deque()

    def publish(self, message: dict[str, Any]) -> None:
        """Send to all, and keep what a newcomer should see."""
        text = to_json(message)
        kind = message["type"]
        if kind == "start":
            self._start = text
        elif kind == "samples":
            self._keep(self._samples, message["time_s"][-1], text)
        elif kind == "prediction":
            self._last["prediction"] = text
            bare = {k: v for k, v in message.items() if k not in ("tonic_us", "phasic_us")}
            self._keep(self._answers, message["time_s"], to_json(bare))
        elif kind in ("marker", "label"):
            self._keep(self._answers, message["time_s"], text)
        elif kind == "scr":
            self._keep(self._answers, message["peak_s"], text)
        elif kind in ("health", "status", "step", "summary"):
            self._last[kind] = text
        for client in tuple(self._clients):
            try:
                client.put_nowait(text)
            except asyncio.QueueFull:
                self._dismiss(client)

    def join(self) -> asyncio.Queue[str | None]:
        """Return a new client's queue, which begins with all that is kept and ends with None."""
        snapshot = [self._start] if self._start else []
        snapshot += [text for _, text in self._samples]
        snapshot += [text for _, text in self._answers]
        snapshot += self._last.values()
        client: asyncio.Queue[str | None] = asyncio.Queue(len(snapshot) + _WAITING)
        for text in snapshot:
            client.put_nowait(text)
        self._clients.add(client)
        return client

    def leave(self, client: asyncio.Queue[str | None]) -> None:
        """Forget a client."""
        self._clients.discard(client)

    def end(self) -> None:
        """Let all clients go once they have taken what waits."""
        for client in tuple(self._clients):
            self._clients.discard(client)
            if not client.full():
                client.put_nowait(None)

    def _dismiss(self, client: asyncio.Queue[str | None]) -> None:
        """Send a client away that does not keep up; it may come back and start afresh."""
        self.missed += client.qsize()
        self._clients.discard(client)
        while not client.empty():
            client.get_nowait()
        client.put_nowait(None)

    @staticmethod
    def _keep(kept: collections.deque[tuple[float, str]], time_s: float, text: str) -> None:
        kept.append((time_s, text))
        while kept[0][0] < time_s - _KEPT_S:
            kept.popleft()
