"""Which stimuli are held out together with people, so that neither stands on both sides.

A recording is tested only in a fold that has both its person and its stimulus, and learnt from only
in folds that have neither. Where stimuli are of kinds that everybody has in common, such as tasks
and rests, each side has its share of every kind: with all tasks on one side nothing could be
learnt, or measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Names = NDArray[np.str_]
# What a single group holds out, and the least and the most of parts that several have: of three,
# two are left to learn from and to choose with.
_SHARE = 0.2
_LEAST_PARTS, _MOST_PARTS = 3, 5
# Fewer stimuli than this per group of people are shared between groups.
_FEWEST = 2


def owned(
    subjects: Names,
    stimuli: Names,
    kinds: Names,
    groups: Sequence[Sequence[str]],
    rng: np.random.Generator,
) -> list[list[str]]:
    """Return for each group of people the stimuli that it is tested with.

    Each stimulus is given to the group that has it most, evenly, ties by lot, so that as few
    recordings as possible are lost between the sides. Where there are fewer than two stimuli a
    group, they are dealt into three to five parts, and several groups have the same part.

    Parameters
    ----------
    subjects, stimuli, kinds : str (recordings,)
        Of each recording; a stimulus is of one kind.
    groups : sequence of sequences of str
        People of each fold.
    rng : numpy.random.Generator
        Draws the order.
    """
    number = len(np.unique(stimuli))
    few = number < _FEWEST * len(groups)
    parts = min(number // _FEWEST, _MOST_PARTS) if few else len(groups)
    if len(groups) > 1:
        parts = max(parts, _LEAST_PARTS)
    people = [[name for group in groups[n::parts] for name in group] for n in range(parts)]
    found: list[list[str]] = [[] for _ in range(parts)]
    for kind in np.unique(kinds):
        own = rng.permutation(np.unique(stimuli[kinds == kind]))
        # A single group holds out a fifth of the stimuli, as it does of the people.
        room = max(1, round(_SHARE * len(own))) if parts == 1 else -(-len(own) // parts)
        taken = np.zeros(parts, dtype=np.int64)
        for stimulus in own:
            who = subjects[stimuli == stimulus]
            had = np.array([np.isin(who, group).sum() for group in people], dtype=np.float64)
            had += rng.uniform(0, 0.5, parts)
            had[taken >= room] = -1
            if had.max() < 0:
                break
            part = int(had.argmax())
            taken[part] += 1
            found[part].append(str(stimulus))
    return [found[n % parts] for n in range(len(groups))]


def some(stimuli: Names, kinds: Names | None, share: float, rng: np.random.Generator) -> list[str]:
    """Return a share of the stimuli, evenly of all kinds; at least two where two are left."""
    names, first = np.unique(stimuli, return_index=True)
    order = rng.permutation(len(names))
    if kinds is not None:
        order = order[np.argsort(kinds[first][order], kind="stable")]
    number = max(1, min(2, len(names) // 2), round(share * len(names)))
    return [str(name) for name in names[order][np.arange(number) * len(names) // number]]
