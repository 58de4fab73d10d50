"""From the fits of a fold to what answers in it: an ensemble, a linear path, and their weights.

A fold of an ensemble has one fit per member. Each member leaves out another part of the training
people as its validation side, so that nearly every training person has an answer by a network that
did not learn from them: what calibration and the weights of the paths are fitted on. Nobody of the
test side has a part in any of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from device.samples import FloatArray
from training.fitting.calibration import fit_temperature, probability_high
from training.fitting.combine import Combination, combine
from training.fitting.wide import Linear, balanced, choose_penalty, fit_linear, held_out_margins
from training.folds.journal import Outcome
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Split, inner
from training.network.model import RTCAN
from training.network.wide_and_deep import WideAndDeep

# Inner folds of the linear path where there is one network only.
_INNER_FOLDS = 5


@dataclass(frozen=True)
class Assembled:
    """What a fold's fits are together.

    Attributes
    ----------
    target, name : str
        Of what, and of which fold.
    window : int64 (n,)
        Which windows were tested.
    logits : float64 (n, 2)
        Of all paths together, calibrated.
    deep, wide : float64 (n,), and None without a linear path
        Log odds of each path alone, as it was fitted.
    combination : Combination
        Weights of the paths and bias.
    linear : Linear or None
        The linear path.
    history : list of dict
        Epochs of the first member.
    states : list of dict
        Weights of the members.
    scale : MusicScale
        Of the training side.
    restarted : int64 (m,)
        Which windows of a short past were tested; they count by minutes of past only.
    restarted_probability : float64 (m,)
        Probability of the second class, calibrated.
    """

    target: str
    name: str
    window: NDArray[np.int64]
    logits: FloatArray
    deep: FloatArray
    wide: FloatArray | None
    combination: Combination
    linear: Linear | None
    history: list[dict[str, Any]]
    states: list[dict[str, torch.Tensor]]
    scale: MusicScale
    restarted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    restarted_probability: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def probability(self) -> FloatArray:
        """Probability of the second class, float64 (n,), calibrated."""
        return probability_high(self.logits)

    @property
    def uncalibrated(self) -> FloatArray:
        """The same of both paths as they were fitted, added up without weights."""
        margin = self.deep if self.wide is None else self.deep + self.wide
        return probability_high(np.stack([-margin / 2, margin / 2], axis=1))

    def network(self, problem: Problem) -> WideAndDeep:
        """Return it as one function, in eval mode."""
        members = []
        for state in self.states:
            member = RTCAN(problem.config)
            member.load_state_dict(state)
            members.append(member)
        weights: Sequence[float] = ()
        bias = self.combination.bias
        if self.linear is not None:
            weights = (self.combination.wide * self.linear.weights).tolist()
            bias += self.combination.wide * self.linear.bias
        network = WideAndDeep(members, len(weights))
        network.weigh(self.combination.deep, weights, bias)
        return network.eval()


def members(problem: Problem, target: str, split: Split) -> list[Split]:
    """Return the splits of the members of an ensemble, which have one test side.

    Parameters
    ----------
    problem, target
        Of the fit.
    split : Split
        Of the fold; alone, it is the only member's.
    """
    number = problem.ensemble
    if number == 1:
        return [split]
    pool = np.union1d(split.train, split.validation)
    truth = problem.annotation.classes[target]
    found = []
    seeds = np.random.SeedSequence((problem.plan.seed, 2_000_000)).spawn(number)
    if problem.plan.protocol == "paper" or problem.plan.stimuli_apart:
        for seed in seeds:
            own = (problem.plan, problem.subjects, problem.stimuli, truth, pool)
            found.append(inner(*own, np.random.default_rng(seed), problem.kinds))
    else:
        for part in _dealt(problem, pool, number):
            found.append((pool[~part], pool[part]))
    return [split.member(k, *sides) for k, sides in enumerate(found, start=1)]


def assemble(problem: Problem, target: str, split: Split, fits: Sequence[Outcome]) -> Assembled:
    """Put the fits of a fold's members together.

    Parameters
    ----------
    problem, target, split
        Of the fold.
    fits : sequence of Outcome
        In the order of `members`.
    """
    first = fits[0]
    window, deep = _mean([(one.window, one.logits) for one in fits])
    truth = problem.annotation.classes[target]
    held_out, deep_held_out = _mean([(one.validation, one.validation_logits) for one in fits])
    known = truth[problem.windows.recording[held_out]]
    linear, wide, wide_held_out = None, None, None
    if problem.wide:
        linear, wide_held_out = linear_path(problem, target, split, held_out)
        wide = linear(problem.windows.features[window].astype(np.float64))
    if problem.wide or problem.settings.balanced:
        combination = combine(known, deep_held_out, wide_held_out)
    elif len(fits) > 1:  # the mean is less sure of itself than each member
        logits = np.stack([-deep_held_out / 2, deep_held_out / 2], axis=1)
        _, own, count = np.unique(
            problem.windows.recording[held_out], return_inverse=True, return_counts=True
        )
        combination = Combination(deep=1.0 / fit_temperature(logits, known, 1.0 / count[own]))
    else:
        combination = Combination(deep=1.0 / first.temperature)
    margin = combination.margin(deep, wide)
    logits = np.stack([-margin / 2, margin / 2], axis=1)
    short = problem.windows.short[window]
    return Assembled(
        target,
        split.name,
        window[~short],
        logits[~short],
        deep[~short],
        None if wide is None else wide[~short],
        combination,
        linear,
        first.history,
        [one.state for one in fits],
        first.scale,
        window[short],
        probability_high(logits[short]),
    )


def linear_path(
    problem: Problem, target: str, split: Split, held_out: NDArray[np.int64]
) -> tuple[Linear, FloatArray]:
    """Return the linear path, and its margins of windows by fits without their people.

    And without their songs where the plan keeps those apart.
    """
    pool = np.union1d(split.train, split.validation)
    window = problem.windows.of(pool, short=True)
    recording = problem.windows.recording[window]
    x = problem.windows.features[window].astype(np.float64)
    # One penalty for all needs features of one scale: shapes have none of their own.
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    x = (x - mean) / spread
    truth = problem.annotation.classes[target][recording]
    place = np.searchsorted(pool, recording)
    number = max(problem.ensemble, _INNER_FOLDS)
    groups = _numbered(_dealt(problem, pool, number))[place]
    songs = None
    if problem.plan.stimuli_apart:
        songs = _numbered(_dealt(problem, pool, _INNER_FOLDS, problem.stimuli))[place]
    penalty = choose_penalty(x, truth, groups, songs=songs)
    margins = held_out_margins(x, truth, groups, penalty, songs)
    fitted = fit_linear(x, truth, penalty, balanced(truth))
    weights = fitted.weights / spread
    linear = Linear(weights, fitted.bias - float(weights @ mean))
    return linear, margins[np.searchsorted(window, held_out)]


def _dealt(
    problem: Problem, pool: NDArray[np.int64], number: int, of: Sequence[str] | None = None
) -> list[NDArray[np.bool_]]:
    """Deal the people of some recordings, or what they are `of`, out into groups.

    Returns what is in each, bool (n,).
    """
    rng = np.random.default_rng(np.random.SeedSequence((problem.plan.seed, 3_000_000)))
    who = np.array(problem.subjects if of is None else of)[pool]
    names = rng.permutation(np.unique(who))
    groups = np.array_split(names, min(number, len(names)))
    return [np.isin(who, group) for group in groups]


def _numbered(groups: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Return the number of the group that each is in."""
    number: NDArray[np.int64] = np.argmax(np.stack(groups), axis=0)
    return number


def _mean(
    answers: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]],
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return all windows that were answered, sorted, and the mean log odds of each."""
    window = np.concatenate([index for index, _ in answers])
    margin = np.concatenate(
        [np.diff(logits.astype(np.float64), axis=1)[:, 0] for _, logits in answers]
    )
    found, place = np.unique(window, return_inverse=True)
    count = np.bincount(place, minlength=found.size)
    return found, np.bincount(place, weights=margin, minlength=found.size) / count
