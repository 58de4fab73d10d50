"""Simulated people in AMIGOS's format, with its oddities.

Loose, foldered and zipped files take turns; persons 8, 24 and 28 have no long videos; person 2 has
a stretch of NaN in a trial, person 3 a trial of nothing but NaN, person 4 an empty self-assessment.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from device.simulation.physiology import Person, simulate
from runtime.files import write_whole
from training.datasets.amigos import BASELINE_S, COLUMNS, GSR_COLUMN, RATE_HZ, VIDEOS
from training.datasets.standins import mark
from training.datasets.standins.feelings import RESTING_AROUSAL, course, feel, rate

_SHORT = 16
# The real ones last 51 to 150 s and 14 to 24 minutes; the long ones are made shorter here.
_SHORT_S, _LONG_S = (51, 150), (160, 200)
_WITHOUT_LONG = (8, 24, 28)
_VIDEO_IDS = (
    "10", "13", "138", "18", "19", "20", "23", "30", "31", "34", "36", "4", "5", "58", "80", "9",
    "N1", "P1", "B1", "U1",
)  # fmt: skip


def write(
    out: Path, people: int, seed: int, *, progress: Callable[[], None] = lambda: None
) -> None:
    """Write `Data_Preprocessed_PXX` for each person.

    Parameters
    ----------
    out : Path
        Folder.
    people : int
        How many; the real set has 40.
    seed : int
        The same seed gives the same files.
    progress : callable
        Told of every person.
    """
    mark.mark(out)
    root = np.random.SeedSequence(seed)
    lengths = np.random.default_rng(root)
    seconds = [
        int(lengths.integers(*(_SHORT_S if video < _SHORT else _LONG_S), endpoint=True))
        for video in range(VIDEOS)
    ]
    for number, sequence in enumerate(root.spawn(people), start=1):
        file = io.BytesIO()
        savemat(file, _person(number, sequence, seconds), do_compression=True)
        stem = f"Data_Preprocessed_P{number:02d}"
        if number % 3 == 0:
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
                zipped.writestr(f"{stem}/{stem}.mat", file.getvalue())
            write_whole(out / f"{stem}.zip", archive.getvalue())
        else:
            folder = out / stem if number % 3 == 2 else out
            write_whole(folder / f"{stem}.mat", file.getvalue())
        progress()


def _person(number: int, sequence: np.random.SeedSequence, seconds: list[int]) -> dict[str, Any]:
    person_seed, *trial_seeds = sequence.spawn(VIDEOS + 1)
    rng = np.random.default_rng(person_seed)
    who = Person.draw(rng)
    exciting = rng.permutation(np.arange(VIDEOS) % 2 == 1)
    pleasant = rng.permutation(np.arange(VIDEOS) % 2 == 1)
    cells: dict[str, Any] = {
        key: np.empty((1, VIDEOS), dtype=object)
        for key in ("joined_data", "labels_selfassessment", "labels_ext_annotation", "VideoIDs")
    }
    for video, trial_seed in enumerate(trial_seeds):
        arousal, valence = feel(rng, bool(exciting[video])), feel(rng, bool(pleasant[video]))
        samples = simulate(
            who,
            BASELINE_S + seconds[video],
            RATE_HZ,
            arousal=course(BASELINE_S, RESTING_AROUSAL, arousal),
            valence=course(BASELINE_S, 0.5, valence),
            seed=trial_seed,
        )
        trial = np.zeros((len(samples), COLUMNS))
        trial[:, GSR_COLUMN] = 1e6 / samples.eda_us
        rest = rng.uniform(1, 9, 3)
        labels = np.array([[rate(rng, arousal), rate(rng, valence), *rest, *rng.integers(0, 2, 7)]])
        missing = video >= _SHORT and number in _WITHOUT_LONG
        if number == 2 and video == 2:
            trial[2000:2500, GSR_COLUMN] = np.nan
        if number == 3 and video == 4:
            trial[:, GSR_COLUMN] = np.nan
        without_label = missing or (number == 4 and video == 6)
        cells["joined_data"][0, video] = np.empty((0, 0)) if missing else trial
        cells["labels_selfassessment"][0, video] = np.empty((1, 0)) if without_label else labels
        cells["labels_ext_annotation"][0, video] = np.empty((0, 0))
        cells["VideoIDs"][0, video] = _VIDEO_IDS[video]
    return cells
