"""The detector of artefacts: fitted anew, and tested on recordings that it did not learn from.

python -m benchmarks.artefacts [--data PATH] [--quick] [--output DIR]

Learnt from ten hours whose 5 s epochs three experts called clean or artefact (Zhang, Haghdan and Xu
2017, the recordings of one walker; a git clone of its repository lies at PATH/eda-artifacts), and
from EEVR's 37 people at PATH/eevr as clean data. Each recording of the walker is tested by weights
that are fitted on the other ten; each sixth of EEVR's people by weights fitted on the other five.
The weights fitted on all are printed as `runtime.preprocessing.events.artefacts` holds them, and
the shares that the weights held there call artefact in other recordings are counted.

Which eight features, their span and the weight of EEVR (0.15 of the walker's clean half) were
chosen by these same figures, of some tens of choices that differ in the third digit.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from benchmarks.common.report import show_table, write_result
from device.calibration import BitalinoCalibration
from device.cli import RtcanCommand
from device.readers.columns import read_column
from device.readers.registry import open_recording
from device.samples import FloatArray, Samples
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.events import artefacts
from runtime.preprocessing.quality import ARTEFACT, assess
from runtime.preprocessing.resample import Resampler
from runtime.preprocessing.window import Window
from training.datasets import eevr, stress_predict

_CLEAN, _ARTEFACT = 1.0, 2.0
_EPOCH_S = 5
_WEIGHT_CLEAN = 0.15  # of all of EEVR, where clean and artefact of the walker have 1 each
_GROUPS = 6


@dataclass(frozen=True)
class Examples:
    """Features of 5 s each, float64 (n, 8), and which of them are artefacts, bool (n,)."""

    features: FloatArray
    artefact: NDArray[np.bool_]


@click.command(cls=RtcanCommand)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), default=Path("../shared/data")
)
@click.option("--quick", is_flag=True, help="Three recordings of each: shows that it runs.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(data: Path, quick: bool, output: Path | None) -> None:
    """Fit, test, and write benchmarks/results/artefacts.json."""
    figures, claims = measure(data, quick=quick)
    fitted = figures["fitted"]
    weights = ", ".join(f"{value:.3f}" for value in fitted["weights"])
    print(f"WEIGHTS = ({weights})\nINTERCEPT = {fitted['intercept']:.3f}")
    show_table(
        f"Experts' labels, each recording left out: balanced accuracy "
        f"{claims['artefact_ba']:.3f}, AUC {claims['artefact_auc']:.3f}",
        ["recording", "epochs", "artefacts", "AUC"],
        [
            [name, str(own["epochs"]), f"{own['artefacts']:.2f}", f"{own['auc']:.3f}"]
            for name, own in figures["recordings"].items()
        ],
    )
    show_table(
        "Called artefact in recordings without labels",
        ["recordings", "hours", "of the seconds", "live windows vetoed for it"],
        [
            [name, f"{own['hours']:.1f}", f"{own['seconds']:.1%}", f"{own['windows']:.1%}"]
            for name, own in figures["condemned"].items()
        ],
    )
    write_result("artefacts", figures, claims, output, quick=quick)


def measure(data: Path, *, quick: bool = False) -> tuple[dict[str, Any], dict[str, float | None]]:
    """Return all figures, and the claims `artefact_ba`, `artefact_auc` and `clean_condemned`."""
    most = 3 if quick else None
    walker = {path.name: _examples(path) for path in _labelled(data)[:most]}
    people = eevr_people(data, most)
    clean = [np.concatenate([_known(piece) for piece in pieces]) for pieces in people.values()]
    found = {}
    answers, truth = [], []
    for name, own in walker.items():
        others = [item for other, item in walker.items() if other != name]
        probability = _Fit(others, clean)(own.features)
        answers.append(probability)
        truth.append(own.artefact)
        found[name] = {
            "epochs": own.artefact.size,
            "artefacts": float(own.artefact.mean()),
            "auc": float(roc_auc_score(own.artefact, probability)),
        }
    probability, artefact = np.concatenate(answers), np.concatenate(truth)
    named = probability >= artefacts.THRESHOLD
    held_out = []
    for group in range(min(_GROUPS, len(clean))):
        fit = _Fit(list(walker.values()), [x for i, x in enumerate(clean) if i % _GROUPS != group])
        held_out += [fit(x) >= artefacts.THRESHOLD for x in clean[group::_GROUPS]]
    all_data = _Fit(list(walker.values()), clean)
    condemned = _condemned(data, people, most)
    clean_share = float(np.concatenate(held_out).mean())
    figures = {
        "fitted": {"weights": all_data.weights.tolist(), "intercept": all_data.intercept},
        "recordings": found,
        "sensitivity": float(named[artefact].mean()),
        "specificity": float(1.0 - named[~artefact].mean()),
        "eevr_held_out": clean_share,
        "condemned": condemned,
    }
    worst = max([clean_share, *(condemned[name]["seconds"] for name in LABORATORY)])
    claims: dict[str, float | None] = {
        "artefact_ba": float(balanced_accuracy_score(artefact, named)),
        "artefact_auc": float(roc_auc_score(artefact, probability)),
        "clean_condemned": worst,
    }
    return figures, claims


class _Fit:
    """A logistic regression whose weights are those of the features as they are."""

    def __init__(self, labelled: list[Examples], clean: list[FloatArray]) -> None:
        artefact = np.concatenate([item.artefact for item in labelled])
        rest = np.concatenate(clean)
        features = np.concatenate([*(item.features for item in labelled), rest])
        weights = np.concatenate(
            [
                np.where(artefact, 1.0 / artefact.sum(), 1.0 / (~artefact).sum()),
                np.full(len(rest), _WEIGHT_CLEAN / len(rest)),
            ]
        )
        scaler = StandardScaler().fit(features)
        model = LogisticRegression(max_iter=3000).fit(
            scaler.transform(features),
            np.concatenate([artefact, np.zeros(len(rest), dtype=bool)]),
            sample_weight=weights * len(weights) / weights.sum(),
        )
        self.weights = model.coef_[0] / scaler.scale_
        self.intercept = float(model.intercept_[0] - self.weights @ scaler.mean_)

    def __call__(self, features: FloatArray) -> FloatArray:
        score = features @ self.weights + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-score)))


def _labelled(data: Path) -> list[Path]:
    return sorted((data / "eda-artifacts" / "AlanWalksWales" / "Raw").glob("*_Epochs.csv"))


def read(path: Path) -> Samples:
    """Return a recording whole."""
    blocks = list(open_recording(path).blocks())
    return Samples(
        np.concatenate([block.time_s for block in blocks]),
        np.concatenate([block.eda_us for block in blocks]),
    )


def _examples(epochs: Path) -> Examples:
    """Return the epochs of a recording that two of three experts agree on, by their place."""
    samples = read(epochs.with_name(epochs.name.replace("_Epochs", "")))
    with epochs.open(newline="", encoding="utf-8") as file:
        labels = np.array(
            [
                [float(row[f"qualityLabel_Expert{i}"] or 0) for i in (1, 2, 3)]
                for row in csv.DictReader(file)
            ]
        )
    time_s, features = artefacts.slope_features(samples.time_s, samples.eda_us)
    middle = np.searchsorted(time_s, np.arange(len(labels)) * _EPOCH_S + _EPOCH_S // 2 - 0.5)
    within = middle < len(features)
    features, labels = features[middle[within]], labels[within]
    artefact = (labels == _ARTEFACT).sum(axis=1) >= 2
    use = artefact | ((labels == _CLEAN).sum(axis=1) >= 2)
    use &= np.isfinite(features).all(axis=1)
    return Examples(features[use], artefact[use])


def _known(samples: Samples) -> FloatArray:
    """Return the features of every fifth second that has them."""
    features = artefacts.slope_features(samples.time_s, samples.eda_us)[1][::_EPOCH_S]
    return features[np.isfinite(features).all(axis=1)]


def eevr_people(data: Path, most: int | None) -> dict[str, list[Samples]]:
    """Return EEVR's segments of each person."""
    people: dict[str, list[Samples]] = {}
    for item in eevr.load(data / "eevr" / "Data_files").recordings:
        people.setdefault(item.subject, []).append(item.samples)
    return dict(list(people.items())[:most])


