"""EEVR: skin conductance of 37 people under eight VR videos, with their ratings.

Singh et al., "EEVR: A Dataset of Paired Physiological Signals and Textual Descriptions for Joint
Emotion Representation Learning", NeurIPS 2024 Datasets and Benchmarks; open, in its authors' git
repository. Read as published: `Stimuli_EDA.zip` (or the CSV in it) and `EDA_labels.csv`.

Facts of these files: Time is in minutes and rounded, so that stamps repeat; the true step is
0.128 s (7.8125 Hz); segments follow each other within a second or within minutes. An EDA of exactly
0 is the authors' filler for a value out of range: a gap.
Video_ID_number is a place in one of four playlists, not a video: the 16 videos have names, and each
is in two lists, at different places.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from training.datasets.parsers.tables import number_rows
from training.datasets.recordings import Dataset, Recording
from training.datasets.sessions import Segment, Session

STEP_S = 0.128
HOW_TO_GET = (
    "EEVR is open: clone its repository (github.com/alchemy18/EEVR) and give the path of its "
    "Data_files folder with --data-root."
)
_SHORTEST_S = 10.0
_MOST_FILLER = 0.2


def load(root: Path) -> Dataset:
    """Read the eight video segments of every person; the baseline segment is left out.

    A recording's stimulus is the video's name. Recordings of a person stand in the order of the
    sitting.

    Parameters
    ----------
    root : Path
        The repository's `Data_files` folder.

    Raises
    ------
    DatasetError
        Naming what is missing or damaged, and how to get it.
    """
    ratings = _read_ratings(root / "EDA_labels.csv")
    segments: dict[tuple[str, str], list[float]] = defaultdict(list)
    begins_s: dict[tuple[str, str], float] = {}
    videos: dict[tuple[str, str], str] = {}
    columns = ("EDA", "Time", "Participant ID", "Video_ID_number")
    with _signal_file(root) as lines:
        for value, minutes, subject, place, name in number_rows(
            lines, "Stimuli_EDA.csv", columns, ("VideoName",)
        ):
            begins_s.setdefault((subject, place), 60.0 * float(minutes))
            segments[subject, place].append(float(value))
            if videos.setdefault((subject, place), name) != name:
                raise DatasetError(
                    f"Stimuli_EDA.csv: participant {subject}, video {place} is called "
                    f"{videos[subject, place]!r} and {name!r}; one video was expected"
                )
    signals = {key: _without_filler(values) for key, values in segments.items()}
    recordings = []
    skipped: Counter[str] = Counter()
    for (subject, place), eda_us in sorted(signals.items(), key=lambda item: _order(item[0])):
        if place == "0":
            skipped["baseline, not a stimulus"] += 1
            continue
        if (subject, place) not in ratings:
            skipped["no ratings"] += 1
            continue
        if eda_us.size * STEP_S < _SHORTEST_S:
            skipped[f"shorter than {_SHORTEST_S:g} s"] += 1
            continue
        if np.isnan(eda_us).mean() > _MOST_FILLER:
            skipped[f"more than {_MOST_FILLER:.0%} out of range"] += 1
            continue
        recordings.append(
            Recording(
                subject=subject,
                stimulus=videos[subject, place],
                samples=Samples(np.arange(eda_us.size, dtype=np.float64) * STEP_S, eda_us),
                ratings=ratings[subject, place],
                session=subject,
            )
        )
    if not recordings:
        raise DatasetError(f"{root} holds no EEVR segment with ratings")
    return Dataset(
        "eevr",
        "EEVR (37 people, VR videos)",
        recordings,
        (1.0, 5.0),
        skipped,
        sessions=_sessions(signals, begins_s, videos),
    )


def _without_filler(values: list[float]) -> FloatArray:
    eda_us: FloatArray = np.asarray(values, dtype=np.float64)
    eda_us[eda_us == 0] = np.nan
    return eda_us


def _sessions(
    signals: dict[tuple[str, str], FloatArray],
    begins_s: dict[tuple[str, str], float],
    videos: dict[tuple[str, str], str],
) -> tuple[Session, ...]:
    """Return each person's sitting, baseline included, in the order of the rows.

    A segment begins at its first stamp, or right after the one before it where that is later:
    stamps are rounded, and one person's go back.
    """
    sessions = []
    for subject in dict.fromkeys(subject for subject, _ in signals):
        times, values, segments, end_s = [], [], [], 0.0
        for key in (key for key in signals if key[0] == subject):
            eda_us = signals[key]
            start_s = max(begins_s[key], end_s)
            end_s = start_s + eda_us.size * STEP_S
            times.append(start_s + np.arange(eda_us.size) * STEP_S)
            values.append(eda_us)
            segments.append(Segment(videos[key], start_s, end_s))
        samples = Samples(np.concatenate(times), np.concatenate(values))
        sessions.append(Session(subject, subject, samples, tuple(segments)))
    return tuple(sessions)


def _order(key: tuple[str, str]) -> tuple[int, int]:
    return int(key[0]), int(key[1])


def _read_ratings(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    if not path.is_file():
        raise DatasetError(f"There is no {path}. {HOW_TO_GET}")
    columns = ("Participant ID", "Video_ID_number", "Arousal", "Valence")
    ratings = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for subject, video, arousal, valence in number_rows(lines, path.name, columns):
            values = {"arousal": float(arousal), "valence": float(valence)}
            if not all(1 <= value <= 5 for value in values.values()):
                raise DatasetError(
                    f"{path.name}: participant {subject}, video {video} has ratings {values}; "
                    "1 to 5 was expected"
                )
            ratings[subject, video] = values
    return ratings


@contextmanager
def _signal_file(root: Path) -> Iterator[Iterable[str]]:
    plain, zipped = root / "Stimuli_EDA.csv", root / "Stimuli_EDA.zip"
    if plain.is_file():
        with plain.open(newline="", encoding="utf-8") as lines:
            yield lines
        return
    if not zipped.is_file():
        raise DatasetError(
            f"There is neither {plain.name} nor {zipped.name} in {root}. {HOW_TO_GET}"
        )
    try:
        with zipfile.ZipFile(zipped) as archive, archive.open("Stimuli_EDA.csv") as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8", newline="")
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise DatasetError(
            f"{zipped} is damaged or not EEVR's ({error}). Clone the repository again."
        ) from error
