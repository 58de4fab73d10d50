"""Sittings: the order in which a person's signal is pushed, along which the reference is learnt.

Where the files hold a whole session, it is one stretch without interruption, and its recordings are
places in it. Where they hold trials, every trial is a stretch, and a person's trials follow each
other in the order of their presentation where the files tell it, else in the order of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from device.samples import Samples
from runtime.preprocessing.contract import Contract
from training.datasets.recordings import Dataset, Recording

# How long the stream runs until it is restarted at random, seconds: one to eleven minutes of past
# are seen before a window.
_SHORTEST_S, _LONGEST_S = 240.0, 720.0
_EPSILON_S = 1e-9


@dataclass(frozen=True)
class Place:
    """Where a recording lies in a stretch.

    Attributes
    ----------
    recording : int
        Index in the data set.
    start_s, stop_s : float
        Of the stimulus, in the stretch's time; infinite where its end is the stretch's.
    """

    recording: int
    start_s: float
    stop_s: float


@dataclass(frozen=True)
class Stretch:
    """Samples without interruption.

    Attributes
    ----------
    samples : Samples
        At least one.
    offset_s : float
        What its time has to be raised by to be that of the sitting.
    places : tuple of Place
        Recordings in it, in order.
    """

    samples: Samples
    offset_s: float
    places: tuple[Place, ...]

    @property
    def length_s(self) -> float:
        """Seconds from the first sample to the last."""
        return float(self.samples.time_s[-1] - self.samples.time_s[0])

    def split(self, after_s: float) -> tuple[Stretch, Stretch]:
        """Return what lies before and after so many seconds, fewer than its length."""
        time_s, eda_us = self.samples.time_s, self.samples.eda_us
        at = int(np.searchsorted(time_s, time_s[0] + after_s, side="right"))
        parts = (Samples(time_s[own], eda_us[own]) for own in (slice(at), slice(at, None)))
        head, tail = (replace(self, samples=part) for part in parts)
        return head, tail


@dataclass(frozen=True)
class Sitting:
    """What one person's preprocessing goes through, with one reference.

    Attributes
    ----------
    name : str
        Unique within the data set.
    stretches : tuple of Stretch
        In order. Between them the stream begins anew and the reference is kept.
    """

    name: str
    stretches: tuple[Stretch, ...]

    def pieces(self, seed: str) -> Iterator[Sitting]:
        """Cut it into pieces of 4 to 12 minutes at random, the same for the same seed and name.

        Trials shorter than a piece stay whole.
        """
        rng = np.random.default_rng(_number(f"{seed}/{self.name}"))
        piece: list[Stretch] = []
        left_s = rng.uniform(_SHORTEST_S, _LONGEST_S)
        for stretch in self.stretches:
            rest = stretch
            while rest.length_s > left_s:
                if stretch.length_s >= _SHORTEST_S:
                    head, rest = rest.split(left_s)
                    piece.append(head)
                yield replace(self, stretches=tuple(piece))
                piece = []
                left_s = rng.uniform(_SHORTEST_S, _LONGEST_S)
            piece.append(rest)
            left_s -= rest.length_s
        yield replace(self, stretches=tuple(piece))


def sittings_of(dataset: Dataset, contract: Contract) -> list[Sitting]:
    """Return every person's sittings, in the order of the recordings."""
    sessions = {session.name: session for session in dataset.sessions}
    groups: dict[tuple[str, str], list[int]] = {}
    for number, recording in enumerate(dataset.recordings):
        groups.setdefault((recording.subject, recording.session), []).append(number)
    out = []
    for (subject, name), numbers in groups.items():
        if name in sessions:
            session = sessions[name]
            of = {dataset.recordings[number].stimulus: number for number in numbers}
            places = tuple(
                Place(of[segment.name], segment.start_s, segment.stop_s)
                for segment in session.segments
                if segment.name in of
            )
            out.append(Sitting(name, (Stretch(session.samples, 0.0, places),)))
            continue
        stretches, offset_s = [], 0.0
        for number in sorted(numbers, key=lambda n: dataset.recordings[n].turn):
            samples = _trial(dataset.recordings[number], contract)
            if not len(samples):
                continue
            offset_s -= float(samples.time_s[0])
            place = Place(number, dataset.recordings[number].stimulus_start_s, np.inf)
            stretches.append(Stretch(samples, offset_s, (place,)))
            offset_s += float(samples.time_s[-1])
        out.append(Sitting(f"{subject}/{name}" if name else subject, tuple(stretches)))
    return [sitting for sitting in out if sitting.stretches]


def _trial(recording: Recording, contract: Contract) -> Samples:
    """Return a trial from so early that a window begins with the stimulus, context before it."""
    lead_s = max(recording.stimulus_start_s - contract.context_s, 0.0)
    whole_hops = np.floor(lead_s / contract.hop_s + _EPSILON_S) * contract.hop_s
    return recording.with_context(contract.context_s + whole_hops)


def order_note(dataset: Dataset) -> str:
    """Return in words in which order each person's signal went through the preprocessing."""
    trials = [recording for recording in dataset.recordings if not recording.session]
    if not trials:
        return "The personal reference goes through each sitting whole, in the order of its times."
    told = sum(recording.turn > 0 for recording in trials)
    which = {0: "of the files", len(trials): "of their presentation"}.get(
        told, f"of their presentation where it is known ({told} of {len(trials)})"
    )
    return f"The personal reference goes through each person's trials in the order {which}."


def _number(text: str) -> int:
    """Return a number that is the same for the same text on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
