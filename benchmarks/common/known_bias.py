"""Simulated people whose bias is known: how often its 95 % interval holds it, and where it fails.

A person's true log odds are the stranger's plus their own bias, drawn anew for each person. The
first setting is what the mathematics assumes; each of the others breaks one assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common.report import show_table
from runtime.inference.adaptation import Adaptation
from runtime.inference.prior import Prior

PEOPLE = 400
SPREAD = 1.0
"""Standard deviation of the bias over people, by the prior."""
BLOCK_S = 60.0
_MARGINS = 1.5
_INTERVAL = 1.96


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes
    ----------
    labels : int
        Of each person.
    every_s : float
        From label to label; a label within a block (60 s) of another shares its weight.
    same_answer_s : float
        So long a person says the same again, whatever they feel, 0 for each label anew.
    spread : float
        Standard deviation of the bias over people; the prior says 1.
    fixed : float or None
        Bias of everybody.
    wrong : float
        Share of labels that say the opposite.
    evidence : float
        For how many answers a block stands.
    one_class : bool
        Whether only high is ever said.
    """

    labels: int = 20
    every_s: float = BLOCK_S
    same_answer_s: float = 0.0
    spread: float = SPREAD
    fixed: float | None = None
    wrong: float = 0.0
    evidence: float = 1.0
    one_class: bool = False


SETTINGS = {
    "20 labels, a minute apart": Setting(),
    "4 labels": Setting(labels=4),
    "500 labels": Setting(labels=500),
    "120 labels, 10 s apart, each its own answer": Setting(labels=120, every_s=10.0),
    "120 labels, 10 s apart, the same for a minute": Setting(
        labels=120, every_s=10.0, same_answer_s=60.0
    ),
    "120 labels, 10 s apart, the same for four minutes": Setting(
        labels=120, every_s=10.0, same_answer_s=240.0
    ),
    "a block stands for four answers": Setting(evidence=4.0),
    "everybody's bias is 2": Setting(fixed=2.0),
    "everybody's bias is 3": Setting(fixed=3.0),
    "people differ twice as much as the prior says": Setting(spread=2.0),
    "one label in five is wrong": Setting(wrong=0.2),
    "one label in five is wrong, 500 labels": Setting(labels=500, wrong=0.2),
    "only high is ever said": Setting(one_class=True),
}


def coverage(setting: Setting, people: int = PEOPLE, seed: int = 0) -> dict[str, float]:
    """Return for how many people the interval holds the bias, and by how much it is missed.

    Returns
    -------
    dict of str to float
        "covered", the share; "error", mean of the posterior's mean minus the truth; "deviation",
        the posterior's mean standard deviation.
    """
    rng = np.random.default_rng(seed)
    prior = Prior((), np.array([[0.0, 1.0]]), np.array([[SPREAD**2]]), BLOCK_S, setting.evidence)
    errors, deviations = [], []
    for _ in range(people):
        bias = rng.normal(0.0, setting.spread) if setting.fixed is None else setting.fixed
        adapted = Adaptation(prior)
        margin, high, until_s = 0.0, False, -np.inf
        for n in range(setting.labels):
            time_s = n * setting.every_s
            if time_s >= until_s:
                margin = float(rng.normal(0.0, _MARGINS))
                high = bool(rng.random() < 1.0 / (1.0 + np.exp(-margin - bias)))
                high ^= bool(rng.random() < setting.wrong)
                until_s = time_s + setting.same_answer_s
            if high or not setting.one_class:
                adapted.label(time_s, high, margin)
        posterior = adapted.posterior
        errors.append(posterior.mean[0] - bias)
        deviations.append(np.sqrt(posterior.covariance[0, 0]))
    apart = np.abs(errors) / np.array(deviations)
    return {
        "covered": float((apart < _INTERVAL).mean()),
        "error": float(np.mean(errors)),
        "deviation": float(np.mean(deviations)),
    }


def recovered(people: int = PEOPLE) -> dict[str, Any]:
    """Return `coverage` of every setting; show it."""
    found = {name: coverage(setting, people) for name, setting in SETTINGS.items()}
    show_table(
        f"Bias of {people} simulated people, within its 95 % interval",
        ["setting", "covered", "mean error", "deviation"],
        [
            [name, f"{own['covered']:.0%}", f"{own['error']:+.2f}", f"{own['deviation']:.2f}"]
            for name, own in found.items()
        ],
    )
    return found
