"""What reaches the user of a sensor on a bad line: simulated sensors on real ports and sockets.

    python -m benchmarks.faults [--quick] [--output DIR]

Every sensor is played under every fault in real time and read as `rtcan-live` reads it. Its skin
never repeats a count within seconds, so that each sample is known by its value; what was delivered
is laid beside what the line let through whole.

Many are played at once. A row that then misses a bound is played again alone, for it may have been
the computer that was late; both outcomes are in the result.
"""

from __future__ import annotations

import dataclasses
import math
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np

from benchmarks.common.report import show_table, write_result
from benchmarks.common.rigs import Rig, emotibit_rig, lsl_rig, serial_rig
from benchmarks.common.truth import came_whole, count_lost, is_intact, matched, wrong_allowed
from device.cli import RtcanCommand
from device.drivers.registry import DRIVERS
from device.errors import RtcanError
from device.protocols import emotibit
from device.simulation.faults import Faults
from device.simulation.lsl import DEFAULT_RATE_HZ
from runtime.session.reader import Chunk, Failure, Reader

# A stream of Lab Streaming Layer is stamped when samples are handed on, or when they are taken.
_LSL, _LSL_OWN = "lsl", "lsl, own times"
SENSORS = (*DRIVERS, "emotibit", _LSL, _LSL_OWN)
_RATE_HZ = 100.0
# After the port opens, or a board starts anew, time settles for so long.
_SETTLE_S = 5.0
_WORKERS = 6
# What is claimed: nothing lost, a time within a sample of the truth, back within two seconds.
_BOUND_SAMPLES = 1.0
_BOUND_BACK_S = 2.0
_COLUMNS = ["fault", "sensor", "sent", "harmed", "delivered", "lost", "wrong", "allowed", "ms"]


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes
    ----------
    name : str
        For people.
    faults : Faults
        What goes wrong.
    seconds : float
        How long it is played.
    """

    name: str
    faults: Faults
    seconds: float


CASES = [
    Case("none", Faults(), 20),
    Case("1 % of bytes lost", Faults(drop=0.01), 30),
    Case("1 % of bits flipped", Faults(corrupt=0.01), 30),
    Case("clock 200 ppm fast", Faults(drift_ppm=200), 45),
    Case("clock 200 ppm slow", Faults(drift_ppm=-200), 45),
    Case("bursts of 500 ms", Faults(burst_s=0.5), 45),
    Case("unplugged every 10 s", Faults(unplug_every_s=10), 35),
    Case("reset every 20 s", Faults(reset_every_s=20), 50),
    Case("electrodes lifted for 5 s", Faults(lift_s=5, lift_every_s=15), 32),
]


# Of a network: shares of datagrams, of which one carries one or two samples.
NETWORK_CASES = [
    Case("none", Faults(), 20),
    Case("5 % of datagrams lost", Faults(drop=0.05), 45),
    Case("20 % of datagrams overtaken", Faults(reorder=0.2), 45),
    Case("20 % of datagrams doubled", Faults(duplicate=0.2), 45),
    Case("late by up to 100 ms", Faults(jitter_s=0.1), 45),
    Case("all of these", Faults(drop=0.05, reorder=0.2, duplicate=0.2, jitter_s=0.1), 60),
    *(
        case
        for case in CASES
        if case.name != "none" and not (case.faults.drop or case.faults.corrupt)
    ),
]


def played_hz(sensor: str) -> float:
    """Return the rate (Hz) that its samples' errors of time are counted in."""
    if sensor == "emotibit":
        return emotibit.RATE_HZ
    return DEFAULT_RATE_HZ if sensor in (_LSL, _LSL_OWN) else _RATE_HZ


def cases_of(sensor: str) -> list[Case]:
    """Return the faults that a sensor is played under."""
    if sensor == _LSL:
        # Of samples that are missing and late at random at once, these stamps tell nothing.
        return [case for case in NETWORK_CASES if case.name != "all of these"]
    return CASES if sensor in DRIVERS else NETWORK_CASES


def _rig(sensor: str, faults: Faults) -> AbstractContextManager[Rig]:
    if sensor in (_LSL, _LSL_OWN):
        return lsl_rig(faults, own_times=sensor == _LSL_OWN)
    return emotibit_rig(faults) if sensor == "emotibit" else serial_rig(sensor, faults)


@dataclass(frozen=True)
class Outcome:
    """How one sensor fared under one fault.

    Attributes
    ----------
    sensor, fault : str
        Which.
    sent, damaged : int
        Samples that went to the port, and those of them that the line harmed.
    delivered, lost : int
        Samples delivered, and samples that came whole and were not delivered.
    wrong, allowed : float
        Delivered values that nobody sent, and how many the checksum lets pass; see
        `benchmarks.common.truth.wrong_allowed`.
    time_error_ms : float
        Largest error of a time after settling. Where a sender hands samples on in a wrong order,
        and no stamp tells, the truth is the time of the place at which it was handed on.
    swapped_error_ms : float
        The same from the time at which the sample itself was taken.
    recovery_s : float or None
        Longest time from the port's return to the first new sample.
    """

    sensor: str
    fault: str
    sent: int
    damaged: int
    delivered: int
    lost: int
    wrong: int
    allowed: float
    time_error_ms: float
    swapped_error_ms: float
    recovery_s: float | None

    @property
    def error_samples(self) -> float:
        """The largest error of a time in samples of the rate at which it was played."""
        return 1e-3 * self.time_error_ms * played_hz(self.sensor)

    @property
    def is_within_bounds(self) -> bool:
        """Whether it is as good as it is claimed to be."""
        wrong = self.wrong > self.allowed
        late = self.recovery_s is not None and self.recovery_s > _BOUND_BACK_S
        return not (self.lost or wrong or late or self.error_samples > _BOUND_SAMPLES)


