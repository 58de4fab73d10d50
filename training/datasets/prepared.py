"""Folders that the published code made for itself: channels that are already decomposed.

- DEAP, AMIGOS: `img/{tonic,phasic,origin}/<subject>_<video>.txt`, a JSON list of floats each (DEAP
  8064 long, of which the first 384 are rest; AMIGOS 10000), classes in `label_all_annotation.csv`
  (DEAP: subject 0, video 1, valence 6, arousal 7) or `label_all.csv` (AMIGOS: subject 0, video 1,
  arousal 2, valence 3).
- PMEmo: `txt/{Arousal,Valence}/{origin,tonic,phasic}/<song>_<subject>_{A,V}.txt` (2500 floats),
  `value_all.csv`, `static_feature/<song>.txt` (JSON, 6373 floats).

How these channels were computed cannot be seen from them, so no live stream can be brought into
the same form: models of them are marked as not for live use.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import Samples
from runtime.preprocessing.contract import CHANNELS
from training.datasets.pmemo import MUSIC_FEATURES
from training.datasets.pmemo_labels import Classes, read_classes
from training.datasets.recordings import TARGETS, Dataset, Recording
from training.datasets.signals.checks import signal_fault

_DEAP_BASELINE = 384
NOTE = (
    "Prepared folder of the published code: the channels were decomposed by somebody else, so no "
    "model of them can run live."
)


def load(name: str, root: Path, music: bool = False) -> Dataset:
    """Read a prepared folder of deap, amigos or pmemo.

    Raises
    ------
    DatasetError
        Naming the file at fault.
    """
    skipped: Counter[str] = Counter()
    features: Mapping[str, NDArray[np.float32]] = {}
    if name == "pmemo":
        classes = read_classes(root / "value_all.csv", subject=0, item=1, arousal=2, valence=3)
        recordings = []
        for target in TARGETS:
            folder, letter = root / "txt" / target.capitalize(), target[0].upper()
            recordings += _pmemo(folder, letter, target, classes, skipped)
        features = _music(root, {r.stimulus for r in recordings}) if music else {}
    else:
        deap = name == "deap"
        columns = {"arousal": 7, "valence": 6} if deap else {"arousal": 2, "valence": 3}
        table = root / ("label_all_annotation.csv" if deap else "label_all.csv")
        classes = read_classes(table, subject=0, item=1, **columns)
        recordings = _videos(root / "img", _DEAP_BASELINE if deap else 0, classes, skipped)
    if not recordings:
        raise DatasetError(f"No prepared trial under {root} can be used: {dict(skipped)}")
    people = len({recording.subject for recording in recordings})
    trained_on = f"{name.upper()} ({people} people), prepared by the published code"
    return Dataset(name, trained_on, recordings, (0.0, 1.0), skipped, (NOTE,), music=features)


def _videos(folder: Path, drop: int, classes: Classes, skipped: Counter[str]) -> list[Recording]:
    recordings = []
    for path in sorted((folder / "origin").glob("*_*.txt")):
        subject, _, video = path.stem.partition("_")
        label = classes.get((_plain(subject), _plain(video)))
        channels = {channel: _numbers(folder / channel / path.name)[drop:] for channel in CHANNELS}
        recording = _recording(subject, video, channels, label, TARGETS, skipped)
        if recording is not None:
            recordings.append(recording)
    return recordings


def _pmemo(
    folder: Path, letter: str, target: str, classes: Classes, skipped: Counter[str]
) -> list[Recording]:
    recordings = []
    for path in sorted((folder / "origin").glob(f"*_*_{letter}.txt")):
        song, subject = path.stem.removesuffix(f"_{letter}").split("_")[:2]
        label = classes.get((_plain(subject), _plain(song)))
        channels = {channel: _numbers(folder / channel / path.name) for channel in CHANNELS}
        recording = _recording(subject, song, channels, label, (target,), skipped)
        if recording is not None:
            recordings.append(recording)
    return recordings


def _recording(
    subject: str,
    stimulus: str,
    channels: dict[str, NDArray[np.float32]],
    label: Mapping[str, int] | None,
    targets: tuple[str, ...],
    skipped: Counter[str],
) -> Recording | None:
    faults = [signal_fault(values.astype(np.float64)) for values in channels.values()]
    sizes = {values.size for values in channels.values()}
    fault = next((fault for fault in faults if fault is not None), None)
    if fault is None and any(np.isnan(values).any() for values in channels.values()):
        fault = "signal holds NaN"
    if fault is None and len(sizes) > 1:
        fault = "channels differ in length"
    if fault is None and label is None:
        fault = "no label"
    if fault is not None or label is None:
        skipped[str(fault)] += 1
        return None
    return Recording(
        subject, stimulus, Samples.empty(), {}, classes=label, targets=targets, channels=channels
    )


def _plain(number: str) -> str:
    """Return "7" for "07" and "s07": tables and file names differ in this."""
    digits = number.lstrip("sSpP")
    return str(int(digits)) if digits.isdigit() else number


def _numbers(path: Path) -> NDArray[np.float32]:
    """Read a JSON list of floats, or floats apart by blanks, commas or lines."""
    if not path.is_file():
        raise DatasetError(f"There is no {path}, whose sisters of the other channels are there")
    text = path.read_text(encoding="utf-8").strip()
    try:
        values = json.loads(text) if text.startswith("[") else text.replace(",", " ").split()
        numbers = np.asarray(values, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise DatasetError(f"{path} is damaged: {error}; a list of numbers was expected") from error
    if numbers.ndim != 1 or numbers.size < 2:
        raise DatasetError(f"{path} holds {numbers.shape} numbers; one list of them was expected")
    return numbers


def _music(root: Path, songs: set[str]) -> dict[str, NDArray[np.float32]]:
    features = {}
    for song in songs:
        values = _numbers(root / "static_feature" / f"{song}.txt")
        if values.size != MUSIC_FEATURES:
            raise DatasetError(
                f"static_feature/{song}.txt holds {values.size} numbers; {MUSIC_FEATURES} were "
                "expected"
            )
        features[song] = values
    return features
