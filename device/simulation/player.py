"""A simulated sensor in time: a board on somebody's skin, a faulty line, and a port.

Like a real board it starts when its port is opened; it holds still while nobody listens.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from device.boards.board import Board
from device.simulation.datagrams import DatagramLine
from device.simulation.faults import Faults, FaultyLine
from device.simulation.port import Port
from device.simulation.skin import Skin

# Bytes are written in small groups: a pseudo-terminal moves thousands of groups a second at most.
_TICK_S = 0.01
# Commands are answered within this time.
_ANSWER_S = 0.03
# Time between opening the port and the first byte, in which the reader sets its terminal up.
_BOOT_S = 0.1


@dataclass(frozen=True)
class Sent:
    """A sample that went to the port.

    Attributes
    ----------
    eda_us : float
        Microsiemens on the skin; NaN for lifted electrodes.
    time_s : float
        Monotonic host time at which it was taken.
    frame, arrived : bytes
        As the board sent it, and as it came to the port.
    damaged : bool
        Whether the line did it harm.
    """

    eda_us: float
    time_s: float
    frame: bytes
    arrived: bytes
    damaged: bool


class Player:
    """Play a sensor until the skin ends, nobody listens any more, or it is told to stop.

    Parameters
    ----------
    board : Board
        The sensor.
    skin : Skin
        What it is on.
    port : Port
        Where it is plugged in.
    faults : Faults or None
        What goes wrong.
    speed : float
        How many times faster than life.
    seed : int
        For the faults.
    observer : callable or None
        Told of every sample that went to the port.

    Attributes
    ----------
    sent : int
        Samples so far.
    plugged_in_s, reset_s : list of float
        Monotonic host times at which the port came back, and at which the board was reset.
    """

    def __init__(
        self,
        board: Board,
        skin: Skin,
        port: Port,
        *,
        faults: Faults | None = None,
        speed: float = 1.0,
        seed: int = 0,
        observer: Callable[[Sent], None] | None = None,
    ) -> None:
        self._board = board
        self._skin = skin
        self._port = port
        self._faults = faults or Faults()
        line = DatagramLine if port.datagrams else FaultyLine
        self._line: DatagramLine | FaultyLine = line(self._faults, seed)
        self._speed = speed
        self._observer = observer
        # Samples that go together in one frame, by the number of the last of them.
        self._on_their_way: dict[int, list[Sent]] = {}
        self._unsent: list[tuple[float, float]] = []
        self._powered_s = time.monotonic()
        self._ended = False
        self._played_s = 0.0
        self.sent = 0
        self.stopping = threading.Event()
        self.plugged_in_s: list[float] = []
        self.reset_s: list[float] = []

    def play(self, patience_s: float | None = None) -> int:
        """Play; return how many samples were sent.

        Parameters
        ----------
        patience_s : float or None
            End when nobody has listened for this long; None waits for ever.
        """
        while not self._ended:
            said = self._await_reader(patience_s)
            if said is None:
                break
            self._session(said)
        return self.sent

    def _await_reader(self, patience_s: float | None) -> bytes | None:
        """Return what the reader said first, often nothing; None where none came."""
        start_s = time.monotonic()
        while (said := self._port.receive()) is None:
            waited_s = time.monotonic() - start_s
            if self.stopping.wait(_TICK_S) or (patience_s is not None and waited_s > patience_s):
                return None
        return None if self.stopping.is_set() else said

    def _session(self, first: bytes) -> None:
        """Play while somebody listens and the plug is in; `first` is what was said already."""
        faults, board, line = self._faults, self._board, self._line
        self.stopping.wait(_BOOT_S)
        line.clear()
        self._unsent.clear()
        opened_s = reset_s = time.monotonic()
        self._clock_s = (opened_s - self._powered_s) * faults.pace
        if self._port.resets_board:
            line.put(board.start(), opened_s)
            self._clock_s = 0.0
        start_s, count, rate_hz = opened_s, 0, self._pace()
        while not self.stopping.is_set():
            said = self._port.receive()
            if said is None:
                return
            said, first = first + said, b""
            now_s = time.monotonic()
            was_streaming, before_hz = board.streaming, board.rate_hz
            line.put(board.receive(said), now_s)
            if faults.reset_every_s and now_s - reset_s >= faults.reset_every_s:
                reset_s = now_s
                self.reset_s.append(now_s)
                line.put(board.start(), now_s)
                was_streaming = False
                away_s = self._port.restart()
                if away_s is not None:
                    self._cut_off(now_s + away_s)
                    return
            if board.streaming and (not was_streaming or self._pace() != rate_hz):
                # A new count begins; its first sample is taken now. The board's clock goes on
                # when only the rate was changed.
                went_on = was_streaming and count > 0
                self._clock_s += count / (before_hz * self._speed) if went_on else -self._clock_s
                start_s, count, rate_hz = now_s, 0, self._pace()
            if board.streaming:
                count = self._take(start_s, count, rate_hz, now_s)
            self._write(now_s)
            if self._ended:
                self._finish()
                return
            if faults.unplug_every_s and now_s - opened_s >= faults.unplug_every_s:
                self._unplug()
                return
            next_s = start_s + count / rate_hz if board.streaming else now_s
            wait_s = min(max(_TICK_S, next_s - time.monotonic()), _ANSWER_S)
            # What was held up comes at its own time, not with the next sample.
            self.stopping.wait(max(min(wait_s, line.next_due_s() - time.monotonic()), 0.0))

    def _pace(self) -> float:
        """Return samples per true second."""
        return self._board.rate_hz * self._speed * self._faults.pace

    def _take(self, start_s: float, count: int, rate_hz: float, now_s: float) -> int:
        """Take the samples whose time has come; return how many there are since `start_s`."""
        due = int((now_s - start_s) * rate_hz) + 1
        while count < due:
            value = self._skin.next(self._board.rate_hz)
            if value is None:
                self._ended = True
                break
            self._played_s += 1.0 / (rate_hz / self._speed)
            if self._faults.lifted(self._played_s):
                value = math.nan
            taken_s = start_s + count / rate_hz
            device_s = self._clock_s + count / (self._board.rate_hz * self._speed)
            frame = self._board.frame(value, device_s)
            self._unsent.append((value, taken_s))
            if frame:
                self._on_their_way[self.sent] = [
                    Sent(us, at_s, frame, b"", False) for us, at_s in self._unsent
                ]
                self._unsent.clear()
                self._line.put(frame, taken_s, self.sent)
            self.sent += 1
            count += 1
        return count

    def _write(self, now_s: float) -> None:
        pieces = self._line.due(now_s)
        if not pieces:
            return
        if self._port.datagrams:
            for piece in pieces:
                self._port.write(piece.data)
        else:
            self._port.write(b"".join(piece.data for piece in pieces))
        for piece in pieces:
            for sent in [] if piece.tag is None else self._on_their_way.pop(piece.tag):
                if self._observer is not None:
                    self._observer(replace(sent, arrived=piece.data, damaged=piece.damaged))

    def _finish(self) -> None:
        """Let everything arrive."""
        longest_s = self._faults.burst_s + self._faults.jitter_s
        self.stopping.wait(longest_s)
        self._write(time.monotonic() + longest_s)
        self._drain()

    def _drain(self) -> None:
        """Wait until all is read: unlike an adapter, the port would take along what is not."""
        while not self._port.drained() and not self.stopping.wait(_TICK_S):
            pass

    def _unplug(self) -> None:
        self._line.clear()
        self._on_their_way.clear()
        self._drain()
        self._port.unplug()
        if not self.stopping.wait(self._faults.away_s):
            self._board.start()
            self._port.plug_in()
            self._cut_off(time.monotonic())

    def _cut_off(self, back_s: float) -> None:
        """Forget what was on its way: the board begins anew, and is back at `back_s`."""
        self._line.clear()
        self._on_their_way.clear()
        self._powered_s = back_s
        self.plugged_in_s.append(back_s)
