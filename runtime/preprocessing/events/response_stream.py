"""Skin conductance responses of a live stream, each reported once.

The newest two minutes are split as a whole recording is (`runtime.preprocessing.events.split`),
every 5 s. A response is reported when its peak lies 10 s behind the newest sample: later samples
would hardly change it, and the responses around it, by which small ones are left out, are known. So
it comes 10 to 15 s after its peak, and the first ones come with the first window.

The decomposition that the network sees is of no use here: its weights belong to a signal in units
of its own standard deviation, in which a quiet minute's noise is responses. At the wrist it gives
two to thirty times as many as that of the whole recording does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from runtime.preprocessing.contract import Contract
from runtime.preprocessing.events.marks import artefacts, runs
from runtime.preprocessing.events.responses import SOUND, Response, Responses
from runtime.preprocessing.events.split import SHORTEST_S, split
from runtime.preprocessing.window import Window

LAG_S = 10.0
MINUTE_S = 60.0
_EVERY_S, _SPAN_S = 5.0, 120.0
# A recording up to this rate is split as it was sampled, a faster one at the other, as offline.
_FASTEST_OWN_HZ, _GRID_HZ = 16.0, 8.0
# A longer gap parts the stream, as it parts a recording.
_MAX_BRIDGE_S = 2.0
# From one update to the next a peak moves by less than this, and two responses of one person are
# further apart.
_SAME_S = 0.75


class ResponseStream:
    """Windows in, responses out, in the order of their onsets within an update.

    Parameters
    ----------
    contract : Contract
        Of the windows.
    sensor_hz : float or None
        The sensor's samples per second, where they are known.
    """

    def __init__(self, contract: Contract, sensor_hz: float | None = None) -> None:
        own_hz = sensor_hz if sensor_hz and sensor_hz <= _FASTEST_OWN_HZ else _GRID_HZ
        self._step = max(1, math.floor(contract.rate_hz / own_hz + 0.01))
        # Between the samples of a slow sensor the grid has straight lines: its own values are
        # those at every so many places. Of a fast one's grid means are taken.
        self._picked = own_hz == sensor_hz
        self._grid_hz = contract.rate_hz
        self._rate_hz = contract.rate_hz / self._step
        self._hop, self._total = contract.hop_samples, contract.total_samples
        self._context_s = contract.context_s
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._told: list[Response] = []  # of the newest known minute
        self._known_s: float | None = None
        self._origin_s = 0.0  # time of the grid's place 0
        self._first = 0  # place of the oldest value kept
        self._eda = np.empty(0)
        self._gap = np.empty(0, dtype=bool)
        self._begin()

    def _begin(self) -> None:
        self._until_s = -math.inf  # up to here all responses have been reported
        self._updated_s = -math.inf

    @property
    def _end_s(self) -> float:
        return self._origin_s + (self._first + self._eda.size) / self._grid_hz

    def per_min(self, time_s: float) -> int | None:
        """Return how many sound responses the newest minute that is known has.

        None where nothing is known yet, or no more of the last minute.

        Parameters
        ----------
        time_s : float
            Now, in the samples' time.
        """
        if self._known_s is None or time_s - self._known_s > MINUTE_S:
            return None
        since_s = self._known_s - MINUTE_S
        return sum(one.peak_s > since_s for one in self._told if one.quality >= SOUND)

    def push(self, window: Window) -> list[Response]:
        """Add a window, refused or not, and return the responses that are known with it.

        Parameters
        ----------
        window : Window
            Later than all before.
        """
        eda_us = np.concatenate([window.context_us, window.eda_us])
        first = window.index * self._hop
        new = first + self._total - (self._first + self._eda.size)
        found = []
        if not 0 < new <= self._total:  # nothing joins the two
            found = self.finish()
            self._first, new = first, self._total
        self._origin_s = window.start_s - self._context_s - first / self._grid_hz
        if self._known_s is not None and self._end_s < self._known_s - LAG_S:
            self._told, self._known_s = [], None  # a new stream: the clock was set
        self._eda = np.concatenate([self._eda, eda_us[-new:]])
        self._gap = np.concatenate([self._gap, window.gap[-new:]])
        found += self._part()
        if self._end_s - self._updated_s >= _EVERY_S - 1e-6:
            found += self._update(self._end_s - LAG_S)
        return found

    def finish(self) -> list[Response]:
        """Return what is left at the end of the stream; the next window begins another."""
        found = self._update(self._end_s)
        self._first += self._eda.size
        self._eda, self._gap = self._eda[:0], self._gap[:0]
        self._begin()
        return found

    def _part(self) -> list[Response]:
        """Let a gap that is too long to be bridged end what lies before it."""
        bad = np.isnan(self._eda)
        for start, stop in runs(self._gap):
            bad[start:stop] |= stop - start > _MAX_BRIDGE_S * self._grid_hz
        found: list[Response] = []
        eda_us, gap, first = self._eda, self._gap, self._first
        ended = np.flatnonzero(bad)
        if not ended.size:
            return found
        for start, stop in runs(~bad):
            self._eda, self._gap, self._first = eda_us[start:stop], gap[start:stop], first + start
            if stop < bad.size:
                found += self.finish()
        if bad[-1]:
            self._eda, self._gap, self._first = eda_us[:0], gap[:0], first + bad.size
            self._begin()
        return found

    def _update(self, until_s: float) -> list[Response]:
        """Return the responses with a peak up to `until_s` that were not reported."""
        self._updated_s = end_s = self._end_s
        if self._eda.size < SHORTEST_S * self._grid_hz:
            return []
        if math.isfinite(self._until_s):
            keep_s = max(_SPAN_S, end_s - self._until_s + 2 * LAG_S)
            drop = max(0, self._eda.size - math.ceil(keep_s * self._grid_hz))
            self._eda, self._gap = self._eda[drop:], self._gap[drop:]
            self._first += drop
        found, quality = self._split()
        fresh: list[Response] = []
        for i in np.argsort(found.onset_s, kind="stable").tolist():
            peak_s = float(found.peak_s[i])
            told = any(abs(one.peak_s - peak_s) < _SAME_S for one in self._told)
            if self._until_s - _SAME_S < peak_s <= until_s and not told:
                fresh.append(found.one(i, float(quality[i])))
        self._until_s = self._known_s = until_s
        self._told = [one for one in self._told if one.peak_s > until_s - MINUTE_S] + fresh
        return fresh

    def _split(self) -> tuple[Responses, NDArray[np.float64]]:
        """Return the responses in what is kept, and the quality of each."""
        step = self._step
        skip = -self._first % step
        count = (self._eda.size - skip) // step
        rows = slice(skip, skip + count * step)
        eda_us = self._eda[rows].reshape(count, step)
        missing = self._gap[rows].reshape(count, step).any(axis=1)
        place = float(self._first + skip)
        if self._picked:
            eda_us = eda_us[:, 0]
        else:
            eda_us, place = eda_us.mean(axis=1), place + (step - 1) / 2
        start_s = self._origin_s + place / self._grid_hz
        time_s = start_s + np.arange(count) / self._rate_hz
        parts = split(eda_us, artefacts(time_s, eda_us, self._rate_hz), self._rate_hz)
        bad = missing | parts.artefact | parts.ill_posed
        quality = parts.responses.sound_share(bad, self._rate_hz)
        return parts.responses.later(start_s), quality
