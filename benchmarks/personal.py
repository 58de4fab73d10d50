"""What knowing a person is worth: a profile, and a few labelled minutes. Stress-Predict.

python -m benchmarks.personal --data-root PATH [--folds N] [--quick] [--output DIR]

Each person is held out in turn (`--folds`: groups of people); the stranger's model is the linear
path on plain features, learnt on all the others (the network adds nothing to it on these people,
see `benchmarks.people`). Intervals are 95 %, by a paired bootstrap over people.

*Profile.* The application begins anywhere in the later half of a sitting, every two minutes: cold,
or with the reference saved from the first half. Compared are the same windows, those of the first
five minutes that the cold start answers; pooled over all people, and within each person.

*Labels.* The first task and rest adapt (k labelled minutes), all that follows tests. The kind of
directions, the length of a block and how much it counts are chosen on inner folds of the other
people, and so is whether to adapt at all: what harms more than a tenth of them is not taken.

The reference is updated every ten seconds here, live every second, which saves nine tenths of the
decompositions.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common import minutes
from benchmarks.common.gains import RESAMPLES, change_text, profile_gain
from benchmarks.common.minutes import LABELS, Candidate
from benchmarks.common.report import show_table, write_result
from benchmarks.common.sitting import Person, follow
from benchmarks.common.strangers import INNER_FOLDS, Stranger, learn
from device.samples import FloatArray
from runtime.inference.adaptation import Adaptation
from runtime.inference.prior import Prior
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.reference import EARLIER_SITTINGS_S
from training.compute.workers import Workers, cores, in_order
from training.datasets.stress_predict import sessions
from training.fitting.differences import Answers
from training.presets import personal

_HOP_S = 10.0
_WAYS = {"thinned": EARLIER_SITTINGS_S, "whole": math.inf}
# Priors are learnt on windows so many hops apart: a minute, so that none overlaps another.
_APART = 6
# Labels by which a way of adapting is chosen.
_CHOSEN_BY = (2, LABELS[-1])
_GAIN = 0.03
_MOST_LOSS = -0.005


@click.command()
@click.option("--data-root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--folds", type=click.IntRange(min=2), help="Groups of people [default: each alone].")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes [default: one a core].")
@click.option("--quick", is_flag=True, help="Eight people: shows that it runs.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(
    data_root: Path, folds: int | None, jobs: int | None, quick: bool, output: Path | None
) -> None:
    """Measure both, and write benchmarks/results/personal.json."""
    contract = Contract(input_length=500, **personal() | {"hop_s": _HOP_S})
    found, _ = sessions(data_root)
    found = found[:8] if quick else found
    workers = Workers(jobs)
    people: list[Person] = in_order(
        workers.run(follow, [(session, contract, _WAYS) for session in found]), _silent
    )
    report(people, contract.features, folds or len(people), workers, quick, output)


def report(
    people: Sequence[Person],
    names: tuple[str, ...],
    folds: int,
    workers: Workers,
    quick: bool,
    output: Path | None,
) -> None:
    """Measure what followed sittings say, show it and write it."""
    groups = np.array_split(np.random.default_rng(1).permutation(len(people)), folds)
    answered = in_order(
        workers.run(hold_out, [(group.tolist(), people, names) for group in groups]), _silent
    )
    # Back in the order of the people.
    flat = [own for group in answered for own in group]
    held_out = [flat[place] for place in np.argsort(np.concatenate(groups))]
    profile = profile_gain(people, [own["starts"] for own in held_out])
    labels = _labels(held_out)
    update_ms = _update_ms(held_out[0]["prior"])
    most = labels["adapted"][str(LABELS[-1])]
    gains = most["change"] >= _GAIN and most["change_95"][0] > 0
    harmless = most["harmed"] <= minutes.MOST_HARMED
    claims = {
        "profile_gain": profile["thinned"]["pooled_gain"],
        "profile_gain_low": profile["thinned"]["pooled_gain_95"][0],
        "profile_gain_within": profile["thinned"]["within_gain"],
        "profile_gain_within_low": profile["thinned"]["within_gain_95"][0],
        "first_answer_s": profile["thinned"]["wait_s"],
        "first_answer_cold_s": profile["cold"]["wait_s"],
        "label_gain": most["change"],
        "label_gain_low": most["change_95"][0],
        "share_harmed": most["harmed"],
        "labels_harmless": float(harmless and most["change"] >= _MOST_LOSS),
        "adapts_by_default": float(gains and harmless),
        "update_ms": update_ms,
    }
    figures = {
        "people": len(people),
        "protocol": "each person held out" if folds == len(people) else f"{folds} groups",
        "hop_s": _HOP_S,
        "earlier_sittings_s": EARLIER_SITTINGS_S,
        "profile": profile,
        "labels": labels,
        "chosen": dict(Counter(str(own["chosen"]) for own in held_out)),
    }
    write_result("personal", figures, claims, output, threads=cores(), quick=quick)


def hold_out(
    group: Sequence[int], people: Sequence[Person], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return what is known of some people from all others and their own labels."""
    others = [person for n, person in enumerate(people) if n not in group]
    stranger = learn(others)
    learnt = minutes.priors([_thin(one) for one in stranger.answers], names)
    chosen = minutes.choose(_inner_changes(stranger, others, names))
    return [
        _held_out(people[n], stranger, learnt, chosen)
        | {"chosen": chosen, "prior": learnt[minutes.CANDIDATES[-1]]}
        for n in group
    ]


