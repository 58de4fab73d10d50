"""What knowing a person is worth: a profile, and a few labelled minutes. Stress-Predict.

python -m benchmarks.personal --data-root PATH [--eevr-root PATH] [--folds N] [--quick]

Each person is held out in turn (`--folds`: groups of people); the stranger's model is the linear
path on plain features, learnt on all the others (the network adds nothing to it on these people,
see `benchmarks.people`). Intervals are 95 %, by a paired bootstrap over people.

*Profile.* The application begins anywhere in the later half of a sitting, every two minutes: cold,
or with the reference saved from the first half. Compared are the same windows, those of the first
five minutes that the cold start answers; pooled over all people, and within each person.

*Labels.* The first task and rest adapt (k labelled minutes), all that follows tests. The kind of
directions, the length of a block and how much it counts are chosen on inner folds of the other
people, and so is whether to adapt at all: what harms more than a tenth of them is not taken.

*Rated videos.* The same on EEVR with a rating of arousal above 3 against 3 or less: k of the first
four videos adapt, the other four test; models and priors of EEVR's other people, of whom ten
groups are held out in turn.

*Simulated people* whose bias is known: how often its interval holds it, see
`benchmarks.common.known_bias`.

The reference is updated every ten seconds here, live every second, which saves nine tenths of the
decompositions.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common import known_bias, labelled, minutes, videos
from benchmarks.common.gains import profile_gain
from benchmarks.common.minutes import LABELS, Labelling
from benchmarks.common.report import write_result
from benchmarks.common.sitting import Person, follow
from device.cli import RtcanCommand
from runtime.inference.adaptation import Adaptation
from runtime.inference.prior import Prior
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.reference import EARLIER_SITTINGS_S
from training.compute.workers import Workers, cores, in_order
from training.datasets.sessions import Session
from training.datasets.stress_predict import sessions
from training.presets import personal

_HOP_S = 10.0
_WAYS = {"thinned": EARLIER_SITTINGS_S, "whole": math.inf}
_GAIN = 0.03
_VIEWER_GROUPS = 10
_QUICK_PEOPLE = 20
_MOST_LOSS = -0.005


@click.command(cls=RtcanCommand)
@click.option("--data-root", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--eevr-root", type=click.Path(path_type=Path, exists=True), help="Rated videos.")
@click.option("--folds", type=click.IntRange(min=2), help="Groups of people [default: each alone].")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes [default: one a core].")
@click.option("--quick", is_flag=True, help="Eight people: shows that it runs.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(
    data_root: Path,
    eevr_root: Path | None,
    folds: int | None,
    jobs: int | None,
    quick: bool,
    output: Path | None,
) -> None:
    """Measure both, and write benchmarks/results/personal.json."""
    contract = Contract(input_length=500, **personal() | {"hop_s": _HOP_S})
    found, _ = sessions(data_root)
    found = found[:8] if quick else found
    workers = Workers(jobs)
    people = _followed(found, contract, _WAYS, workers)
    viewers = None
    if eevr_root is not None:
        rated = videos.sessions(eevr_root)
        viewers = videos.complete(_followed(rated[:8] if quick else rated, contract, {}, workers))
    report(people, contract.features, folds, workers, quick, output, viewers)


def _followed(
    found: Sequence[Session], contract: Contract, ways: dict[str, float], workers: Workers
) -> list[Person]:
    return in_order(workers.run(follow, [(one, contract, ways) for one in found]), _silent)


def report(
    people: Sequence[Person],
    names: tuple[str, ...],
    folds: int | None,
    workers: Workers,
    quick: bool,
    output: Path | None,
    viewers: Sequence[Person] | None = None,
) -> None:
    """Measure what followed sittings say, show it and write it.

    Parameters
    ----------
    people : sequence of Person
        Of Stress-Predict.
    names : tuple of str
        Of the features.
    folds : int or None
        Groups of people; None for each alone.
    workers : Workers
        That compute.
    quick : bool
        Whether some people are left out.
    output : Path or None
        Folder of the result.
    viewers : sequence of Person or None
        Of EEVR, with the class of every video.
    """
    held_out = _held_out(people, names, folds, workers, minutes.MINUTES)
    profile = profile_gain(people, [own["starts"] for own in held_out])
    labels = labelled.changes(held_out, "Labelled minutes of the first task and rest; later tests")
    rated = None
    if viewers is not None:
        groups = folds or min(_VIEWER_GROUPS, len(viewers))
        held = _held_out(viewers, names, groups, workers, minutes.VIDEOS)
        title = "EEVR: the first videos rated; the last four test"
        rated = {"people": len(viewers), "protocol": f"{groups} groups of people"}
        rated["tested"] = int(sum(np.isfinite(own["ways"]["stranger"][0][1]) for own in held))
        rated |= labelled.changes(held, title, minutes.VIDEOS)
    bias = known_bias.recovered(_QUICK_PEOPLE if quick else known_bias.PEOPLE)
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
        "known_bias_covered": next(iter(bias.values()))["covered"],
    }
    figures = {
        "people": len(people),
        "protocol": "each person held out" if folds is None else f"{folds} groups of people",
        "hop_s": _HOP_S,
        "earlier_sittings_s": EARLIER_SITTINGS_S,
        "profile": profile,
        "labels": labels,
        "rated_videos": rated,
        "known_bias": bias,
        "chosen": dict(Counter(str(own["chosen"]) for own in held_out)),
    }
    write_result("personal", figures, claims, output, threads=cores(), quick=quick)


def _held_out(
    people: Sequence[Person],
    names: tuple[str, ...],
    folds: int | None,
    workers: Workers,
    labelling: Labelling,
) -> list[dict[str, Any]]:
    """Return what is known of everybody from the others, in the order of the people."""
    order = np.random.default_rng(1).permutation(len(people))
    groups = np.array_split(order, folds or len(people))
    tasks = [(group.tolist(), people, names, labelling) for group in groups]
    answered = in_order(workers.run(labelled.hold_out, tasks), _silent)
    flat = [own for group in answered for own in group]
    return [flat[place] for place in np.argsort(order)]


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
