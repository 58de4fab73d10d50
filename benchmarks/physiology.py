"""Simulated people beside real ones: levels, responses, drift, noise and artefacts.

python -m benchmarks.physiology --data-root STRESS-PREDICT [--eevr FOLDER] [--people 34] [--quick]

The same measures (`benchmarks.common.skin`) of the 34 labelled people of Stress-Predict (Empatica
E4 at the wrist; Iqbal et al. 2022, doi:10.3390/s22218135) and of simulated people of each site,
whose arousal is high in tasks and low in rests of the real lengths; with --eevr also of EEVR
(fingers; rest is the baseline, the videos are the tasks). And how well the package's model, which
learnt tasks against rest on Stress-Predict, tells the simulated people's tasks from their rests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import click
import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.common.report import show_table, write_result
from benchmarks.common.skin import Measures, Sitting, measure
from device.cli import RtcanCommand
from device.samples import Samples
from device.simulation.person import SITES
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL
from runtime.preprocessing.windows import Preprocessor
from training.datasets.registry import Source, load
from training.datasets.standins.stress_predict import RATE_HZ, draw_eda, draw_edges

NAMES = tuple(field.name for field in fields(Measures))
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_SEED, _OTHER_SEED = 5, 77
# The model is asked so often, and about so many people of each site.
_HOP_S, _ASKED = 10.0, 10


@click.command(cls=RtcanCommand)
@click.option("--data-root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--eevr", type=click.Path(path_type=Path, exists=True), help="EEVR's Data_files.")
@click.option(
    "--people",
    type=click.IntRange(min=5),
    default=34,
    show_default=True,
    help="How many are simulated for each site.",
)
@click.option("--quick", is_flag=True, help="5 people of each: shows that it runs.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(data_root: Path, eevr: Path | None, people: int, quick: bool, output: Path | None) -> None:
    """Measure both, and write benchmarks/results/physiology.json."""
    people, real = (5, 5) if quick else (people, None)
    groups = {"Stress-Predict": stress_predict(data_root, real)}
    groups |= {f"simulated {site}": simulated(site, people) for site in reversed(SITES)}
    if eevr is not None:
        groups["EEVR"] = _eevr(eevr, real)
    found = {name: [measure(sitting) for sitting in own] for name, own in groups.items()}
    told = {site: told_apart(site, 2 if quick else _ASKED) for site in SITES}
    table = {name: quantiles(own) for name, own in found.items()}
    show_table(
        "Median [10 %, 90 %] of people",
        ["measure", *table],
        [[name, *(_shown(own[name]) for own in table.values())] for name in NAMES],
    )
    show_table(
        "Task against rest of simulated people, by the package's model",
        ["site", "windows", "AUC", "AUC within a person"],
        [
            [site, str(own["windows"]), f"{own['auc']:.3f}", f"{own['auc_within']:.3f}"]
            for site, own in told.items()
        ],
    )
    found_in, wrist = table["Stress-Predict"], table["simulated wrist"]
    inside = [name for name in NAMES if found_in[name][0] <= wrist[name][2] <= found_in[name][-1]]
    write_result(
        "physiology",
        {
            "quantiles": _QUANTILES,
            "people": {name: len(own) for name, own in found.items()},
            "measures": table,
            "told_apart": told,
        },
        {
            "wrist_medians_within_real_80": len(inside) / len(NAMES),
            **{f"auc_{site}": own["auc"] for site, own in told.items()},
            **{f"auc_within_{site}": own["auc_within"] for site, own in told.items()},
            **{
                f"{name}_ratio": wrist[name][2] / found_in[name][2]
                for name in ("level_us", "rest_per_min", "task_per_min", "scr_us", "noise_us")
            },
        },
        output,
        quick=quick,
    )


def quantiles(people: list[Measures]) -> dict[str, list[float]]:
    """Return the 10, 25, 50, 75 and 90 % quantiles of every measure over people."""
    return {
        name: np.nanquantile([getattr(person, name) for person in people], _QUANTILES).tolist()
        for name in NAMES
    }


def simulated(site: str, people: int, *, seed: int = _SEED, pace: float = 1.0) -> Iterator[Sitting]:
    """Yield sittings of simulated people, with tasks and rests as in Stress-Predict.

    Parameters
    ----------
    site : str
        "finger" or "wrist".
    people, seed : int
        How many, and which.
    pace : float
        How many times shorter than the real ones tasks and rests are.
    """
    for sequence in np.random.SeedSequence(seed).spawn(people):
        rng = np.random.default_rng(sequence)
        edges = draw_edges(rng, pace)
        eda_us = draw_eda(rng, edges, site)
        spans = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
        samples = Samples(np.arange(eda_us.size) / RATE_HZ, eda_us)
        yield Sitting(samples, RATE_HZ, rests=spans[2::2], tasks=spans[1::2])


def told_apart(site: str, people: int) -> dict[str, float]:
    """Return how well the package's model tells simulated people's tasks from rests.

    The figures of people whom the numbers of a site were not measured on: another seed.
    """
    classifier = Classifier(SHIPPED_MODEL)
    contract = replace(classifier.contract, hop_s=_HOP_S)
    truth, answers, who = [], [], []
    for number, sitting in enumerate(simulated(site, people, seed=_OTHER_SEED)):
        for window in Preprocessor(contract).push(sitting.samples.time_s, sitting.samples.eda_us):
            task, rest = (
                any(start <= window.start_s and window.end_s <= stop for start, stop in spans)
                for spans in (sitting.tasks, sitting.rests)
            )
            if window.input is None or window.features is None or not (task or rest):
                continue
            answer = classifier(window.input[None], features=window.features[None])["arousal"]
            truth.append(task)
            answers.append(float(answer[0, 1]))
            who.append(number)
    y, p, g = np.array(truth), np.array(answers), np.array(who)
    each = [roc_auc_score(y[g == n], p[g == n]) for n in np.unique(g)]
    return {
        "windows": y.size,
        "auc": float(roc_auc_score(y, p)),
        "auc_within": float(np.mean(each)),
        "balanced_accuracy": float((np.mean(p[y] > 0.5) + np.mean(p[~y] <= 0.5)) / 2),
    }


def stress_predict(root: Path, people: int | None) -> Iterator[Sitting]:
    """Yield the real sittings."""
    data = load(Source(name="stress-predict", root=root))
    for session in (data.sessions or ())[:people]:
        spans: tuple[list[tuple[float, float]], ...] = ([], [])
        for segment in session.segments:
            if "arousal" in segment.classes:
                spans[segment.classes["arousal"]].append((segment.start_s, segment.stop_s))
        yield Sitting(session.samples, RATE_HZ, rests=spans[0], tasks=spans[1])


def _eevr(root: Path, people: int | None) -> Iterator[Sitting]:
    data = load(Source(name="eevr", root=root))
    for session in (data.sessions or ())[:people]:
        spans = [(segment.start_s, segment.stop_s) for segment in session.segments]
        rate_hz = 1.0 / float(np.median(np.diff(session.samples.time_s)))
        yield Sitting(session.samples, rate_hz, rests=spans[:1], tasks=spans[1:])


def _shown(values: list[float]) -> str:
    low, *_, high = values
    return f"{values[2]:.3g} [{low:.2g}, {high:.2g}]"


if __name__ == "__main__":
    main()
