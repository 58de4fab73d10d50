from dataclasses import replace

import numpy as np
import pytest

from device.errors import DatasetError
from device.samples import Samples
from training.datasets.recordings import TARGETS, Dataset, Recording
from training.labels.annotation import annotate, pairs


def dataset(ratings: dict[str, list[tuple[float, float]]], song_level: bool = False) -> Dataset:
    """Ratings (arousal, valence) by subject."""
    recordings = [
        Recording(who, f"v{i}", Samples.empty(), {"arousal": a, "valence": v})
        for who, own in ratings.items()
        for i, (a, v) in enumerate(own)
    ]
    return Dataset("test", "-", recordings, (1.0, 9.0), song_level=song_level)


def test_midpoint_is_that_of_the_two_cluster_centres() -> None:
    # Centres at (arousal, valence) = (2, 3) and (7, 5): thresholds 4.5 and 4.
    data = dataset({"a": [(1, 3), (3, 3), (6, 5), (8, 5)]})
    made = annotate(data, "midpoint")
    line = made.lines["a"]
    assert line.thresholds == pytest.approx({"arousal": 4.5, "valence": 4.0})
    assert made.classes["arousal"].tolist() == [0, 0, 1, 1]
    assert made.classes["valence"].tolist() == [0, 0, 1, 1]
    assert not made.degenerate
    assert line.cluster is not None
    assert line.cluster[0] == line.cluster[1] != line.cluster[2] == line.cluster[3]
    np.testing.assert_array_equal(pairs(data.recordings)[0], [3, 1])


def test_everybody_has_a_line_of_their_own() -> None:
    made = annotate(
        dataset({"a": [(1, 1), (2, 1), (3, 3), (4, 3)], "b": [(6, 6), (7, 6), (8, 8), (9, 8)]}),
        "midpoint",
    )
    assert made.classes["arousal"].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ([(6.0, 2.0)], "fewer than 2 trials"),
        ([(6.0, 2.0)] * 4, "one distinct rating"),
        ([(6.0, 2.0), (6.1, 2.0), (6.0, 2.1), (1.0, 9.0)], "a cluster of one"),
    ],
)
def test_degenerate_cases_are_named_and_take_the_middle_of_the_scale(
    own: list[tuple[float, float]], named: str
) -> None:
    made = annotate(dataset({"a": own, "b": [(1, 3), (3, 3), (6, 5), (8, 5)]}), "midpoint")
    assert made.degenerate == {named: 1}
    assert made.lines["a"].thresholds == {"arousal": 5.0, "valence": 5.0}
    assert made.classes["arousal"][0] == 1 and made.classes["valence"][0] == 0


def test_median_and_fixed() -> None:
    data = dataset({"a": [(1, 9), (2, 8), (8, 7)]})
    assert annotate(data, "median").classes["arousal"].tolist() == [0, 0, 1]
    assert annotate(data, "fixed:1.5").classes["arousal"].tolist() == [0, 1, 1]
    assert annotate(data, "fixed:8").classes["valence"].tolist() == [1, 0, 0]
    assert annotate(dataset({"a": [(1, 9)]}), "median").degenerate == {"fewer than 2 trials": 1}


def test_song_level_ratings_have_one_line_for_all() -> None:
    made = annotate(
        dataset({"a": [(1, 3), (3, 3)], "b": [(6, 5), (8, 5)]}, song_level=True), "midpoint"
    )
    assert list(made.lines) == ["all songs"]
    assert made.classes["arousal"].tolist() == [0, 0, 1, 1]
    assert "all songs'" in made.rule


def test_a_rating_counts_once_however_often_its_song_was_heard() -> None:
    """PMEmo of 2018: each song was heard once for each target, with the same ratings."""
    once = dataset({"a": [(6.0, 2.0), (6.1, 2.0), (6.0, 2.1), (1.0, 9.0)]})
    twice = [replace(r, targets=(t,)) for r in once.recordings for t in ("arousal", "valence")]
    made = annotate(replace(once, recordings=twice), "midpoint")
    assert made.degenerate == {"a cluster of one": 1}
    assert len(made.lines["a"].points) == 4
    # All who heard a song have its rating: the song counts once.
    heard = [("a", "1"), ("b", "1"), ("c", "1"), ("a", "2"), ("a", "3"), ("a", "4")]
    ratings = dict(zip("1234", [(1, 9), (6, 2), (6.1, 2), (6, 2.1)], strict=True))
    songs = [
        Recording(who, song, Samples.empty(), dict(zip(TARGETS, ratings[song], strict=True)))
        for who, song in heard
    ]
    made = annotate(replace(once, recordings=songs, song_level=True), "midpoint")
    assert made.degenerate == {"a cluster of one": 1}


def test_given_classes_and_other_targets() -> None:
    recordings = [
        Recording("a", "1", Samples.empty(), {}, classes={"arousal": 1, "valence": 0}),
        Recording(
            "a", "2", Samples.empty(), {},
            classes={"arousal": 1, "valence": 1}, targets=("valence",),
        ),
    ]  # fmt: skip
    made = annotate(Dataset("test", "-", recordings, (0, 1)), "midpoint")
    assert made.classes["arousal"].tolist() == [1, -1]
    assert made.classes["valence"].tolist() == [0, 1]
    assert not made.lines and "published code" in made.rule


@pytest.mark.parametrize("rule", ["", "mean", "fixed", "fixed:x", "fixed:9", "fixed:0.5"])
def test_rules_that_make_no_sense_are_refused(rule: str) -> None:
    with pytest.raises(DatasetError, match=f"--labels '?{rule}"):
        annotate(dataset({"a": [(1, 1), (9, 9)]}), rule)
