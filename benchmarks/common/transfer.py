"""What a model says of people and sensors that it never saw: EEVR, and a walker's labelled hours.

For a model that learnt from Stress-Predict (a file of `export.onnx`, or a checkpoint):

- EEVR: a rating of arousal above 3 against 3 or less, 37 people and another sensor;
- the hours of Zhang, Haghdan and Xu 2017 (doi:10.1145/3123021.3123063): one walker with an
  Affectiva Q on the wrist, eleven recordings, each of walking or of resting (eating, a pub, a
  newspaper). Only windows of which two of three experts call nine tenths of the 5 s epochs clean,
  as the contract lets a tenth of a window be missing. "High" is walking, which is no mental task:
  what is asked is whether the body's work is taken for one.

Nothing is fitted on them for the model. The controls beside it learn from the other people, or the
other recordings, of the same data: `training.measures.controls`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.readers.registry import open_recording
from device.samples import FloatArray, Samples
from export import graph
from runtime.inference.classifier import Classifier
from training.datasets.recordings import Dataset
from training.datasets.registry import Source, load
from training.datasets.sessions import Segment, Session
from training.fitting.combine import Combination
from training.fitting.settings import Settings
from training.folds.assembly import Assembled
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Plan, Split
from training.labels.annotation import Annotation, annotate
from training.measures import controls
from training.network import checkpoint
from training.network.model import NetworkConfig
from training.windows.cut import Windows, cut, usable

WALKING, RESTING = "walking", "resting"
_EPOCH_S = 5.0
_CLEAN, _EXPERTS = 1.0, (1, 2, 3)
_LEAST_CLEAN = 0.9
_STRIDE_S = 10.0


def opened(model: Path) -> Classifier:
    """Return a model, exported here if it is a checkpoint."""
    if model.suffix != ".pt":
        return Classifier(model)
    stored = checkpoint.load(model)
    return Classifier(graph.build(graph.Graph(dict(stored.networks), stored.contract),
                                  stored.contract))  # fmt: skip


def hours(root: Path, most: int | None = None) -> tuple[Dataset, dict[str, NDArray[np.bool_]]]:
    """Read the walker's recordings.

    Parameters
    ----------
    root : Path
        A clone of the paper's repository, with AlanWalksWales/Raw.
    most : int or None
        How many of each kind; None for all.

    Returns
    -------
    Dataset
        A recording is its own subject, by which intervals are drawn; high is walking.
    dict of str to bool (epochs,)
        By recording: whether two of three experts call the 5 s from each place clean.

    Raises
    ------
    DatasetError
        If there is none.
    """
    folder = root / "AlanWalksWales" / "Raw"
    tables = sorted(folder.glob("*_Epochs.csv"))
    if not tables:
        raise DatasetError(f"There is no *_Epochs.csv in {folder}; a clone of the repository of "
                           "Zhang, Haghdan and Xu 2017 was expected")  # fmt: skip
    sessions, clean, left = [], {}, {WALKING: most, RESTING: most}
    for table in tables:
        name = table.stem.removesuffix("_Epochs")
        kind = WALKING if "walk" in name else RESTING
        room = left[kind]
        if room is not None:
            if not room:
                continue
            left[kind] = room - 1
        samples = _samples(table.with_name(f"{name}.csv"))
        end_s = float(samples.time_s[-1])
        segment = Segment(kind, 0.0, end_s, classes={"arousal": int(kind == WALKING)})
        sessions.append(Session(name, name, samples, (segment,)))
        clean[name] = _clean(table)
    recordings = [recording for session in sessions for recording in session.recordings()]
    data = Dataset(
        "walker",
        "one walker's hours",
        recordings,
        (0.0, 1.0),
        class_rule="walking is high, resting is low",
        sessions=tuple(sessions),
    )
    return data, clean


def of_hours(model: Classifier, root: Path, most: int | None = None) -> dict[str, Any]:
    """Return the figures, controls and each recording's mean answer of the clean windows.

    Parameters
    ----------
    model : Classifier
        Has the target arousal.
    root, most
        See `hours`.
    """
    data, clean = hours(root, most)
    made = annotate(data, "midpoint")
    windows = cut(data, model.contract, _STRIDE_S)
    kept = _within(data, windows, clean, model.contract.window_s)
    told = {"windows": int((~windows.short).sum()), "clean": int(kept.sum())}
    data, windows, left = usable(data, _only(windows, kept))
    found = figures(model, data, windows, made.of(left))
    return {**told, **found}


def of_eevr(model: Classifier, root: Path) -> dict[str, Any]:
    """Return the figures and controls on EEVR's people; root is its Data_files."""
    data = load(Source(name="eevr", root=root))
    made = annotate(data, "fixed:3")
    windows = cut(data, model.contract, _STRIDE_S)
    data, windows, left = usable(data, _only(windows, ~windows.short))
    return figures(model, data, windows, made.of(left))


