"""Who learns, who chooses, who tests.

Two protocols, always named and never mixed:

- `subject`: the people of the test never stand on the training side; where stimuli are kept apart
  too, neither do its stimuli. This is what a stranger can expect of the model.
- `paper`: stratified folds over shuffled (subject, stimulus) pairs, as published: the same people,
  and the same stimuli, stand on both sides, and what is measured is partly recognition of people.

In both, the model is chosen on a validation side that is cut out of the training side by the same
rule, and never on the test fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from device.errors import DatasetError
from training.folds import stimuli_apart

Index = NDArray[np.int64]
PROTOCOLS = ("subject", "paper")
_SHARE = 0.2
_MEMBER = ", member "
# Of people and of stimuli, where a recording must have both to choose and neither to learn from.
_SHARE_OF_BOTH = 0.3


@dataclass(frozen=True)
class Split:
    """Indices of recordings.

    Attributes
    ----------
    name : str
        Which repetition and fold.
    train, validation, test : int64 (n,)
        Disjoint. The model is chosen on `validation`, never on `test`.
    """

    name: str
    train: Index
    validation: Index
    test: Index

    @property
    def fold(self) -> str:
        """The fold's name, which all members of an ensemble share."""
        return self.name.partition(_MEMBER)[0]

    def member(self, number: int, train: Index, validation: Index) -> Split:
        """Return the split of a member of an ensemble, counted from 1: the same people test."""
        return Split(f"{self.name}{_MEMBER}{number}", train, validation, self.test)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to split.

    Attributes
    ----------
    protocol : "subject" or "paper"
        See above.
    folds : int
        Number of folds; 1 holds out a fifth once.
    leave_one_out : bool
        One fold per subject (`subject` only).
    stimuli_apart : bool
        Whether test stimuli are kept out of the training side too (`subject` only).
    repeat : int
        How often the folds are drawn anew.
    seed : int
        Of the draws.
    """

    protocol: str = "subject"
    folds: int = 10
    leave_one_out: bool = False
    stimuli_apart: bool = False
    repeat: int = 1
    seed: int = 0

    @property
    def single(self) -> bool:
        """Whether there is one split alone."""
        return self.folds == 1 and self.repeat == 1 and not self.leave_one_out

    def describe(self) -> str:
        """Return the protocol in words."""
        times = f", {self.repeat} times" if self.repeat > 1 else ""
        if self.protocol == "paper":
            how = f"{self.folds} stratified folds" if self.folds > 1 else "one stratified fifth"
            return f"paper ({how} of subject-stimulus pairs{times}; people stand on both sides)"
        if self.leave_one_out:
            how = "each subject held out"
        elif self.folds == 1:
            how = "a fifth of the subjects held out once"
        else:
            how = f"{self.folds} groups of subjects held out"
        apart = ", with their stimuli" if self.stimuli_apart else ""
        return f"subject ({how}{apart}{times})"


def splits(
    plan: Plan,
    subjects: Sequence[str],
    stimuli: Sequence[str],
    truth: Index,
    kinds: Sequence[str] | None = None,
) -> Iterator[Split]:
    """Yield the splits of a plan.

    Parameters
    ----------
    plan : Plan
        How.
    subjects, stimuli : sequence of str (recordings,)
        Of each recording.
    truth : int64 (recordings,)
        Classes, by which `paper` stratifies.
    kinds : sequence of str (recordings,) or None
        What kind of stimulus each is, such as a task or a rest: where stimuli are kept apart, each
        fold has its share of every kind.

    Raises
    ------
    DatasetError
        If there are too few subjects or recordings for it.
    """
    kinds = [""] * len(stimuli) if kinds is None else kinds
    for turn in range(plan.repeat):
        rng = np.random.default_rng(np.random.SeedSequence((plan.seed, turn)))
        folds = _paper(plan, truth, rng) if plan.protocol == "paper" else _subject(
            plan, np.asarray(subjects), np.asarray(stimuli), np.asarray(kinds), rng
        )  # fmt: skip
        for number, (rest, test) in enumerate(folds, start=1):
            name = f"fold {number}" if plan.repeat == 1 else f"turn {turn + 1}, fold {number}"
            train, validation = inner(plan, subjects, stimuli, truth, rest, rng, kinds)
            yield Split(name, train, validation, test)


def shares(found: Sequence[Split], usable: int) -> tuple[float, float]:
    """Return which share of the recordings is tested at all, and a fold learns from on average.

    Where people and stimuli are both kept apart, a recording that shares one of them with the test
    stands on neither side.

    Parameters
    ----------
    found : sequence of Split
        All folds.
    usable : int
        How many recordings there are for the target.
    """
    tested = np.unique(np.concatenate([split.test for split in found])).size
    learnt = float(np.mean([split.train.size for split in found]))
    return tested / usable, learnt / usable


def inner(
    plan: Plan,
    subjects: Sequence[str],
    stimuli: Sequence[str],
    truth: Index,
    rest: Index,
    rng: np.random.Generator,
    kinds: Sequence[str] | None = None,
) -> tuple[Index, Index]:
    """Divide a training side (n,) into what learns and what chooses, by the plan's own rule.

    Where stimuli are kept apart, they are here too: a network that knew the stimuli of its
    validation side would seem surer than it is, and the epoch and the temperature would be chosen
    by that.
    """
    if plan.protocol == "paper":
        train, validation = _stratified_fifth(truth, rest, rng)
        return np.sort(train), np.sort(validation)
    who = np.asarray(subjects)[rest]
    names = rng.permutation(np.unique(who))
    if len(names) < 2:
        raise DatasetError(
            f"{len(names)} subject is left to train and validate on; at least 3 subjects are needed"
        )
    share = _SHARE_OF_BOTH if plan.stimuli_apart else _SHARE
    chooses = np.isin(who, names[: max(1, round(share * len(names)))])
    learns = ~chooses
    if plan.stimuli_apart:
        own = np.asarray(stimuli)[rest]
        of = None if kinds is None else np.asarray(kinds)[rest]
        theirs = np.isin(own, stimuli_apart.some(own, of, share, rng))
        chooses, learns = chooses & theirs, learns & ~theirs
    if not chooses.any() or not learns.any():
        raise DatasetError(
            f"Of {len(rest)} recordings of {len(names)} subjects, {learns.sum()} are left to learn "
            f"from and {chooses.sum()} to choose by once people and stimuli are kept apart; more "
            "data or fewer --folds are needed"
        )
    return rest[learns], rest[chooses]


def _stratified_fifth(truth: Index, index: Index, rng: np.random.Generator) -> tuple[Index, Index]:
    if np.bincount(truth[index], minlength=2).min() < 2:
        raise DatasetError(
            f"Of {len(index)} recordings to train on, {truth[index].sum()} are high; both classes "
            "need at least 2"
        )
    seed = int(rng.integers(2**31))
    train, validation = train_test_split(
        index, test_size=_SHARE, stratify=truth[index], random_state=seed
    )
    return train, validation


def _paper(plan: Plan, truth: Index, rng: np.random.Generator) -> Iterator[tuple[Index, Index]]:
    everything = np.arange(len(truth), dtype=np.int64)
    if plan.folds == 1:
        rest, test = _stratified_fifth(truth, everything, rng)
        yield np.sort(rest), np.sort(test)
        return
    least = int(np.bincount(truth, minlength=2).min())
    if least < plan.folds:
        raise DatasetError(
            f"The rarer class has {least} recordings, too few for {plan.folds} stratified folds; "
            f"use --folds {max(least, 1)} or fewer"
        )
    folds = StratifiedKFold(plan.folds, shuffle=True, random_state=int(rng.integers(2**31)))
    for rest, test in folds.split(everything, truth):
        yield rest.astype(np.int64), test.astype(np.int64)


def _subject(
    plan: Plan,
    subjects: NDArray[np.str_],
    stimuli: NDArray[np.str_],
    kinds: NDArray[np.str_],
    rng: np.random.Generator,
) -> Iterator[tuple[Index, Index]]:
    names = rng.permutation(np.unique(subjects))
    if len(names) < 3:
        raise DatasetError(
            f"There are {len(names)} subjects; at least 3 are needed to train, validate and test "
            "on different people"
        )
    if plan.leave_one_out:
        groups = [[name] for name in names]
    elif plan.folds == 1:
        groups = [list(names[: max(1, round(_SHARE * len(names)))])]
    elif plan.folds > len(names):
        raise DatasetError(
            f"{len(names)} subjects cannot be divided into {plan.folds} folds; use --folds "
            f"{len(names)} or fewer, or --loso"
        )
    else:
        groups = [list(part) for part in np.array_split(names, plan.folds)]
    owned = stimuli_apart.owned(subjects, stimuli, kinds, groups, rng) if plan.stimuli_apart else []
    for number, group in enumerate(groups):
        tested = np.isin(subjects, group)
        trained = ~tested
        if plan.stimuli_apart:
            mine = np.isin(stimuli, owned[number])
            tested, trained = tested & mine, trained & ~mine
        if not tested.any() or not trained.any():
            raise DatasetError(
                f"Fold {number + 1} has {tested.sum()} recordings to test on and {trained.sum()} "
                "to train on once people and stimuli are kept apart; use fewer --folds"
            )
        yield np.flatnonzero(trained).astype(np.int64), np.flatnonzero(tested).astype(np.int64)
