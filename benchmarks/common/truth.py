"""Which samples came to a port whole, and which of them were delivered: the truth beside a reader.

All of it is derived from the bytes that a simulated sensor's port really got.
"""

from __future__ import annotations

import bisect
import math

import numpy as np
from numpy.typing import NDArray

from device.protocols.readings import IntArray
from device.samples import FloatArray
from device.simulation.player import Sent

# Longer than any believable error of time, shorter than half the time after which a value comes
# again.
_NEAR_S = 1.2


def matched(log: list[Sent], eda_us: FloatArray, time_s: FloatArray) -> IntArray:
    """Return, for each delivered sample, the place in the log of the one that it is; else -1.

    A sample is known by its value. The same value comes again only after seconds, so that the one
    nearest in time is meant; and what was sent once and in order is delivered once and in order.
    """
    sent: dict[int, list[int]] = {}
    for i, key in enumerate(_keys(np.array([one.eda_us for one in log]))):
        sent.setdefault(key, []).append(i)
    nearest: dict[int, tuple[float, int]] = {}
    for k, key in enumerate(_keys(eda_us)):
        for i in sent.get(key, []):
            error_s = abs(log[i].time_s - float(time_s[k]))
            if error_s < _NEAR_S and (i not in nearest or error_s < nearest[i][0]):
                nearest[i] = error_s, k
    pairs = sorted((k, i) for i, (_, k) in nearest.items())
    places = np.full(eda_us.size, -1, dtype=np.int64)
    for k, i in _longest_rising(pairs):
        places[k] = i
    return places


def _keys(eda_us: FloatArray) -> list[int]:
    """Return whole numbers that are equal where the values are; missing ones are counted."""
    missing = np.isnan(eda_us)
    keys = np.where(missing, -np.cumsum(missing), np.rint(1e6 * np.nan_to_num(eda_us)))
    found: list[int] = keys.astype(np.int64).tolist()
    return found


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the most of these pairs, in their order, whose second numbers rise."""
    ends: list[int] = []
    chains: list[int] = []
    before: list[int] = []
    for n, (_, i) in enumerate(pairs):
        size = bisect.bisect_left(ends, i)
        before.append(chains[size - 1] if size else -1)
        ends[size : size + 1] = [i]
        chains[size : size + 1] = [n]
    found = []
    at = chains[-1] if chains else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _own_bytes(sensor: str, sent: Sent) -> bytes:
    """Return a sample's own frame, without the settings that our firmware sends before some."""
    if sensor != "rtcan":
        return sent.frame
    return sent.frame[:-1].rpartition(b"\0")[2] + b"\0"


def is_intact(sensor: str, sent: Sent) -> bool:
    """Say whether every byte of a sample's own frame came to the port as it was sent."""
    return sent.arrived.endswith(_own_bytes(sensor, sent))


def came_whole(sensor: str, log: list[Sent], plugged_in_s: list[float]) -> NDArray[np.bool_]:
    """Say of every sample whether the port had it whole."""
    whole = np.array([is_intact(sensor, sent) for sent in log])
    if sensor != "grove":
        return whole
    # A line begins where the one before it ended, if that end survived; and the first line after
    # an opening may be cut, so that no reader may believe it.
    for i in range(1, len(log)):
        if not log[i - 1].arrived.endswith((b"\r", b"\n")):
            whole[i] = False
    for back_s in [0.0, *plugged_in_s]:
        first = next((i for i, sent in enumerate(log) if sent.time_s > back_s), None)
        if first is not None:
            whole[first] = False
    return whole


def count_lost(sensor: str, log: list[Sent], whole: NDArray[np.bool_], places: IntArray) -> int:
    """Return how many samples came whole and were not delivered, the very first ones included."""
    came = set(places[places >= 0].tolist())
    missing = [i for i in range(len(log)) if whole[i] and i not in came]
    return sum(not shares_a_byte(sensor, log, i, came) for i in missing)


def wrong_allowed(sensor: str, damaged: int) -> float:
    """Return how many wrong values a sensor's checksum lets pass: mean and three deviations.

    Without a checksum a damaged line may be another number: as many as were damaged.
    """
    if sensor == "grove":
        return float(damaged)
    if sensor == "emotibit":
        return 0.0  # a datagram comes whole or not at all
    mean = damaged * (1 / 16 if sensor == "bitalino" else 1 / 65536)
    return mean + 3.0 * math.sqrt(mean)


def shares_a_byte(sensor: str, log: list[Sent], i: int, came: set[int]) -> bool:
    """Say whether the port had only one of this sample and a delivered neighbour.

    Where two frames meet in equal bytes and one of these is lost, the bytes are the same whichever
    it was: either frame is whole in them, but not both.
    """
    own = _own_bytes(sensor, log[i])
    before = i - 1 in came and not is_intact(sensor, log[i - 1])
    if before and (log[i - 1].arrived + own[:1]).endswith(_own_bytes(sensor, log[i - 1])):
        return True
    after = i + 1 in came and not is_intact(sensor, log[i + 1])
    return after and own[-1:] + log[i + 1].arrived == log[i + 1].frame