def figures(model: Classifier, data: Dataset, windows: Windows, made: Annotation) -> dict[str, Any]:
    """Return what stands under "windows" in metrics.json, and the mean answer of each subject.

    Parameters
    ----------
    model : Classifier
        Whose arousal is tested.
    data, windows, made
        What it is tested on, by its own contract.
    """
    truth = made.classes["arousal"]
    index = np.flatnonzero(truth[windows.recording] >= 0)
    own = windows.features[index].astype(np.float32) if model.contract.features else None
    answers = model(windows.inputs[index], features=own)["arousal"][:, 1].astype(np.float64)
    high = np.clip(answers, 1e-12, 1 - 1e-12)
    margin = np.log(high) - np.log1p(-high)
    problem = Problem(
        data=data, windows=windows, annotation=made, targets=("arousal",),
        config=NetworkConfig(), settings=Settings(), plan=Plan(leave_one_out=True),
    )  # fmt: skip
    subjects = np.array(problem.subjects)
    folds, outcomes = [], []
    for name in np.unique(subjects[windows.recording[index]]):
        mine = subjects[windows.recording[index]] == name
        others = np.flatnonzero((subjects != name) & (truth >= 0)).astype(np.int64)
        test = np.flatnonzero((subjects == name) & (truth >= 0)).astype(np.int64)
        folds.append(Split(str(name), others, np.empty(0, dtype=np.int64), test))
        outcomes.append(_said(str(name), index[mine], margin[mine]))
    found = controls.windows(problem, "arousal", folds, outcomes)
    # The model's paths cannot be told apart in its file; the regression is one learnt here.
    found["models"].pop("network_alone")
    found.pop("network_adds", None)
    if "regression_alone" in found["models"]:
        found["models"]["regression_learnt_here"] = found["models"].pop("regression_alone")
    found["subjects"] = {
        fold.name: {
            "high": float(truth[fold.test].mean()),
            "windows": len(one.window),
            "mean_probability": float(one.probability.mean()),
            "called_high": float((one.probability >= 0.5).mean()),
        }
        for fold, one in zip(folds, outcomes, strict=True)
    }
    return found


def _said(name: str, window: NDArray[np.int64], margin: FloatArray) -> Assembled:
    logits = np.stack([-margin / 2, margin / 2], axis=1)
    return Assembled("arousal", name, window, logits, margin, None, Combination(), None, [], [],
                     MusicScale())  # fmt: skip


def _samples(path: Path) -> Samples:
    """Return a recording, its time from 0."""
    blocks = list(open_recording(path).blocks())
    time_s = np.concatenate([block.time_s for block in blocks])
    return Samples(time_s - time_s[0], np.concatenate([block.eda_us for block in blocks]))


def _clean(path: Path) -> NDArray[np.bool_]:
    with path.open(newline="", encoding="utf-8") as lines:
        called = [
            [float(row[f"qualityLabel_Expert{n}"] or 0) for n in _EXPERTS]
            for row in csv.DictReader(lines)
        ]
    return np.asarray((np.array(called) == _CLEAN).sum(axis=1) >= 2)


def _within(
    data: Dataset, windows: Windows, clean: dict[str, NDArray[np.bool_]], window_s: float
) -> NDArray[np.bool_]:
    """Return which windows of all the past are clean, bool (n,)."""
    return np.array(
        [
            not short and _mostly(clean[data.recordings[r].subject], start_s, window_s)
            for r, start_s, short in zip(
                windows.recording, windows.time_s, windows.short, strict=True
            )
        ]
    )


def _mostly(clean: Sequence[bool] | NDArray[np.bool_], start_s: float, long_s: float) -> bool:
    first, last = int(start_s // _EPOCH_S), int(np.ceil((start_s + long_s) / _EPOCH_S))
    return last <= len(clean) and bool(np.mean(clean[first:last]) >= _LEAST_CLEAN)


def _only(windows: Windows, kept: NDArray[np.bool_]) -> Windows:
    names = ("inputs", "features", "recording", "time_s", "past_s", "short")
    return replace(windows, **{name: getattr(windows, name)[kept] for name in names})
