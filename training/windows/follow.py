"""Windows in a person's own units: a whole sitting through one preprocessing, as it is live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.windows import Preprocessor, Window
from training.windows.features import eda_features
from training.windows.sittings import Place, Sitting

# Samples are pushed a minute at a time, so that windows that are not kept need no memory.
_PUSH_S = 60.0
# Times are sums of steps, and stimuli begin between them.
_EPSILON_S = 1e-6


@dataclass
class Found:
    """What a sitting gave, in lists.

    Attributes
    ----------
    inputs, features : list of arrays
        Of each window.
    recording, time_s, past_s, short : list
        See `training.windows.cut.Windows`.
    refused : Counter
        Windows that gave no input, by their first reason; of the whole sitting only.
    recordings : set of int
        Those that had a window, usable or not.
    """

    inputs: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = field(default_factory=list)
    features: list[FloatArray] = field(default_factory=list)
    recording: list[int] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)
    past_s: list[float] = field(default_factory=list)
    short: list[bool] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    recordings: set[int] = field(default_factory=set)

    def add(self, place: Place, time_s: float, past_s: float, window: Window, short: bool) -> None:
        """Add a window, or the reason why it is none."""
        self.recordings.add(place.recording)
        if window.input is None:
            if not short:
                self.refused[window.reasons[0]] += 1
            return
        own = window.features
        self.inputs.append(window.input)
        self.features.append(
            eda_features(window) if own is None or not own.size else own.astype(np.float64)
        )
        self.recording.append(place.recording)
        self.time_s.append(time_s)
        self.past_s.append(past_s)
        self.short.append(short)


def windows_of(sitting: Sitting, contract: Contract, every: int, seed: str) -> Found:
    """Return the windows of a sitting's recordings: of all its past, and of short pasts.

    A window belongs to the recording in which it lies wholly; its context may lie before. Of each
    recording the first is kept, and from there on one every so many hops.

    Parameters
    ----------
    sitting : Sitting
        Of one person.
    contract : Contract
        With the normalisation "personal"; its hop is how often the reference is updated.
    every : int
        Hops from one kept window to the next.
    seed : str
        Of the restarts, with the sitting's name.
    """
    found = Found()
    for short, piece in [(False, sitting), *((True, p) for p in sitting.pieces(seed))]:
        for place, time_s, past_s, window in _kept(piece, contract, every):
            found.add(place, time_s, past_s, window, short)
    return found


def hops_of(stride_s: float, contract: Contract) -> int:
    """Return how many hops a stride is.

    Raises
    ------
    DatasetError
        If it is not a whole number of them.
    """
    every = round(stride_s / contract.hop_s)
    if every < 1 or abs(every * contract.hop_s - stride_s) > _EPSILON_S:
        raise DatasetError(
            f"The stride is {stride_s:g} s; in personal units it must be a multiple of the hop of "
            f"{contract.hop_s:g} s, with which the reference is updated"
        )
    return every


def _kept(
    sitting: Sitting, contract: Contract, every: int
) -> Iterator[tuple[Place, float, float, Window]]:
    """Yield place, start in the sitting's time, signal before, and window, usable or not."""
    preprocessor = Preprocessor(contract)
    before_s = 0.0
    for stretch in sitting.stretches:
        preprocessor.reset()
        first: dict[int, int] = {}
        for window in _pushed(preprocessor, stretch.samples):
            place = next((p for p in stretch.places if _holds(p, window)), None)
            if place is None:
                continue
            since = window.index - first.setdefault(place.recording, window.index)
            if since % every == 0:
                past_s = before_s + window.start_s - float(stretch.samples.time_s[0])
                yield place, stretch.offset_s + window.start_s, past_s, window
        before_s += stretch.length_s


def _pushed(preprocessor: Preprocessor, samples: Samples) -> Iterator[Window]:
    time_s, eda_us = samples.time_s, samples.eda_us
    edges = np.searchsorted(time_s, np.arange(time_s[0] + _PUSH_S, time_s[-1], _PUSH_S))
    for own in np.split(np.arange(time_s.size), edges):
        yield from preprocessor.push(time_s[own], eda_us[own])


def _holds(place: Place, window: Window) -> bool:
    return (
        window.start_s >= place.start_s - _EPSILON_S and window.end_s <= place.stop_s + _EPSILON_S
    )
