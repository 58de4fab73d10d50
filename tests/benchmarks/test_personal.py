"""What `benchmarks.personal` says of simulated people whose differences are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import personal
from benchmarks.common import personal_tables
from benchmarks.common.minutes import VIDEOS
from benchmarks.common.sitting import Person, Seen, Start
from training.compute.workers import Workers
from training.fitting.differences import Answers

NAMES = ("level", "responses")
# Task, rest, task, rest, in minutes.
SEGMENTS = ((1, 6), (0, 6), (1, 12), (0, 12))


def seen(rng: np.random.Generator, bias: float, noise: float = 1.0) -> Seen:
    """Windows every ten seconds; a person's bias lifts the level whatever they do."""
    truth = np.concatenate([np.full(6 * minutes, label) for label, minutes in SEGMENTS])
    segment = np.concatenate([np.full(6 * m, n) for n, (_, m) in enumerate(SEGMENTS)])
    x = rng.normal(0.0, noise, (truth.size, 2)) + np.outer(truth - 0.5, [2.0, 0.5])
    x[:, 0] += bias
    return Seen(10.0 * np.arange(truth.size), x, x, segment, truth)


def crowd(number: int, spread: float) -> list[Person]:
    """People whose bias varies by `spread`; a cold start is noisier than one with a reference."""
    rng = np.random.default_rng(8)
    found = []
    for n in range(number):
        bias = spread * (-1.0) ** n
        known, cold = seen(rng, bias), seen(rng, bias, 3.0)
        waits = {"cold": 120.0, "thinned": 65.0, "whole": 65.0}
        start = Start(waits, {"cold": cold, "thinned": known, "whole": known})
        found.append(Person(f"P{n}", known, seen(rng, bias), (start,)))
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("spread", [1.5, 0.0])
def test_adapts_by_default_where_people_differ_and_only_there(
    spread: float, tmp_path: Path
) -> None:
    personal.report(crowd(10, spread), NAMES, 2, Workers(1), True, tmp_path)
    told = json.loads((tmp_path / "personal.json").read_text())
    claims = told["claims"]
    assert claims["adapts_by_default"] == float(spread > 0)
    assert (claims["label_gain"] > 0.05) == (spread > 0)
    assert claims["share_harmed"] <= 0.1
    assert claims["profile_gain_low"] > 0.03
    assert claims["first_answer_s"] < claims["first_answer_cold_s"]
    assert claims["update_ms"] > 0 and claims["known_bias_covered"] > 0.7
    written(told)
    # Without labels the answer is the stranger's, by every way of adapting.
    labels = told["figures"]["labels"]
    assert all(
        own["0"]["change"] == 0.0
        for way, own in labels.items()
        if way not in ("person alone", "personal prior")
    )
    assert labels["personal prior"]["8"]["balanced_accuracy"] == 0.5


def written(told: dict[str, Any]) -> None:
    """The pages say what the result says."""
    parts = {
        mark: text(told) for page in personal_tables.PARTS.values() for mark, text in page.items()
    }
    own = told["figures"]["profile"]["thinned"]
    assert f"{own['pooled']:.3f}" in parts["profile"] and "| +0." in parts["profile"]
    assert parts["labels"].count("\n") == 11 and parts["videos"] == "Not measured."
    assert ("is on by default" in parts["worth"]) == bool(told["claims"]["adapts_by_default"])


def test_each_rated_video_is_a_label_and_the_others_test() -> None:
    rng = np.random.default_rng(2)
    segment = np.repeat(np.arange(8), 12)
    truth = (segment % 2).astype(np.int64)
    answers = Answers(10.0 * np.arange(96), rng.normal(size=96), rng.normal(size=(96, 2)), truth)
    parts = VIDEOS.divide(answers, segment)
    assert parts.labelled.tolist() == [11, 23, 35, 47]
    assert not parts.test[:48].any() and parts.test[48:].all()
    assert parts.first(2).size == 2 and VIDEOS.labels[-1] == 4
