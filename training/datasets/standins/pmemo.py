"""Simulated people in PMEmo's format, of 2019 or of 2018.

Each song is heard by ten people, who feel what the song has, give or take. Person 3 has bad
contact: values below zero, as in the real files. A few of the 6373 music features follow the song.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from device.samples import FloatArray
from device.simulation.physiology import Person, simulate
from runtime.files import write_whole
from training.datasets.pmemo import MUSIC_FEATURES, STEP_S
from training.datasets.standins import mark
from training.datasets.standins.feelings import feel, rate

_LISTENERS = 10
# Lines of a real file are 1410 (28 s) and more; three lengths that were seen.
_LINES = (1410, 1610, 2010)
_BAD_CONTACT = 2
# Of the music features, how many follow the song's arousal and how many its valence.
_TELLING = 40


def write(
    out: Path,
    people: int,
    songs: int,
    seed: int,
    *,
    by_subject: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Write the tree of 2019, or of 2018 with ratings by subject.

    Parameters
    ----------
    out : Path
        Folder.
    people, songs : int
        How many; the real set has 457 and 794.
    seed : int
        The same seed gives the same files.
    by_subject : bool
        Whether to write the tree of 2018.
    progress : callable
        Told of every song.
    """
    mark.mark(out)
    mark.mark(out / "EDA")
    people_seed, *song_seeds = np.random.SeedSequence(seed).spawn(songs + 1)
    rng = np.random.default_rng(people_seed)
    who = [Person.draw(rng) for _ in range(people)]
    ids = sorted(rng.choice(np.arange(100_000, 1_000_000), people, replace=False).tolist())
    heard = [rng.permutation(people)[: min(_LISTENERS, people)] for _ in range(songs)]
    exciting, pleasant = (rng.permutation(np.arange(songs) % 2 == 1) for _ in range(2))
    static, features = [], []
    for song, song_seed in enumerate(song_seeds, start=1):
        draw = np.random.default_rng(song_seed)
        arousal, valence = (
            feel(draw, bool(exciting[song - 1])),
            feel(draw, bool(pleasant[song - 1])),
        )
        lines = int(draw.choice(_LINES))
        listeners = sorted(int(i) for i in heard[song - 1])
        static.append([song, *(f"{v:.4f}" for v in (rate(draw, arousal, 0, 1),
                                                    rate(draw, valence, 0, 1)))])  # fmt: skip
        features.append([song, *(f"{v:.6e}" for v in _features(draw, arousal, valence))])
        if by_subject:
            for target, felt in (("Arousal", arousal), ("Valence", valence)):
                _song_2018(
                    out, song, target, felt, arousal, valence, lines, listeners, ids, who, draw
                )
        else:
            columns = [_signal(who[i], i, arousal, valence, lines, draw) for i in listeners]
            rows = zip(np.arange(lines) * STEP_S, *columns, strict=True)
            text = (",".join([f"{row[0]:.2f}", *(f"{v:.4f}" for v in row[1:])]) for row in rows)
            first = ",".join(["time(s)", *(str(ids[i]) for i in listeners)])
            _write_lines(out / "EDA" / f"{song}_EDA.csv", [first, *text])
        progress()
    _write_csv(out / "annotations" / "static_annotations.csv",
               [["musicId", "Arousal(mean)", "Valence(mean)"], *static])  # fmt: skip
    names = [f"feature_{i + 1}" for i in range(MUSIC_FEATURES)]
    _write_csv(out / "features" / "static_features.csv", [["musicId", *names], *features])
    header = ["musicId", "fileName", "title", "artist", "album", "duration",
              "chorus_start_time", "chorus_end_time"]  # fmt: skip
    tracks = [
        [n, f"{n}.mp3", f"Song {n}", "nobody", "none", 30, "00:00", "00:30"]
        for n in range(1, songs + 1)
    ]
    _write_csv(out / "metadata.csv", [header, *tracks])


def _song_2018(
    out: Path,
    song: int,
    target: str,
    felt: float,
    arousal: float,
    valence: float,
    lines: int,
    listeners: list[int],
    ids: list[int],
    who: list[Person],
    draw: np.random.Generator,
) -> None:
    letter = target[0]
    rated = []
    for i in listeners:
        eda_us = _signal(who[i], i, arousal, valence, lines, draw)
        rows = [f"{n * STEP_S:.2f},{value:.4f}" for n, value in enumerate(eda_us)]
        name = f"{song}_{ids[i]}_{letter}.csv"
        _write_lines(out / "EDA" / target / name, ["time(s),EDA(microsiemens)", *rows])
        mean = rate(draw, felt, 0, 1)
        ratings = np.clip(mean + draw.normal(0, 0.03, int(lines * STEP_S * 2)), 0, 1)
        rated.append([ids[i], *(f"{v:.3f}" for v in ratings)])
    _write_csv(out / "Annotations" / target / f"{song}-{letter}.csv", rated)


def _signal(
    person: Person,
    number: int,
    arousal: float,
    valence: float,
    lines: int,
    draw: np.random.Generator,
) -> FloatArray:
    """Return what one listener's electrodes gave, microsiemens (lines,)."""
    felt = float(np.clip(arousal + draw.normal(0, 0.1), 0, 1))
    samples = simulate(
        person,
        lines * STEP_S,
        1 / STEP_S,
        arousal=lambda _: felt,
        valence=lambda _: valence,
        seed=int(draw.integers(2**31)),
    )
    eda_us = samples.eda_us[:lines]
    return eda_us - 1.1 * person.level_us if number == _BAD_CONTACT else eda_us


def _features(draw: np.random.Generator, arousal: float, valence: float) -> FloatArray:
    values = draw.normal(0, 1, MUSIC_FEATURES)
    values[:_TELLING] += 2 * (arousal - 0.5)
    values[_TELLING : 2 * _TELLING] += 2 * (valence - 0.5)
    # openSMILE's features differ in scale by many orders of magnitude.
    return np.asarray(values * 10.0 ** (np.arange(MUSIC_FEATURES) % 7 - 3))


def _write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(path, text.getvalue().encode())


def _write_lines(path: Path, lines: list[str]) -> None:
    write_whole(path, ("\n".join(lines) + "\n").encode())
