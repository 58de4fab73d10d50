"""What labels add for people who were held out, by every way of adapting: `benchmarks.personal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.common import minutes
from benchmarks.common.gains import RESAMPLES, change_text
from benchmarks.common.minutes import Candidate, Labelling
from benchmarks.common.report import show_table
from benchmarks.common.sitting import Person
from benchmarks.common.strangers import INNER_FOLDS, Stranger, learn
from device.samples import FloatArray
from runtime.inference.prior import Prior
from training.fitting.differences import Answers

# Priors are learnt on windows so many hops apart: a minute, so that none overlaps another.
_APART = 6


def hold_out(
    group: Sequence[int],
    people: Sequence[Person],
    names: tuple[str, ...],
    labelling: Labelling = minutes.MINUTES,
) -> list[dict[str, Any]]:
    """Return what is known of some people from all others and their own labels.

    Parameters
    ----------
    group : sequence of int
        Places of the people who are held out.
    people : sequence of Person
        All of them.
    names : tuple of str
        Of the features.
    labelling : Labelling
        What adapts and what tests.
    """
    others = [person for n, person in enumerate(people) if n not in group]
    stranger = learn(others)
    learnt = minutes.priors([_thin(one) for one in stranger.answers], names)
    chosen = minutes.choose(_inner_changes(stranger, others, names, labelling))
    return [
        _held_out(people[n], stranger, learnt, chosen, labelling)
        | {"chosen": chosen, "prior": learnt[minutes.CANDIDATES[-1]]}
        for n in group
    ]


def _held_out(
    person: Person,
    stranger: Stranger,
    learnt: Mapping[Candidate, Prior],
    chosen: Candidate,
    labelling: Labelling,
) -> dict[str, Any]:
    own = person.whole
    answers = Answers(own.end_s, stranger.model(own.x), own.x, own.truth)
    parts, ks = labelling.divide(answers, own.segment), labelling.labels
    truth = own.truth[parts.test]
    names = next(iter(learnt.values())).features

    def figures(margins: Iterable[FloatArray]) -> list[tuple[float, float]]:
        return [minutes.figures(truth, margin) for margin in margins]

    def by(prior: Prior) -> list[tuple[float, float]]:
        return figures(minutes.adapted(answers, parts, k, prior) for k in ks)

    ways = {"stranger": figures(answers.margin[parts.test] for _ in ks)}
    tried = {str(one): by(prior) for one, prior in learnt.items()}
    ways["adapted"] = tried.get(str(chosen), ways["stranger"])
    ways["threshold alone"] = by(minutes.threshold_prior(names))
    ways["person alone"] = figures(minutes.alone(answers, parts, k) for k in ks)
    ways["personal prior"] = figures(np.zeros(truth.size) for _ in ks)
    nothing = [np.empty(0)]
    starts = {
        way: np.concatenate([stranger.model(s.seen[way].x) for s in person.starts] or nothing)
        for way in (person.starts[0].seen if person.starts else ())
    }
    return {"ways": ways | tried, "starts": starts}


def _inner_changes(
    stranger: Stranger, others: Sequence[Person], names: tuple[str, ...], labelling: Labelling
) -> dict[Candidate, FloatArray]:
    """Return by how much each candidate changes the other people, by priors of yet others."""
    changes: dict[Candidate, list[list[float]]] = {one: [] for one in minutes.CANDIDATES}
    for fold in range(INNER_FOLDS):
        rest = [_thin(stranger.answers[m]) for m in np.flatnonzero(stranger.fold != fold)]
        learnt = minutes.priors(rest, names)
        for m in np.flatnonzero(stranger.fold == fold).tolist():
            own = stranger.answers[m]
            parts = labelling.divide(own, others[m].whole.segment)
            truth = own.truth[parts.test]
            if np.unique(truth).size < 2:
                continue
            before = minutes.accuracy(truth, own.margin[parts.test])
            for one, prior in learnt.items():
                after = [
                    minutes.accuracy(truth, minutes.adapted(own, parts, k, prior))
                    for k in (2, labelling.labels[-1])
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


def changes(
    held_out: Sequence[dict[str, Any]], title: str, labelling: Labelling = minutes.MINUTES
) -> dict[str, Any]:
    """Return by way and number of labels: balanced accuracy, AUC, change, who was harmed; show it.

    Parameters
    ----------
    held_out : sequence of dict
        Of `hold_out`, one a person.
    title : str
        Of the table.
    labelling : Labelling
        What adapted and what tested; people of whom one class alone tests are left out.
    """
    # Of who shows one class alone, nothing is balanced: a threshold would learn their rating style.
    held_out = [own for own in held_out if np.isfinite(own["ways"]["stranger"][0][1])]
    draws = np.random.default_rng(0).integers(0, len(held_out), (RESAMPLES, len(held_out)))
    before = np.array([own["ways"]["stranger"][0][0] for own in held_out])
    out: dict[str, Any] = {}
    for way in held_out[0]["ways"]:
        out[way] = {}
        for place, k in enumerate(labelling.labels):
            accuracy, area = np.array([own["ways"][way][place] for own in held_out]).T
            change = accuracy - before
            out[way][str(k)] = {
                "balanced_accuracy": float(accuracy.mean()),
                "auc_within": float(np.nanmean(area)),
                "change": float(change.mean()),
                "change_95": np.percentile(change[draws].mean(axis=1), [2.5, 97.5]).tolist(),
                "harmed": float((change < -minutes.HARMED).mean()),
            }
    some = labelling.labels[1:]
    most = str(some[-1])
    show_table(
        title,
        ["answer by", *(f"k = {k}" for k in some), f"change at {most} [95 %]", "harmed"],
        [
            [
                way.replace("evidence ", "×"),
                *(f"{own[str(k)]['balanced_accuracy']:.3f}" for k in some),
                change_text(own[most]["change"], own[most]["change_95"]),
                f"{own[most]['harmed']:.0%}",
            ]
            for way, own in out.items()
        ],
    )
    return out
