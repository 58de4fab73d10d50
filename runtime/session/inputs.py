"""What people note and say while it runs: from any thread, taken by the run's."""

from __future__ import annotations

import collections
import queue
from collections.abc import Iterable, Iterator

from device.timing.now import now_s
from runtime.person.said import Said
from runtime.sinks.events import Marker

# What nobody takes is dropped beyond this: a client that floods costs no memory.
_WAITING = 1000


class Inputs:
    """Give what comes in the time of the samples.

    Parameters
    ----------
    noted : iterable of (float, str)
        Of a recording: times (s) and texts of the markers of its time.
    said : iterable of (float, str)
        Of a recording: times (s) and words of what the person said then.
    lossless : bool
        Whether the source does not run in real time: then all has the time of its newest sample.
    """

    def __init__(
        self,
        noted: Iterable[tuple[float, str]] = (),
        said: Iterable[tuple[float, str]] = (),
        *,
        lossless: bool = False,
    ) -> None:
        then: list[Marker | Said] = [
            *(Marker(*one) for one in noted),
            *(Said(*one, "recording") for one in said),
        ]
        self._then = collections.deque(sorted(then, key=lambda item: item.time_s))
        self._lossless = lossless
        self._waiting: queue.Queue[tuple[float, str, str | None]] = queue.Queue(_WAITING)
        self.newest: tuple[float, float] | None = None
        self._ended = False

    def mark(self, text: str) -> None:
        """Note something now."""
        self._put(text, None)

    def say(self, words: str, source: str) -> str | None:
        """Say something now, see `runtime.person.said`; return why it is not kept, or None."""
        return self._put(words, source)

    def end(self) -> None:
        """Take no more: what is said from now on belongs to no time of the run."""
        self._ended = True

    def arrived(self, time_s: float, arrival_s: float) -> None:
        """Take the newest sample's time, and when it arrived (`device.timing.now.now_s`)."""
        self.newest = (time_s, arrival_s)

    def take(self) -> Iterator[Marker | Said]:
        """Yield what is due."""
        while self._then and self.newest is not None and self._then[0].time_s <= self.newest[0]:
            yield self._then.popleft()
        # What comes meanwhile waits for the next time: who floods must not hold up the run.
        for _ in range(self._waiting.qsize()):
            pressed_s, text, source = self._waiting.get_nowait()
            assert self.newest is not None  # as it was when this was put
            newest_s, arrival_s = self.newest
            time_s = newest_s + (0.0 if self._lossless else pressed_s - arrival_s)
            yield Marker(time_s, text) if source is None else Said(time_s, text, source)

    def _put(self, text: str, source: str | None) -> str | None:
        if self._ended:
            return "the run has ended"
        if self.newest is None:
            return "there is no sample yet whose time it could have"
        try:
            self._waiting.put_nowait((now_s(), text, source))
        except queue.Full:
            return f"{_WAITING} others wait to be taken"
        return None
