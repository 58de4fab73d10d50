"""Sessions: segments in order, cut into recordings that keep what came before."""

import numpy as np
import pytest

from device.errors import DatasetError
from device.samples import Samples
from training.datasets.sessions import Segment, Session

SAMPLES = Samples(np.arange(800) / 4.0, np.linspace(1, 2, 800))


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ([Segment("a", 0, 10), Segment("b", 9, 20)], r"'b' begins at 9 s, before 'a' ends at 10"),
        ([Segment("a", 20, 30), Segment("b", 0, 10)], "in order"),
        ([Segment("a", 5, 5)], "'a' ends at 5 s, before it begins"),
        ([Segment("a", 0, 5), Segment("a", 5, 9)], "same name: a, a"),
    ],
)
def test_a_session_without_order_is_refused(segments: list[Segment], said: str) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        Session("p1", "sitting 7", SAMPLES, tuple(segments))
    assert "sitting 7" in str(caught.value)


def test_a_segment_becomes_a_recording_with_a_minute_before_it() -> None:
    segments = (
        Segment("rest", 10, 40, classes={"arousal": 0}),
        Segment("unlabelled", 40, 100),
        Segment("task", 100, 150, ratings={"arousal": 7.0, "valence": 2.0}),
    )
    rest, task = Session("p1", "s", SAMPLES, segments).recordings()
    assert (rest.stimulus, rest.targets, dict(rest.classes)) == (
        "rest",
        ("arousal",),
        {"arousal": 0},
    )
    assert (rest.stimulus_start_s, rest.samples.time_s[-1]) == (10.0, 39.75)
    assert (task.stimulus, task.targets) == ("task", ("arousal", "valence"))
    assert (task.stimulus_start_s, len(task.samples)) == (60.0, 4 * 110)
    assert task.samples.time_s[0] == 0 and task.samples.eda_us[0] == SAMPLES.eda_us[160]
    # The window's context is what lay before the segment.
    assert len(task.with_context(5.0)) == 4 * 55
