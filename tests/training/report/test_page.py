"""What the report's parts show."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.datasets import synthetic
from training.evaluation.experiment import strict
from training.labels.annotation import annotate
from training.report import plots
from training.report.annotation_figure import figure
from training.report.order import natural
from training.report.theme import CSS, themed


def test_names_stand_in_the_order_of_their_numbers() -> None:
    names = ["11", "1", "P10", "2", "p2", "P9", "10", ""]
    assert sorted(names, key=natural) == ["", "1", "2", "10", "11", "P9", "P10", "p2"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    assert Counter(sorted(names, key=natural)) == Counter(names)


@pytest.mark.parametrize(("rule", "panels"), [("midpoint", 4), ("median", 2), ("fixed:5", 2)])
def test_clusters_are_drawn_only_where_there_are_any(rule: str, panels: int) -> None:
    made = annotate(synthetic.load(people=1, trials=8), rule)
    drawn = figure(made.lines["p01"], (1.0, 9.0))
    assert drawn.count("<rect") == panels
    assert ("two clusters" in drawn) == (panels == 4)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_an_interval_of_a_share_holds_it(share: float, count: int) -> None:
    low, high = plots.wilson(np.array([share]), np.array([float(count)]))
    assert -1e-9 <= low[0] <= share <= high[0] <= 1 + 1e-9


def test_wilsons_interval_is_the_known_one() -> None:
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E): 81/263.
    low, high = plots.wilson(np.array([81 / 263]), np.array([263.0]))
    assert (low[0], high[0]) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_bins_of_few_windows_are_not_drawn() -> None:
    many, few = [0.3, 0.4, 400], [0.9, 1.0, plots.FEW_WINDOWS - 1]

    def points(*bins: list[float]) -> int:
        told = {
            kind + name: value
            for kind in ("", "balanced_")
            for name, value in (("before", bins), ("after", bins), ("error_before", 0.1),
                                ("error_after", 0.1))
        }  # fmt: skip
        drawn = plots.reliabilities({"targets": {"arousal": {"calibration": told}}})
        return drawn.count("<use ")

    assert points(many, few) == points(many)
    assert points(many, [0.9, 1.0, plots.FEW_WINDOWS]) > points(many)
    points()  # nothing to draw is no error


def test_pictures_take_the_pages_colours() -> None:
    told = {"targets": {"arousal": {"rtcan": {"confusion": [[1, 2], [3, 4]]}}}}
    drawn = plots.confusions(told)
    used = set(re.findall(r"var\(--(\w+)\)", drawn))
    assert {"ink", "blue"} <= used
    # Each is defined for a light and for a dark page.
    assert all(CSS.count(f"--{name}: ") == 2 for name in used)
    assert not re.search(r"#(?!fff|000)[0-9a-f]{6}\b", themed(drawn))


def test_a_loss_that_diverged_is_null_in_json_and_a_gap_in_the_curve() -> None:
    epoch = {"number": 1, "train_loss": 0.7, "validation_loss": 0.7, "best": True}
    lost = {**epoch, "number": 2, "validation_loss": float("nan"), "best": False}
    told = strict({"history": {"a": [epoch, lost]}, "fold_history": {"a": [[epoch, lost]]}})
    assert "null" in json.dumps(told, allow_nan=False)
    assert plots.learning_curves({**told, "targets": {"a": {}}}).startswith("<svg")