def play(sensor: str, case: Case) -> Outcome:
    """Play one sensor under one fault, and judge what was delivered."""
    with _rig(sensor, case.faults) as rig:
        reader = Reader(rig.reading)
        reader.start()
        time.sleep(case.seconds)
        rig.end()
        # As long as a source waits for datagrams that others overtook.
        time.sleep(0.4)
        reader.stop()
    chunks: list[Chunk] = []
    while not reader.events.empty():
        event = reader.events.get()
        if isinstance(event, Chunk):
            chunks.append(event)
        elif isinstance(event, Failure):
            raise event.error
    return _judge(sensor, case, rig, chunks)


def _judge(sensor: str, case: Case, rig: Rig, chunks: list[Chunk]) -> Outcome:
    # Datagrams overtake each other: in the order in which they were taken.
    log = sorted(rig.log, key=lambda sent: sent.time_s) if rig.ordered else rig.log
    origin_s = getattr(rig.reading, "origin_s", None) or 0.0
    time_s = np.concatenate([chunk.samples.time_s for chunk in chunks]) + origin_s
    eda_us = np.concatenate([chunk.samples.eda_us for chunk in chunks])
    sent_s = np.array([sent.time_s for sent in log])
    whole = came_whole(sensor, log, rig.plugged_in_s)
    places = matched(log, eda_us, time_s)
    delivered = np.flatnonzero(places >= 0)
    delivered = delivered[whole[places[delivered]]]
    at_s = np.sort(sent_s)[places[delivered]]
    error_s = np.abs(time_s[delivered] - at_s)
    swapped_s = np.abs(time_s[delivered] - sent_s[places[delivered]])
    starts_s = [at_s[0], *at_s[1:][np.diff(at_s) > 0.5], *rig.reset_s]
    settled = np.all([(at_s < start) | (at_s > start + _SETTLE_S) for start in starts_s], axis=0)
    if not settled.any():
        raise RtcanError(
            f"{sensor} under {case.name!r}: none of {eda_us.size} samples is settled and known. "
            "Is the machine too busy to play it?"
        )
    arrivals_s = np.array([chunk.arrival_s for chunk in chunks])
    waits = [
        float(arrivals_s[arrivals_s > t][0] - t) for t in rig.plugged_in_s if (arrivals_s > t).any()
    ]
    damaged = sum(not is_intact(sensor, sent) for sent in log)
    return Outcome(
        sensor=sensor,
        fault=case.name,
        sent=len(log),
        damaged=damaged,
        delivered=eda_us.size,
        lost=count_lost(sensor, log, whole, places),
        wrong=int((places < 0).sum()),
        allowed=wrong_allowed(sensor, damaged),
        time_error_ms=1e3 * float(error_s[settled].max()),
        swapped_error_ms=1e3 * float(swapped_s[settled].max()),
        recovery_s=max(waits) if waits else None,
    )


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="A third of the time for each fault.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(quick: bool, output: Path | None) -> None:
    """Play every sensor under every fault; takes under ten minutes."""
    jobs = [
        (sensor, replace(case, seconds=max(case.seconds / 3, 14.0)) if quick else case)
        for sensor in SENSORS
        for case in cases_of(sensor)
    ]
    order = {(case.name, sensor): i for i, (sensor, case) in enumerate(jobs)}
    # The long ones first, so that none is left alone at the end.
    outcomes = _played(sorted(jobs, key=lambda job: -job[1].seconds), _WORKERS)
    outcomes.sort(key=lambda outcome: order[outcome.fault, outcome.sensor])
    places = [i for i, outcome in enumerate(outcomes) if not outcome.is_within_bounds]
    first = [outcomes[i] for i in places]
    for i, again in zip(places, _played([jobs[i] for i in places], 1), strict=True):
        outcomes[i] = again
    show_table(
        "Faults: samples that came whole are delivered once and in order",
        [*_COLUMNS, "back, s"],
        [_row(outcome) for outcome in outcomes],
    )
    recoveries = [o.recovery_s for o in outcomes if o.recovery_s is not None]
    claims = {
        "samples_lost": float(sum(outcome.lost for outcome in outcomes)),
        "corrupt_accepted": float(
            sum(max(0, math.ceil(outcome.wrong - outcome.allowed)) for outcome in outcomes)
        ),
        "recovery_s_max": max(recoveries) if recoveries else None,
        # In samples of the rate at which each sensor was played.
        "time_error_samples_max": max(outcome.error_samples for outcome in outcomes),
        "time_error_samples_swapped_by_sender": max(
            1e-3 * outcome.swapped_error_ms * played_hz(outcome.sensor) for outcome in outcomes
        ),
        "rows_played_again_alone": float(len(first)),
    }
    figures = {
        "rate_hz": _RATE_HZ,
        "settle_s": _SETTLE_S,
        "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes],
        "before_played_again": [dataclasses.asdict(outcome) for outcome in first],
    }
    write_result("faults", figures, claims, output, quick=quick)


def _played(jobs: list[tuple[str, Case]], workers: int) -> list[Outcome]:
    """Play so many at once, each worker in a process of its own."""
    if not jobs:
        return []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(play, *zip(*jobs, strict=True)))


def _row(outcome: Outcome) -> list[str]:
    return [
        outcome.fault,
        outcome.sensor,
        str(outcome.sent),
        str(outcome.damaged),
        str(outcome.delivered),
        str(outcome.lost),
        str(outcome.wrong),
        f"{outcome.allowed:.0f}",
        f"{outcome.time_error_ms:.1f}",
        "" if outcome.recovery_s is None else f"{outcome.recovery_s:.2f}",
    ]


if __name__ == "__main__":
    main()
