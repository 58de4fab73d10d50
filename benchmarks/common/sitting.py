"""A labelled sitting as windows: with all of its past, restarted at random, and begun midway.

For `benchmarks.personal`. Only features are kept, which is what its regressions need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray, Samples
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.features import features
from runtime.preprocessing.windows import Preprocessor
from training.datasets.sessions import Segment, Session
from training.windows.sittings import Sitting, Stretch

EVERY_S = 120.0
"""Seconds from one start in the later half of a sitting to the next."""
ANSWERED_S = 300.0
"""Seconds of answers after a start that are compared."""
_PUSH_S = 60.0


@dataclass(frozen=True)
class Seen:
    """Windows, in order.

    Attributes
    ----------
    end_s : float64 (n,)
        When each ended, in the sitting's time.
    x : float64 (n, k)
        Features in the person's own units, by the contract.
    plain : float64 (n, 30)
        The same in units of their own, not read against anything.
    segment, truth : int64 (n,)
        The labelled segment in which the window lies wholly and its class; -1 where there is none.
    """

    end_s: FloatArray
    x: FloatArray
    plain: FloatArray
    segment: NDArray[np.int64]
    truth: NDArray[np.int64]

    def at(self, which: NDArray[Any]) -> Seen:
        """Return some of the windows, by a mask or places."""
        parts = (self.end_s, self.x, self.plain, self.segment, self.truth)
        return Seen(*(part[which] for part in parts))

    @property
    def labelled(self) -> Seen:
        """Those that lie wholly within a labelled segment."""
        return self.at(self.truth >= 0)


@dataclass(frozen=True)
class Start:
    """The application begun midway, at one place.

    Attributes
    ----------
    wait_s : dict of str to float
        Seconds until the first answer, by what was known: see `Person.starts`.
    seen : dict of str to Seen
        The windows that all of them have among the first five answered minutes of the cold start.
    """

    wait_s: dict[str, float]
    seen: dict[str, Seen]


@dataclass(frozen=True)
class Person:
    """One sitting.

    Attributes
    ----------
    name : str
        Of the person.
    whole : Seen
        Labelled windows that knew all the past.
    short : Seen
        Labelled windows of the stream restarted at random, as training has them.
    starts : tuple of Start
        Begun every two minutes of the later half: "cold", and with the reference of the first half
        as it was ("whole") or thinned to some seconds of now ("300").
    """

    name: str
    whole: Seen
    short: Seen
    starts: tuple[Start, ...]


def follow(session: Session, contract: Contract, worth_s: Mapping[str, float]) -> Person:
    """Push a sitting through the preprocessing in all these ways.

    Parameters
    ----------
    session : Session
        With the class "arousal" of each labelled segment.
    contract : Contract
        With the normalisation "personal".
    worth_s : mapping of str to float
        By name, for how much the saved reference counts, see `Reference.load`; none for no starts.
    """
    samples, segments = session.samples, session.segments
    whole = _seen(_push(Preprocessor(contract), samples), segments)
    pieces = Sitting(session.name, (Stretch(samples, 0.0, ()),)).pieces("stress-predict")
    short = [
        _seen(_push(Preprocessor(contract), piece.stretches[0].samples), segments)
        for piece in pieces
    ]
    starts = _starts(session, contract, worth_s) if worth_s else ()
    return Person(session.subject, whole.labelled, _joined(short).labelled, tuple(starts))


def _starts(session: Session, contract: Contract, worth_s: Mapping[str, float]) -> list[Start]:
    samples = session.samples
    half_s, end_s = samples.time_s[-1] / 2, samples.time_s[-1]
    first = Preprocessor(contract)
    _push(first, _between(samples, 0.0, half_s))
    assert first.reference is not None
    state = first.reference.to_dict()
    starts = []
    for start_s in np.arange(half_s, end_s, EVERY_S):
        ways: dict[str, Seen] = {}
        until_s = start_s + contract.first_answer_s + ANSWERED_S + _PUSH_S
        rest = _between(samples, start_s, until_s)
        for name, worth in {"cold": None, **worth_s}.items():
            stream = Preprocessor(contract)
            if worth is not None and stream.reference is not None:
                stream.reference.load(state, worth)
            ways[name] = _seen(_push(stream, rest), session.segments)
        if not all(seen.end_s.size for seen in ways.values()):
            continue
        waits = {name: float(seen.end_s[0] - start_s) for name, seen in ways.items()}
        cold = ways["cold"]
        common = cold.end_s[(cold.truth >= 0) & (cold.end_s <= cold.end_s[0] + ANSWERED_S)]
        for seen in ways.values():
            common = common[_nearest(seen.end_s, common)[1]]
        found = {name: s.at(_nearest(s.end_s, common)[0]) for name, s in ways.items()}
        starts.append(Start(waits, found))
    return starts


def _nearest(times_s: FloatArray, wanted_s: FloatArray) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the place of each wanted time, and whether it is there (grids begin with a sample)."""
    place = np.searchsorted(times_s, wanted_s - 0.2)
    place = np.minimum(place, times_s.size - 1)
    return place, np.abs(times_s[place] - wanted_s) < 0.2


def _push(stream: Preprocessor, samples: Samples) -> list[tuple[float, FloatArray, FloatArray]]:
    """Return end, features in personal units and plain features of every window with an input."""
    found = []
    time_s, eda_us = samples.time_s, samples.eda_us
    inner = np.searchsorted(time_s, np.arange(time_s[0] + _PUSH_S, time_s[-1], _PUSH_S))
    for first, stop in pairwise([0, *inner, time_s.size]):
        for window in stream.push(time_s[first:stop], eda_us[first:stop]):
            if window.input is None or window.features is None:
                continue
            plain = features(
                window.eda_us, window.tonic_us, window.phasic_us, stream.contract.rate_hz
            )
            found.append((window.end_s, window.features.astype(np.float64), plain))
    return found


def _seen(
    windows: list[tuple[float, FloatArray, FloatArray]],
    segments: tuple[Segment, ...],
    window_s: float = 60.0,
) -> Seen:
    count = len(windows)
    end_s = np.array([end for end, _, _ in windows])
    x, plain = (np.array([window[n] for window in windows]) for n in (1, 2))
    number, truth = np.full(count, -1), np.full(count, -1)
    for n, segment in enumerate(segments):
        if "arousal" in segment.classes:
            inside = (end_s - window_s >= segment.start_s - 1e-6) & (end_s <= segment.stop_s + 1e-6)
            number[inside], truth[inside] = n, segment.classes["arousal"]
    return Seen(end_s, x, plain, number, truth)


def _between(samples: Samples, start_s: float, stop_s: float) -> Samples:
    own = (samples.time_s >= start_s) & (samples.time_s < stop_s)
    return Samples(samples.time_s[own], samples.eda_us[own])


def _joined(parts: list[Seen]) -> Seen:
    some = [part for part in parts if part.end_s.size]
    names = ("end_s", "x", "plain", "segment", "truth")
    return Seen(*(np.concatenate([getattr(part, name) for part in some]) for name in names))
