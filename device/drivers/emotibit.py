"""EmotiBit: packets of values with the board's clock and a count of packets."""

from __future__ import annotations

import collections
import itertools
import statistics
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from device.calibration import EmotibitCalibration
from device.drivers.driver import Batch, DriverOptions
from device.errors import DeviceError
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram
from device.protocols.reorder import Reorder
from device.timing.counter import TickClock

# Datagrams that overtook each other are this far apart at most; longer, and they are lost.
_HOLD_S = 0.3
# A packet that overtook others is no older than this; and none is on its way for as long as that.
# What is older has another beginning.
_OVERTAKEN_MS = 1000
_LATE_MS = 2000
# Where no packet is missing, a step of its clock that is so much longer than that of arrivals says
# that the clock was set.
_SET_S = 1.0
_PERIODS = 31
# Datagrams that are read so close to each other came together.
_TOGETHER_S = 0.005
# Its buffers are shorter than this; and so much is answered between two polls at most.
_MOST_VALUES = 64
_MOST_ANSWERS = 2048
_ENOUGH_PERIODS = 8


class _Arrived(NamedTuple):
    """A packet, and when it came (s)."""

    packet: Packet
    at_s: float


class EmotibitDriver:
    """Skin conductance of an EmotiBit.

    The board's clock says when the newest value of a packet was taken. The others of the packet lie
    evenly between that and the packet before.

    Parameters
    ----------
    options : DriverOptions
        None applies: the board has its own rate and its own calibration.

    Raises
    ------
    DeviceError
        For any option.
    """

    key = "emotibit"
    name = "EmotiBit"
    baud = 0
    known_rate = True
    trusted = False
    turn_s: float | None = None
    turn_samples = 1
    holds = True

    def __init__(self, options: DriverOptions) -> None:
        for name in ("rate_hz", "calibration", "column", "channel"):
            if getattr(options, name) is not None:
                option = "rate" if name == "rate_hz" else name
                raise DeviceError(
                    f"An EmotiBit has its own rate and calibration: leave --{option} out."
                )
        self.calibration = EmotibitCalibration()
        self.good = self.damaged = self.lost = 0
        self._order: Reorder[_Arrived] = Reorder(emotibit.NUMBER_MODULUS, _HOLD_S)
        self._ticks = TickClock(emotibit.TICK_MODULUS, emotibit.TICK_HZ)
        self._periods_s: collections.deque[float] = collections.deque(maxlen=_PERIODS)
        self._numbers = itertools.count()
        self.begin(0.0)

    def begin(self, now_s: float) -> None:
        """Expect a board that may have begun anew."""
        self._order.reset()
        self._ticks.reset()
        self._newest: Packet | None = None
        self._newest_s = self._arrival_s = now_s
        self._gaps = self._gaps_seen()
        self._answers = b""

    def poll(self, now_s: float) -> bytes:
        """Return the time, where the board asked for it: it stamps its own recording with that."""
        answers, self._answers = self._answers, b""
        return answers

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Return the samples of the packets whose turn it is."""
        packets, damaged = parse_datagram(data)
        self.damaged += damaged
        self.good += len(packets)
        ordered: list[_Arrived] = []
        for packet in packets:
            if packet.tag == emotibit.REQUEST:
                self._answer(packet)
            elif packet.tag == emotibit.EDA and self._begins_anew(packet, now_s):
                ordered += self._order.flush()
                self._order.reset()
            ordered += self._order.push(packet.number, _Arrived(packet, now_s), now_s)
        ordered += self._order.flush() if final else self._order.due(now_s)
        batches: list[Batch] = []
        for packet, arrival_s in ordered:
            if packet.tag == emotibit.EDA and packet.payload:
                batches += self._batch(packet, arrival_s)
        return _joined(batches)

    def end(self) -> bytes:
        """Return nothing: the transport takes its leave."""
        return b""

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the board's rate, measured by its own clock; 15 Hz at first."""
        return 1.0 / self._period_s()

    def details(self) -> str:
        """Say the calibration."""
        return self.calibration.describe()

    def expects(self) -> str:
        """Say what the packets should be."""
        return "packets of an EmotiBit. Is it the board that was meant, with its own firmware?"

    def _begins_anew(self, packet: Packet, now_s: float) -> bool:
        if self._newest is None:
            return False
        step_ms = _step_ms(packet, self._newest)
        late_ms = 1e3 * (now_s - self._arrival_s) - step_ms
        return step_ms < -_OVERTAKEN_MS and late_ms > _LATE_MS

    def _was_set(self, packet: Packet, arrival_s: float) -> bool:
        if self._newest is None:
            return False
        step_s = _step_ms(packet, self._newest) / emotibit.TICK_HZ
        return step_s - (arrival_s - self._arrival_s) > _SET_S

    def _batch(self, packet: Packet, arrival_s: float) -> list[Batch]:
        count = len(packet.payload)
        repeated = (
            self._newest is not None and -_OVERTAKEN_MS <= _step_ms(packet, self._newest) <= 0
        )
        if repeated or count > _MOST_VALUES:
            self.damaged += 1
            return []
        before, self._gaps = self._gaps, self._gaps_seen()
        complete = self._gaps == before
        if complete and self._was_set(packet, arrival_s):
            self._ticks.reset()
        ticks, restarted = self._ticks.push(np.array([packet.timestamp_ms]), arrival_s)
        at_s = float(ticks[-1]) / emotibit.TICK_HZ
        gap_s = None if restarted else at_s - self._newest_s
        period_s = self._period_s()
        step_s = period_s
        if gap_s is not None and gap_s < (count + 0.5) * period_s:
            step_s = gap_s / count
        elif gap_s is not None and not complete:
            self.lost += max(round(gap_s / period_s) - count, 0)
        if gap_s is not None and complete:
            self._periods_s.append(gap_s / count)
        self._newest, self._newest_s, self._arrival_s = packet, at_s, arrival_s
        position_s = at_s - step_s * np.arange(count - 1, -1, -1.0)
        values = np.array(packet.values())
        batch = Batch.of(self.calibration, values, position_s, restarted)
        return [replace(batch, arrival_s=arrival_s)]

    def _gaps_seen(self) -> tuple[int, int]:
        """Return what changes when packets are missing before the next one."""
        return self._order.missing, self._order.leaps

    def _period_s(self) -> float:
        if len(self._periods_s) < _ENOUGH_PERIODS:
            return 1.0 / emotibit.RATE_HZ
        return statistics.median(self._periods_s)

    def _answer(self, request: Packet) -> None:
        if len(self._answers) > _MOST_ANSWERS:
            return
        now = datetime.now().astimezone()
        for tag, payload in (
            (emotibit.LOCAL_TIME, (now.strftime("%Y-%m-%d_%H-%M-%S-%f"),)),
            (emotibit.ACKNOWLEDGE, (str(request.number), request.tag)),
        ):
            number = next(self._numbers) % emotibit.NUMBER_MODULUS
            self._answers += Packet(0, number, tag, payload).to_bytes()


def _step_ms(packet: Packet, before: Packet) -> int:
    """Return how much later a packet's clock is, across the clock's end."""
    half = emotibit.TICK_MODULUS // 2
    return (packet.timestamp_ms - before.timestamp_ms + half) % (2 * half) - half


def _joined(batches: list[Batch]) -> list[Batch]:
    """Return the same samples in fewer batches: one for what came together."""
    out: list[Batch] = []
    for batch in batches:
        apart_s = (batch.arrival_s or 0.0) - (out[-1].arrival_s or 0.0) if out else 0.0
        if out and not batch.restarted and abs(apart_s) <= _TOGETHER_S:
            before = out.pop()
            batch = Batch(
                np.concatenate([before.eda_us, batch.eda_us]),
                np.concatenate([before.position_s, batch.position_s]),
                before.restarted,
                np.concatenate([before.raw, batch.raw]),
                batch.arrival_s,
            )
        out.append(batch)
    return out
