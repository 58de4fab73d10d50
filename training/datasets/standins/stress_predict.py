"""Simulated people in Stress-Predict's format, with its oddities.

Tasks and rests have the real order and, unless they are shortened, about the real lengths. People
are drawn from `device.simulation.person`'s wrists, whose numbers were measured on the real files.
Person 1 has no labels; person 3's wrist loses contact for a while, which the file says by zeros;
tags are whole seconds for some people and fractions for others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from device.simulation.physiology import Person, simulate
from runtime.files import write_whole
from training.datasets.standins import mark
from training.datasets.standins.feelings import RESTING_AROUSAL, feel
from training.datasets.stress_predict import LABELS

RATE_HZ = 4.0
# Seconds before the first task, then task, rest, task, rest, task, rest: medians of the real ones.
_LENGTHS_S = (640, 360, 310, 600, 305, 125, 950)
# The first label comes some seconds after the recording's start.
_FIRST_LABEL_S = 9
_UNLABELLED, _LOSES_CONTACT = 1, 3
_START_UNIX_S = 1_644_227_574


def write(
    out: Path,
    people: int,
    seed: int,
    *,
    pace: float = 1.0,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Write `Raw_data/SNN/` for each person and the table of labels.

    Parameters
    ----------
    out : Path
        Folder.
    people : int
        How many; the real set has 35.
    seed : int
        The same seed gives the same files.
    pace : float
        How many times shorter than the real ones tasks and rests are.
    progress : callable
        Told of every person.
    """
    mark.mark(out)
    mark.mark(out / "Raw_data")
    rows = ["Participant,HR,respr,Time(sec),Label"]
    for number, sequence in enumerate(np.random.SeedSequence(seed).spawn(people), start=1):
        rng = np.random.default_rng(sequence)
        edges = draw_edges(rng, pace)
        start = _START_UNIX_S + 86_400 * number
        eda_us = draw_eda(rng, edges)
        # The first sample of an E4 is 0: the electrodes have not been read yet.
        eda_us[0] = 0.0
        if number == _LOSES_CONTACT:
            eda_us[eda_us.size // 2 :][:40] = 0.0
        folder = out / "Raw_data" / f"S{number:02d}"
        text = [f"{start}.000000", f"{RATE_HZ:.6f}", *(f"{value:.6f}" for value in eda_us)]
        write_whole(folder / "EDA.csv", ("\n".join(text) + "\n").encode())
        fraction = 0.03 if number % 2 else 0.0
        tags = [f"{start + edge + fraction:.2f}" if fraction else f"{start + edge}"
                for edge in edges[1:-1]]  # fmt: skip
        write_whole(folder / f"tags_S{number:02d}.csv", ("\n".join(tags) + "\n").encode())
        if number != _UNLABELLED:
            for second in range(_FIRST_LABEL_S, int(edges[-1])):
                task = int(np.searchsorted(edges, second, side="right") - 1) % 2
                rows.append(f"{number},75,14.5,{start + second},{task}")
        progress()
    write_whole(out / "Processed_data" / LABELS, ("\n".join(rows) + "\n").encode())


def draw_edges(rng: np.random.Generator, pace: float = 1.0) -> NDArray[np.int64]:
    """Return where what comes before the tasks, tasks and rests begin and end, seconds, (8,)."""
    seconds = np.round(np.array(_LENGTHS_S) * rng.uniform(0.9, 1.1, 7) / pace).astype(np.int64)
    return np.concatenate([[0], np.cumsum(seconds)])


def draw_eda(rng: np.random.Generator, edges: NDArray[np.int64], site: str = "wrist") -> FloatArray:
    """Return microsiemens (n,) at 4 Hz of somebody who is drawn, between edges of `draw_edges`."""
    felt = [RESTING_AROUSAL, *(feel(rng, part % 2 == 1) for part in range(1, 7))]

    def arousal(time_s: float) -> float:
        part = int(np.searchsorted(edges, time_s, side="right")) - 1
        return felt[min(max(part, 0), 6)]

    person = Person.draw(rng, site)
    seed = int(rng.integers(2**31))
    return simulate(person, float(edges[-1]), RATE_HZ, arousal=arousal, seed=seed).eda_us
