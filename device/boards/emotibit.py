"""An EmotiBit, as far as its packets go; the network is in `device.simulation.network`."""

from __future__ import annotations

import itertools
import math

from device.calibration import EmotibitCalibration
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram

# With electrodes in the air its converter is at its end.
_OPEN_US = 0.0298
# It sends what it has every tenth of a second: one value of 15 a second, or two.
_SAMPLES = (1, 2)
_REQUEST_EVERY_S = 5.0
_DECIMALS = 6


class EmotibitBoard:
    """It streams whenever it is connected, unless it was told to save power."""

    key = "emotibit"
    rate_hz = emotibit.RATE_HZ

    def __init__(self) -> None:
        self.calibration = EmotibitCalibration()
        self._base_s = self._last_s = 0.0
        self.start()

    def start(self) -> bytes:
        """Begin anew: its clock and its count of packets at 0."""
        self.streaming = True
        self._number = 0
        self._base_s = self._last_s = 0.0
        self._values: list[float] = []
        self._sizes = itertools.cycle(_SAMPLES)
        self._size = next(self._sizes)
        self._requested_s = 0.0
        return b""

    def receive(self, data: bytes) -> bytes:
        """Obey commands; answers to its question for the time need nothing."""
        for packet in parse_datagram(data)[0]:
            if packet.tag == emotibit.LOW_POWER:
                self.streaming = False
            elif packet.tag == emotibit.NORMAL_POWER:
                self.streaming = True
        return b""

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a datagram where one is complete, else nothing: one or two samples go together."""
        if device_s < self._last_s:  # it streams again; its clock has gone on
            self._base_s += self._last_s + 1.0 / self.rate_hz
        self._last_s = device_s
        self._values.append(_OPEN_US if math.isnan(eda_us) else eda_us)
        if len(self._values) < self._size:
            return b""
        values, self._values = self._values, []
        self._size = next(self._sizes)
        clock_s = self._base_s + device_s
        datagram = self._packet(clock_s, emotibit.EDA, *(f"{v:.{_DECIMALS}f}" for v in values))
        # Its other sensors count in the same numbers.
        datagram += self._packet(clock_s, "PG", "25031", "25040")
        datagram += self._packet(clock_s, "TH", "32.250")
        if clock_s - self._requested_s >= _REQUEST_EVERY_S:
            self._requested_s = clock_s
            datagram += self._packet(clock_s, emotibit.REQUEST, emotibit.LOCAL_TIME, "TU")
        return datagram

    def _packet(self, clock_s: float, tag: str, *payload: str) -> bytes:
        number = self._number % emotibit.NUMBER_MODULUS
        self._number += 1
        stamp = round(1e3 * clock_s) % emotibit.TICK_MODULUS
        return Packet(stamp, number, tag, payload).to_bytes()
