"""Simulated people."""

import numpy as np

from training.datasets import synthetic
from training.labels.annotation import annotate


def test_synthetic_people_are_reproducible_and_their_responses_follow_arousal() -> None:
    one, again = (synthetic.load(seed=3, people=4, trials=6) for _ in range(2))
    for a, b in zip(one.recordings, again.recordings, strict=True):
        np.testing.assert_array_equal(a.samples.eda_us, b.samples.eda_us)
        assert a.ratings == b.ratings
    high = annotate(one, "fixed:5").classes["arousal"]
    assert high.sum() == 12
    rough = np.array([np.diff(r.samples.eda_us[::19]).std() for r in one.recordings])
    assert rough[high == 1].mean() > 1.5 * rough[high == 0].mean()