def _held_out(
    person: Person, stranger: Stranger, learnt: Mapping[Candidate, Prior], chosen: Candidate
) -> dict[str, Any]:
    own = person.whole
    answers = Answers(own.end_s, stranger.model(own.x), own.x, own.truth)
    parts = minutes.divide(answers, own.segment)
    truth = own.truth[parts.test]
    names = next(iter(learnt.values())).features

    def figures(margins: Iterable[FloatArray]) -> list[tuple[float, float]]:
        return [minutes.figures(truth, margin) for margin in margins]

    def by(prior: Prior) -> list[tuple[float, float]]:
        return figures(minutes.adapted(answers, parts, k, prior) for k in LABELS)

    ways = {"stranger": figures(answers.margin[parts.test] for _ in LABELS)}
    tried = {str(one): by(prior) for one, prior in learnt.items()}
    ways["adapted"] = tried.get(str(chosen), ways["stranger"])
    ways["threshold alone"] = by(minutes.threshold_prior(names))
    ways["person alone"] = figures(minutes.alone(answers, parts, k) for k in LABELS)
    ways["personal prior"] = figures(np.zeros(truth.size) for _ in LABELS)
    nothing = [np.empty(0)]
    starts = {
        way: np.concatenate([stranger.model(s.seen[way].x) for s in person.starts] or nothing)
        for way in ("cold", *_WAYS)
    }
    return {"ways": ways | tried, "starts": starts}


def _inner_changes(
    stranger: Stranger, others: Sequence[Person], names: tuple[str, ...]
) -> dict[Candidate, FloatArray]:
    """Return by how much each candidate changes the other people, by priors of yet others."""
    changes: dict[Candidate, list[list[float]]] = {one: [] for one in minutes.CANDIDATES}
    for fold in range(INNER_FOLDS):
        rest = [_thin(stranger.answers[m]) for m in np.flatnonzero(stranger.fold != fold)]
        learnt = minutes.priors(rest, names)
        for m in np.flatnonzero(stranger.fold == fold).tolist():
            own = stranger.answers[m]
            parts = minutes.divide(own, others[m].whole.segment)
            truth = own.truth[parts.test]
            before = minutes.accuracy(truth, own.margin[parts.test])
            for one, prior in learnt.items():
                after = [
                    minutes.accuracy(truth, minutes.adapted(own, parts, k, prior))
                    for k in _CHOSEN_BY
                ]
                changes[one].append([value - before for value in after])
    return {one: np.array(rows) for one, rows in changes.items()}


def _thin(answers: Answers) -> Answers:
    return Answers(
        answers.time_s[::_APART],
        answers.margin[::_APART],
        answers.features[::_APART],
        answers.truth[::_APART],
    )


def _labels(held_out: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return by way and number of labels: balanced accuracy, AUC, change and who was harmed."""
    draws = np.random.default_rng(0).integers(0, len(held_out), (RESAMPLES, len(held_out)))
    before = np.array([own["ways"]["stranger"][0][0] for own in held_out])
    out: dict[str, Any] = {}
    for way in held_out[0]["ways"]:
        out[way] = {}
        for place, k in enumerate(LABELS):
            accuracy, area = np.array([own["ways"][way][place] for own in held_out]).T
            change = accuracy - before
            out[way][str(k)] = {
                "balanced_accuracy": float(accuracy.mean()),
                "auc_within": float(np.nanmean(area)),
                "change": float(change.mean()),
                "change_95": np.percentile(change[draws].mean(axis=1), [2.5, 97.5]).tolist(),
                "harmed": float((change < -minutes.HARMED).mean()),
            }
    show_table(
        "Labelled minutes of the first task and rest; what follows tests",
        ["answer by", *(f"{k} labels" for k in LABELS), "change at 8 [95 %]", "harmed"],
        [
            [
                way,
                *(f"{own[str(k)]['balanced_accuracy']:.3f}" for k in LABELS),
                change_text(own["8"]["change"], own["8"]["change_95"]),
                f"{own['8']['harmed']:.0%}",
            ]
            for way, own in out.items()
        ],
    )
    return out


def _update_ms(prior: Prior) -> float:
    """Return the median processor time of a label and the answer after it at 500 labels, ms."""
    rng = np.random.default_rng(0)
    adaptation = Adaptation(replace(prior, evidence=1.0))
    took = []
    for n in range(520):
        features = rng.normal(size=len(prior.features))
        began = time.process_time()
        adaptation.label(60.0 * n, bool(rng.random() < 0.5), float(rng.normal()), features)
        adaptation.margin(0.0, features)
        took.append(1e3 * (time.process_time() - began))
    return float(np.median(took[500:]))


def _silent(_: int) -> None:
    pass


if __name__ == "__main__":
    main()
