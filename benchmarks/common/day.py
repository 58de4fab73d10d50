"""How long a day takes to analyse, and how long NeuroKit2 takes for the like."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common.known import FIRST_SEED, simulate_known
from benchmarks.peers.neurokit import neurokit2
from device.samples import FloatArray
from runtime.analysis.measures.analyse import analyse
from runtime.analysis.measures.analysis import Analysis

_TRIES = 3


def a_day(hours: float, rate_hz: float = 4.0) -> FloatArray:
    """Return a long simulated recording with noise of 2 nS."""
    known = simulate_known(FIRST_SEED + 1, round(hours * 3600), rate_hz)
    noise = np.random.default_rng(0).normal(0.0, 0.002, known.eda_us.size)
    return np.asarray(known.eda_us + noise)


def _ours(eda_us: FloatArray, threads: int) -> Analysis:
    found = analyse(eda_us, 4.0, threads=threads)
    found.features()
    return found


def measure_speed(hours: float, stretches_s: tuple[float, ...]) -> dict[str, Any]:
    """Time a long recording, and NeuroKit2 on its first stretches."""
    eda_us = a_day(hours)
    _ours(eda_us[: 4 * 900], 1)  # imports
    _neurokit_s(eda_us[: 4 * 300])
    ours: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    theirs: dict[float, list[tuple[float, float]]] = {length_s: [] for length_s in stretches_s}
    # One core is one core: threads of the linear algebra wait for each other with full power, which
    # is processor time too.
    with threadpool_limits(1):
        for _ in range(_TRIES):
            for threads, times in ours.items():
                began, cpu = time.perf_counter(), time.process_time()
                found = _ours(eda_us, threads)
                times.append((time.perf_counter() - began, time.process_time() - cpu))
            for length_s, own in theirs.items():
                own.append(_neurokit_s(eda_us[: round(length_s * 4)]))
    (wall_s, cpu_s), (two_s, _) = np.min(ours[1], axis=0), np.min(ours[2], axis=0)
    least = {length_s: np.min(own, axis=0) for length_s, own in theirs.items()}
    longest_s = max(stretches_s)
    whole_s, lean_s = least[longest_s] * hours * 3600 / longest_s
    return {
        "hours": hours,
        "responses": len(found.responses),
        "ours_cpu_s": float(cpu_s),
        "ours_one_thread_s": float(wall_s),
        "ours_two_threads_s": float(two_s),
        "neurokit2_stretch_s": longest_s,
        "neurokit2_cpu_s": float(whole_s),
        "neurokit2_lean_cpu_s": float(lean_s),
        "neurokit2_by_stretch": [
            {
                "stretch_s": length_s,
                "hour_s": float(own[0] * 3600 / length_s),
                "lean_hour_s": float(own[1] * 3600 / length_s),
            }
            for length_s, own in least.items()
        ],
    }


def _neurokit_s(eda_us: FloatArray) -> tuple[float, float]:
    """Return seconds of processor time of NeuroKit2 for the like, with its features and without."""
    peer = neurokit2()

    first = range(0, eda_us.size - 240 + 1, 40)
    began = time.process_time()
    signals, _ = peer.eda_process(eda_us, 4, method_phasic="cvxeda")
    epochs = peer.epochs_create(
        signals, events=np.array(first), sampling_rate=4, epochs_start=0, epochs_end=59.75
    )
    peer.eda_intervalrelated(epochs, 4)
    whole_s = time.process_time() - began
    began = time.process_time()
    parts = peer.eda_phasic(eda_us, 4, method="cvxeda")
    peer.eda_peaks(parts["EDA_Phasic"].to_numpy(), 4)
    tonic = parts["EDA_Tonic"].to_numpy()
    for place in first:
        tonic[place : place + 240].mean()
        np.polyfit(np.arange(240.0), tonic[place : place + 240], 1)
    return whole_s, time.process_time() - began
