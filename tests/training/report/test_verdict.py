"""What the report says first is what its figures allow."""

from typing import Any

import pytest

from training.folds.splits import Plan
from training.report.verdict import verdicts


def figures(
    balanced: float, interval: tuple[float, float] | None, accuracy: float = 0.6, **more: Any
) -> dict[str, Any]:
    return {
        "balanced_accuracy": balanced,
        "balanced_accuracy_95": interval and list(interval),
        "accuracy": accuracy,
        "subjects": 37,
        "confusion": [[3, 4], [5, 6]],
        **more,
    }


def told(own: dict[str, Any], plain: float = 0.5, majority: float = 0.5, **more: Any) -> Any:
    return {
        "trained_on": "EEVR (37 people)",
        "protocol": Plan().describe(),
        "targets": {
            "arousal": {
                "rtcan": own,
                "logistic_regression": figures(plain, (0.4, 0.6)),
                "majority": figures(0.5, (0.5, 0.5), majority),
            }
        },
        **more,
    }


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (figures(0.62, (0.55, 0.7)), "0.62 [0.55, 0.70], above chance (0.50) for people not seen"),
        (figures(0.54, (0.46, 0.62)), "not distinguishable from chance (0.50)"),
        (figures(0.5, (0.5, 0.5)), "not distinguishable from chance (0.50)"),
        (figures(0.4, (0.3, 0.48)), "below chance (0.50) for people not seen before: suspect"),
        (figures(0.9, None), "0.90, without an interval: too few people"),
    ],
)
def test_chance_is_told_by_the_interval(own: dict[str, Any], said: str) -> None:
    [sentence] = verdicts(told(own))
    assert sentence.startswith("Arousal: balanced accuracy ") and said in sentence


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (0.75, "a logistic regression on plain features is better (0.75)"),
        (0.65, "a logistic regression on plain features is no worse (0.65)"),
        (0.62, "a logistic regression on plain features is no worse (0.62)"),
        (0.57, "has 0.57, within the interval"),
        (0.52, "has 0.52."),
    ],
)
def test_a_losing_network_is_called_so(plain: float, said: str) -> None:
    [sentence] = verdicts(told(figures(0.62, (0.55, 0.7)), plain))
    assert said in sentence


def test_an_accuracy_under_the_majoritys_is_told() -> None:
    [sentence] = verdicts(told(figures(0.55, (0.51, 0.6), accuracy=0.47), majority=0.66))
    assert "(0.47) is below that of always answering the more frequent class (0.66)" in sentence
    assert "plain accuracy" not in verdicts(told(figures(0.55, (0.51, 0.6)), majority=0.6))[0]


@pytest.mark.parametrize(
    ("counts", "said"),
    [([[0, 5], [0, 9]], "every trial high"), ([[5, 0], [9, 0]], "every trial low")],
)
def test_one_answer_to_everything_is_told(counts: list[list[int]], said: str) -> None:
    own = figures(0.5, (0.5, 0.5), confusion=counts)
    assert f"it called {said}" in verdicts(told(own))[0]


def test_limits_of_all_figures_are_told() -> None:
    own = figures(0.9, (0.8, 1.0), subjects=6)
    plan = Plan(protocol="paper").describe()
    said = verdicts(told(own, trained_on="simulated people (no real person's data)", protocol=plan))
    assert "above chance (0.50) for people seen before" in said[0]
    assert [s.split()[0] for s in said[1:]] == ["The", "The", "With"]
    assert "simulated" in said[1] and "both sides" in said[2] and "With 6 people" in said[3]
