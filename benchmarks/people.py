"""What the answer says about real people: Stress-Predict, each person held out.

python -m benchmarks.people --data-root PATH [--eevr-root PATH] [--artefacts-root PATH] [--quick]

Windows of 60 s every 10 s after the first task began, each wholly within a task or a rest. Our
form, in the person's own running units (networks averaged, a linear path on plain features, weights
and bias fitted on training people), and the published input (each window z-scored, a network alone)
are learnt on the same folds of people. Beside them: each path alone and the controls of
`training.measures.controls`.

Nothing is chosen on test people: the epoch, the penalty of the linear path, the weights of the
paths and the bias come from inner folds of the training people. What was fixed beforehand: the list
of features (from the literature; of shapes of a window the first list that was tried, on these
people, so it is not independent of them), the span of the reference (25 minutes, the middle of a
plateau on these people too), and the network's width.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from benchmarks.common import transfer
from benchmarks.common.hour import draw
from benchmarks.common.report import interleaved, show_table, write_result
from device.cli import RtcanCommand
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from export import graph as graphs
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.quality import assess
from runtime.preprocessing.windows import Preprocessor
from training import run
from training.datasets.registry import Source, load
from training.network.model import RTCAN, NetworkConfig
from training.network.wide_and_deep import WideAndDeep
from training.presets import personal

_WIDTH = 16
_ROWS = (
    ("in personal units", "personal", "rtcan"),
    ("regression alone", "personal", "regression_alone"),
    ("networks alone", "personal", "network_alone"),
    ("published input", "published", "rtcan"),
    ("clock alone", "personal", "clock_alone"),
    ("one answer per person", "personal", "one_answer_per_person"),
    ("personal prior", "personal", "personal_prior"),
    ("stimulus prior", "personal", "stimulus_prior"),
)


@click.command(cls=RtcanCommand)
@click.option("--data-root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--ensemble", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--folds", type=click.IntRange(min=2), help="Groups of people [default: each alone].")
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--quick", is_flag=True, help="3 groups, 2 epochs, one network: shows that it runs.")
@click.option("--eevr-root", type=click.Path(path_type=Path, exists=True), help="Tested on too.")
@click.option("--artefacts-root", type=click.Path(path_type=Path, exists=True), help="Likewise.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw a held-out hour here.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(
    data_root: Path,
    ensemble: int,
    folds: int | None,
    epochs: int,
    quick: bool,
    eevr_root: Path | None,
    artefacts_root: Path | None,
    picture: Path | None,
    output: Path | None,
) -> None:
    """Learn and test both forms, and write benchmarks/results/people.json."""
    if quick:
        ensemble, folds, epochs = 1, 3, 2
    common = ["--dataset", "stress-predict", "--data-root", str(data_root)]
    common += ["--width", str(_WIDTH), "--epochs", str(epochs)]
    common += ["--loso"] if folds is None else ["--folds", str(folds)]
    with TemporaryDirectory() as folder:
        found = {
            name: _figures([*common, *own, "--output", str(Path(folder) / name)])
            for name, own in (
                ("personal", ["--ensemble", str(ensemble)]),
                ("published", ["--normalisation", "zscore", "--ensemble", "1"]),
            )
        }
        learnt = transfer.opened(Path(folder) / "personal" / "best.pt")
        elsewhere = {
            name: test(learnt, root)
            for name, root, test in (
                ("eevr", eevr_root, transfer.of_eevr),
                ("walking", artefacts_root, transfer.of_hours),
            )
            if root is not None
        }
        person = draw(Path(folder) / "personal" / "windows.csv", picture) if picture else None
    update = _update_ms(ensemble)
    shares = {name: _shares(data_root, name) for name in ("personal", "zscore")}
    figures: dict[str, Any] = {
        "protocol": "each person held out" if folds is None else f"{folds} groups of people",
        "ensemble": ensemble,
        "width": _WIDTH,
        "epochs": epochs,
        "quick": quick,
        "person_in_the_picture": person,
        **found,
        "windows": shares,
        "update_ms": update,
        "learnt_here_tested_elsewhere": elsewhere,
    }
    rows = []
    for name, form, model in _ROWS:
        own = found[form]["models"][model]
        rows.append(
            [
                name,
                *(
                    _shown(own, key)
                    for key in ("balanced_accuracy", "auc", "auc_within", "auc_neighbours")
                ),
            ]
        )
    show_table(
        f"Stress-Predict, {figures['protocol']}: task against rest",
        ["answer by", "balanced accuracy", "AUC", "AUC within a person", "AUC of neighbours"],
        rows,
    )
    pasts = found["personal"]["by_minutes_of_past"]
    show_table(
        "By minutes of past before the window",
        ["minutes", "windows", "balanced accuracy [95 %]", "AUC [95 %]"],
        [
            [minutes, str(own["n"]), *(_shown(own, key) for key in ("balanced_accuracy", "auc"))]
            for minutes, own in pasts.items()
        ],
    )
    own = found["personal"]["models"]
    claims = {
        "balanced_accuracy": own["rtcan"]["balanced_accuracy"],
        "auc": own["rtcan"]["auc"],
        "auc_within": own["rtcan"]["auc_within"],
        "auc_neighbours": own["rtcan"]["auc_neighbours"],
        "auc_published": found["published"]["models"]["rtcan"]["auc"],
        "auc_regression": own["regression_alone"]["auc"],
        "auc_deep_alone": own["network_alone"]["auc"],
        "auc_clock": own["clock_alone"]["auc"],
        "ece": found["personal"]["calibration_error_balanced"],
        "ece_natural": found["personal"]["calibration_error"],
        "well_posed_share": shares["personal"]["well_posed"],
        "well_posed_share_zscored": shares["zscore"]["well_posed"],
        "answered_share": shares["personal"]["answered"],
        "auc_3_minutes": pasts["3"]["auc"],
        "balanced_accuracy_3_minutes": pasts["3"]["balanced_accuracy"],
        "update_ms_ratio": update["personal"] / update["published"],
    }
    write_result("people", figures, claims, output)


def _figures(arguments: list[str]) -> dict[str, Any]:
    """Return the figures per window of a run of `training.run`."""
    run.main(arguments, standalone_mode=False)
    folder = Path(arguments[arguments.index("--output") + 1])
    told = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = told["targets"]["arousal"]["windows"]
    return found | {"settings": told["settings"]}


def _update_ms(ensemble: int, updates: int = 300) -> dict[str, float]:
    """Return the median time of a live update, ms: two targets in both forms, in turn.

    The published input has one full-size network a target; ours as many small ones as an ensemble
    has, the plain features and the linear path.
    """
    made = {
        "published": ({}, 1, NetworkConfig(input_length=500)),
        "personal": (personal(), ensemble, NetworkConfig(input_length=500, width=_WIDTH)),
    }
    samples = simulate(
        Person(), 200.0 + updates, 4.0, arousal=lambda t: 0.5 + 0.5 * np.sin(t / 30), seed=1
    )
    pipelines = {}
    for name, (keys, members, config) in made.items():
        contract = Contract(input_length=500, **keys)
        wide = len(contract.features)
        networks = {
            target.name: WideAndDeep([RTCAN(config) for _ in range(members)], wide)
            for target in contract.targets
        }
        graph = graphs.Graph(networks, contract).eval()
        pipelines[name] = Pipeline(Classifier(graphs.build(graph, contract)))
        pipelines[name].push(Samples(samples.time_s[:760], samples.eda_us[:760]))

    def push(name: str) -> Callable[[int], None]:
        def one(k: int) -> None:
            own = slice(760 + 4 * k, 764 + 4 * k)
            update = pipelines[name].push(Samples(samples.time_s[own], samples.eda_us[own]))
            assert update[0].window.input is not None

        return one

    took = interleaved({name: push(name) for name in pipelines}, updates)
    return {name: float(1e3 * np.median(seconds)) for name, seconds in took.items()}


def _shares(root: Path, normalisation: str) -> dict[str, Any]:
    """Return which share of the windows with good contact is well posed, and is answered live.

    Every tenth window is taken: those of a training stride.
    """
    contract = Contract(input_length=500, **(personal() if normalisation == "personal" else {}))
    posed, answered = [], []
    data = load(Source(name="stress-predict", root=root))
    for session in data.sessions or ():
        samples = session.samples
        for window in Preprocessor(contract).push(samples.time_s, samples.eda_us):
            contact = not np.isnan(window.eda_us).any() and window.gap_share == 0
            if window.index % 10 or not contact or window.reference_left_s > 0:
                continue
            posed.append(window.well_posed and window.input is not None)
            answered.append(assess(window, contract).sufficient)
    return {
        "windows": len(posed),
        "well_posed": float(np.mean(posed)),
        "answered": float(np.mean(answered)),
    }


def _shown(figures: dict[str, Any], key: str) -> str:
    value, interval = figures[key], figures[f"{key}_95"]
    if value is None or interval is None:
        return "-"
    return f"{value:.3f} [{interval[0]:.2f}, {interval[1]:.2f}]"


if __name__ == "__main__":
    main()
