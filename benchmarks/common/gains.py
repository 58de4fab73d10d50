"""What a saved reference adds, with intervals by a paired bootstrap over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.common.report import show_table
from benchmarks.common.sitting import Person
from device.samples import FloatArray
from training.measures.ranking import auc

RESAMPLES = 1000


def profile_gain(
    people: Sequence[Person], starts: Sequence[Mapping[str, FloatArray]]
) -> dict[str, Any]:
    """Return AUC of starts by what was known, and what a saved reference adds; show it.

    Parameters
    ----------
    people : sequence of Person
        Followed sittings.
    starts : sequence of mapping of str to float64
        By person and way, the log odds of all windows of all starts.
    """
    ways = [way for way in starts[0] if way != "cold"]
    truth = [
        np.concatenate([start.seen["cold"].truth for start in person.starts]) for person in people
    ]

    def pooled(way: str, who: Sequence[int]) -> float:
        scores = np.concatenate([starts[n][way] for n in who])
        return auc(np.concatenate([truth[n] for n in who]), scores)

    everybody = list(range(len(people)))
    draws = np.random.default_rng(0).integers(0, len(people), (RESAMPLES, len(people))).tolist()
    cold = np.array([pooled("cold", who) for who in draws])
    out: dict[str, Any] = {}
    within = {
        way: np.array([auc(truth[n], starts[n][way]) for n in everybody]) for way in ("cold", *ways)
    }
    for way, values in within.items():
        waits = [start.wait_s[way] for person in people for start in person.starts]
        drawn = np.array([pooled(way, who) for who in draws]) - cold
        apart = values - within["cold"]
        inner = [np.nanmean(apart[who]) for who in draws]
        out[way] = {
            "pooled": pooled(way, everybody),
            "within": float(np.nanmean(values)),
            "pooled_gain": pooled(way, everybody) - pooled("cold", everybody),
            "pooled_gain_95": np.percentile(drawn, [2.5, 97.5]).tolist(),
            "within_gain": float(np.nanmean(apart)),
            "within_gain_95": np.percentile(inner, [2.5, 97.5]).tolist(),
            "wait_s": float(np.median(waits)),
            "starts": len(waits),
            "windows": int(sum(own.size for own in truth)),
        }
    show_table(
        "A start in the later half, first five answered minutes",
        ["reference", "first answer", "AUC, pooled", "gain [95 %]", "AUC within", "gain [95 %]"],
        [
            [
                way,
                f"{own['wait_s']:.0f} s",
                f"{own['pooled']:.3f}",
                change_text(own["pooled_gain"], own["pooled_gain_95"]),
                f"{own['within']:.3f}",
                change_text(own["within_gain"], own["within_gain_95"]),
            ]
            for way, own in out.items()
        ],
    )
    return out


def change_text(value: float, ends: Sequence[float]) -> str:
    """Return a change with its interval."""
    return f"{value:+.3f} [{ends[0]:+.3f}, {ends[1]:+.3f}]"
