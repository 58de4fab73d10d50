"""Simulated people in DEAP's format.

The pickle is written opcode by opcode as Python 2 wrote the real one (protocol 2, byte strings,
numpy's old module names): a pickle of Python 3 would not show whether the reader copes.
"""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from device.simulation.physiology import Person, simulate
from runtime.files import whole_file, write_whole
from training.datasets.deap import BASELINE_S, GSR_CHANNEL, RATE_HZ, SHAPE
from training.datasets.standins import mark
from training.datasets.standins.feelings import RESTING_AROUSAL, course, feel, rate

_VIDEO_S = 60.0
# Of Python's files, and of MATLAB's.
_FOLDER = ("data_preprocessed_python", "data_preprocessed_matlab")
_RATINGS_HEADER = (
    "Participant_id", "Trial", "Experiment_id", "Start_time", "Valence", "Arousal", "Dominance",
    "Liking", "Familiarity",
)  # fmt: skip


def write(
    out: Path,
    people: int,
    seed: int,
    *,
    matlab: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Write `data_preprocessed_python/sNN.dat` (or the MATLAB folder) and participant_ratings.csv.

    Parameters
    ----------
    out : Path
        Folder.
    people : int
        How many; the real set has 32.
    seed : int
        The same seed gives the same files.
    matlab : bool
        Whether to write sNN.mat instead.
    progress : callable
        Told of every person.
    """
    mark.mark(out)
    mark.mark(out / _FOLDER[matlab])
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\r\n")
    rows.writerow(_RATINGS_HEADER)
    sequences = np.random.SeedSequence(seed).spawn(people)
    # Writing 103 MB takes as long as simulating it: the disk works while the next person is made.
    with ThreadPoolExecutor(1) as disk:
        pending = []
        for number, sequence in enumerate(sequences, start=1):
            data, labels = person(sequence, mean_removed=number % 3 == 0)
            for trial, row in enumerate(labels, start=1):
                rows.writerow([number, trial, trial, 0, *(f"{v:.2f}" for v in row), 3])
            pending.append(disk.submit(_save, out, number, data, labels, matlab))
            if len(pending) > 1:
                pending.pop(0).result()
            progress()
        for job in pending:
            job.result()
    write_whole(out / "participant_ratings.csv", table.getvalue().encode())


def person(
    sequence: np.random.SeedSequence, *, mean_removed: bool
) -> tuple[FloatArray, FloatArray]:
    """Simulate one person: `data` float64 (40, 40, 8064) and `labels` float64 (40, 4).

    The GSR channel is a resistance in ohms, with its mean removed where asked; the other channels
    are zero.
    """
    person_seed, *trial_seeds = sequence.spawn(SHAPE[0] + 1)
    rng = np.random.default_rng(person_seed)
    who = Person.draw(rng)
    exciting = rng.permutation(np.arange(SHAPE[0]) % 2 == 1)
    pleasant = rng.permutation(np.arange(SHAPE[0]) % 2 == 1)
    data = np.zeros(SHAPE)
    labels = np.empty((SHAPE[0], 4))
    for trial, trial_seed in enumerate(trial_seeds):
        arousal, valence = feel(rng, bool(exciting[trial])), feel(rng, bool(pleasant[trial]))
        samples = simulate(
            who,
            BASELINE_S + _VIDEO_S,
            RATE_HZ,
            arousal=course(BASELINE_S, RESTING_AROUSAL, arousal),
            valence=course(BASELINE_S, 0.5, valence),
            seed=trial_seed,
        )
        ohm = 1e6 / samples.eda_us
        data[trial, GSR_CHANNEL] = ohm - ohm.mean() if mean_removed else ohm
        ratings = rate(rng, valence), rate(rng, arousal), rng.uniform(1, 9), rate(rng, valence)
        labels[trial] = np.round(ratings, 2)
    return data, labels


def _save(out: Path, number: int, data: FloatArray, labels: FloatArray, matlab: bool) -> None:
    if matlab:
        from scipy.io import savemat

        with whole_file(out / _FOLDER[True] / f"s{number:02d}.mat") as file:
            savemat(file, {"data": data, "labels": labels}, do_compression=True)
        return
    with whole_file(out / _FOLDER[False] / f"s{number:02d}.dat") as file:
        write_python2_pickle(file, {"labels": labels, "data": data})


def write_python2_pickle(file: BinaryIO, arrays: dict[str, NDArray[np.float64]]) -> None:
    """Write a dictionary of float64 arrays as Python 2's `cPickle.dump(d, file, 2)` did."""
    file.write(b"\x80\x02}(")  # protocol 2, empty dictionary, mark
    for name, array in arrays.items():
        file.write(_string(name.encode()))
        # What numpy calls to rebuild an array: its type, an empty shape, bytes.
        file.write(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n")
        file.write(_integer(0) + b"\x85" + _string(b"b") + b"\x87R")
        # Its state: version 1, shape, type, whether in Fortran order, and the bytes.
        file.write(b"(" + _integer(1) + b"(" + b"".join(map(_integer, array.shape)) + b"t")
        file.write(b"cnumpy\ndtype\n" + _string(b"f8") + _integer(0) + _integer(1) + b"\x87R")
        file.write(b"(" + _integer(3) + _string(b"<") + b"NNN" + 2 * b"J\xff\xff\xff\xff")
        file.write(_integer(0) + b"tb\x89")
        raw = np.ascontiguousarray(array, dtype="<f8")
        file.write(b"T" + struct.pack("<i", raw.nbytes))
        file.write(raw.data)
        file.write(b"tb")
    file.write(b"u.")


def _string(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def _integer(value: int) -> bytes:
    return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)