LABORATORY = ("NeuroKit 100 Hz", "BioSPPy 1000 Hz", "FLIRT E4")


def _condemned(
    data: Path, people: dict[str, list[Samples]], most: int | None
) -> dict[str, dict[str, float]]:
    """Return the share of seconds and of live windows condemned by the weights in the code."""
    folder = data / "recordings"
    eda_us = read_column(folder / "neurokit_bio_100Hz.csv", "EDA")
    counts = np.loadtxt(folder / "biosppy_eda_1000Hz.txt")
    # 12 bits of a board of the BITalino's make.
    biosppy_us = BitalinoCalibration(bits=12).to_us(counts)
    clean_hours = [read(Path(str(path).replace("_Epochs", ""))) for path in _labelled(data)]
    wrists = stress_predict.load(data / "stress-predict").sessions or ()
    groups = {
        "EEVR": [samples for pieces in people.values() for samples in pieces],
        "NeuroKit 100 Hz": [Samples(np.arange(eda_us.size) / 100.0, eda_us)],
        "BioSPPy 1000 Hz": [Samples(np.arange(biosppy_us.size) / 1000.0, biosppy_us)],
        "FLIRT E4": [read(folder / "flirt_e4_EDA.csv")],
        "Stress-Predict": [session.samples for session in wrists][:most],
        "walker, all": clean_hours[:most],
    }
    return {name: _shares(recordings) for name, recordings in groups.items()}


def _shares(recordings: list[Samples]) -> dict[str, float]:
    contract = Contract(hop_s=15.0)
    total, context, none = contract.total_samples, contract.context_samples, np.empty(0)
    called: list[NDArray[np.bool_]] = []
    vetoed: list[bool] = []
    seconds = 0.0
    for samples in recordings:
        seconds += float(samples.time_s[-1] - samples.time_s[0])
        found = artefacts.artefact_probability(samples.time_s, samples.eda_us).probability
        called.append(found[~np.isnan(found)] >= artefacts.THRESHOLD)
        grid = Resampler(contract.rate_hz, contract.max_gap_s).push(samples.time_s, samples.eda_us)
        for first in range(0, grid.eda_us.size - total + 1, contract.hop_samples):
            eda_us = grid.eda_us[first : first + total]
            if grid.gap[first : first + total].any():
                continue
            window = Window(
                index=0,
                start_s=contract.context_s,
                end_s=contract.context_s + contract.window_s,
                input=None,
                eda_us=eda_us[context:],
                tonic_us=none,
                phasic_us=none,
                gap_share=0.0,
                reasons=(),
                context_us=eda_us[:context],
            )
            vetoed.append(ARTEFACT in assess(window, contract).vetoes)
    return {
        "hours": seconds / 3600.0,
        "seconds": float(np.concatenate(called).mean()),
        "windows": float(np.mean(vetoed)) if vetoed else 0.0,
    }


if __name__ == "__main__":
    main()
