"""A skin-conductance stream of Lab Streaming Layer from a simulated person or a recording.

    rtcan-sim --sensor lsl

It stands for the program of a manufacturer that reads a sensor and hands its samples on, each with
the time at which it does so; or, with exact stamps, with the time at which the sample was taken.
"""

from __future__ import annotations

import importlib.util
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from device.errors import MissingExtraError
from device.lsl_library import liblsl
from device.simulation.faults import Faults, FaultyLine, Piece
from device.simulation.player import Sent
from device.simulation.skin import Skin

DEFAULT_RATE_HZ = 15.0
NAME = "RTCAN-sim"
_TICK_S = 0.005
_WAIT_S = 0.2
_DRAIN_S = 0.3
_SAMPLE = b"s"


class LslPlayer:
    """Play a skin as a stream of one channel in microsiemens.

    Parameters
    ----------
    skin : Skin
        What is measured.
    name : str
        Of the stream; its source id is "NAME-id".
    rate_hz : float
        Samples per second.
    faults : Faults or None
        What goes wrong. `drop`, `reorder` and `duplicate` are shares of samples; unplugged, the
        stream goes away for a while, and after a reset it is another one of the same source.
    exact : bool
        Whether samples are stamped with the time at which they were taken.
    speed : float
        How many times faster than life.
    seed : int
        For the faults.
    observer : callable or None
        Told of every sample that was taken, and whether it was handed on.

    Raises
    ------
    MissingExtraError
        If pylsl is not installed.

    Attributes
    ----------
    rate_hz : float
        Samples per second.
    sent : int
        Samples taken so far.
    stopping : Event
        Set it to end.
    plugged_in_s, reset_s : list of float
        Monotonic host times at which the stream came back, and those of them at which it was
        another one at once.
    """

    def __init__(
        self,
        skin: Skin,
        *,
        name: str = NAME,
        rate_hz: float = DEFAULT_RATE_HZ,
        faults: Faults | None = None,
        exact: bool = False,
        speed: float = 1.0,
        seed: int = 0,
        observer: Callable[[Sent], None] | None = None,
    ) -> None:
        self._skin = skin
        self._name = name
        self.rate_hz = rate_hz
        self._faults = faults or Faults()
        self._line = FaultyLine(self._faults, seed)
        self._exact = exact
        self._speed = speed
        self._observer = observer
        if importlib.util.find_spec("pylsl") is None:
            raise MissingExtraError("pylsl", "lsl", "Simulating an LSL stream")
        self._on_their_way: dict[int, tuple[float, float]] = {}
        self._swapped: Piece | None = None
        self._outlet: Any = None
        self.sent = 0
        self.stopping = threading.Event()
        self.plugged_in_s: list[float] = []
        self.reset_s: list[float] = []

    @property
    def path(self) -> str:
        """What a reader gives as `--port`."""
        return f"lsl:{self._name}"

    def play(self) -> int:
        """Play until the skin ends or it is told to stop; return how many samples were taken."""
        faults = self._faults
        self._plug_in()
        # Nobody reads from a stream before it was found.
        while not self._outlet.wait_for_consumers(_WAIT_S) and not self.stopping.is_set():
            pass
        began_s = opened_s = reset_s = time.monotonic()
        pace = self.rate_hz * self._speed * faults.pace
        while not self.stopping.is_set():
            at_s = time.monotonic()
            if not self._take(began_s, pace, at_s):
                break
            self._push(at_s)
            if faults.unplug_every_s and at_s - opened_s >= faults.unplug_every_s:
                self._go_away(faults.away_s)
                opened_s = time.monotonic()
                self.plugged_in_s.append(opened_s)
            elif faults.reset_every_s and at_s - reset_s >= faults.reset_every_s:
                self._go_away(0.0)
                reset_s = time.monotonic()
                self.reset_s.append(reset_s)
                self.plugged_in_s.append(reset_s)
            next_s = min(began_s + self.sent / pace, self._line.next_due_s())
            self.stopping.wait(min(max(next_s - time.monotonic(), _TICK_S), _WAIT_S))
        self._push(math.inf)
        time.sleep(_DRAIN_S)
        self._outlet = None
        return self.sent

    def end(self) -> None:
        """Take the stream away."""
        self._outlet = None

    def _plug_in(self) -> None:
        pylsl = liblsl()

        info = pylsl.StreamInfo(
            self._name, "EDA", 1, self.rate_hz, pylsl.cf_double64, f"{self._name}-id"
        )
        desc = info.desc()
        desc.append_child_value("manufacturer", "RTCAN, simulated")
        channel = desc.append_child("channels").append_child("channel")
        for key, value in (("label", "EDA"), ("unit", "microsiemens"), ("type", "EDA")):
            channel.append_child_value(key, value)
        if self._exact:
            sync = desc.append_child("synchronization")
            sync.append_child_value("can_drop_samples", "true")
        self._clock = pylsl.local_clock
        self._outlet = pylsl.StreamOutlet(info)

    def _go_away(self, away_s: float) -> None:
        """Take the stream away, and offer it again; what is taken meanwhile is lost."""
        # What was handed on already is still sent: an outlet that ends takes it along.
        self.stopping.wait(_DRAIN_S)
        self._outlet = None
        self.stopping.wait(away_s)
        self._plug_in()

    def _take(self, began_s: float, pace: float, at_s: float) -> bool:
        """Take the samples whose time has come; return whether there will be more."""
        while self.sent < int((at_s - began_s) * pace) + 1:
            value = self._skin.next(self.rate_hz)
            if value is None:
                return False
            if self._faults.lifted(self.sent / self.rate_hz):
                value = math.nan
            taken_s = began_s + self.sent / pace
            self._on_their_way[self.sent] = (value, taken_s)
            self._line.put(_SAMPLE, taken_s, self.sent)
            self.sent += 1
        return True

    def _push(self, at_s: float) -> None:
        for piece in self._line.due(at_s):
            if self._swapped is None and self._line.happens(self._faults.reorder):
                self._swapped = piece
                continue
            self._hand_on(piece)
            if self._swapped is not None:
                self._hand_on(self._swapped)
                self._swapped = None

    def _hand_on(self, piece: Piece) -> None:
        assert piece.tag is not None
        value, taken_s = self._on_their_way.pop(piece.tag)
        came = bool(piece.data) and self._outlet.have_consumers()
        if came:
            clock_s = self._clock()
            stamp_s = clock_s - (time.monotonic() - taken_s) if self._exact else clock_s
            for _ in range(2 if self._line.happens(self._faults.duplicate) else 1):
                self._outlet.push_sample([value], stamp_s)
        if self._observer is not None:
            arrived = _SAMPLE if came else b""
            self._observer(Sent(value, taken_s, _SAMPLE, arrived, not came))
