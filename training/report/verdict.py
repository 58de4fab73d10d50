"""What can be said of a run's figures, and what not, in a sentence or two for each target."""

from __future__ import annotations

from typing import Any

# Fewer people than this tell little, whatever the interval.
_FEW = 10


def verdicts(told: dict[str, Any]) -> list[str]:
    """Return the verdict on each target, and what limits all of them.

    Parameters
    ----------
    told : dict
        What stands in metrics.json.
    """
    return [
        *(_target(target, figures, told) for target, figures in told["targets"].items()),
        *_elsewhere(told),
        *_limits(told),
    ]


def with_interval(figures: dict[str, Any], name: str) -> str:
    """Return a figure and its 95 % interval as text; a dash where there is none."""
    if figures[name] is None:
        return "–"
    interval = figures[f"{name}_95"]
    ends = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    return f"{figures[name]:.2f}{ends}"


def _target(target: str, figures: dict[str, Any], told: dict[str, Any]) -> str:
    own, plain, most = (figures[m] for m in ("rtcan", "logistic_regression", "majority"))
    balanced = own["balanced_accuracy"]
    figure = with_interval(own, "balanced_accuracy")
    interval = own["balanced_accuracy_95"]
    whom = (
        "people seen before" if told["protocol"].startswith("paper") else "people not seen before"
    )
    if interval is None:
        found = f"{figure}, without an interval: too few people to say more"
    elif interval[0] > 0.5:
        found = f"{figure}, above chance (0.50) for {whom}"
    elif interval[1] < 0.5:
        found = f"{figure}, below chance (0.50) for {whom}: suspect the labels or the split"
    else:
        found = f"{figure}, not distinguishable from chance (0.50) for {whom}"
    parts = [f"{target.capitalize()}: balanced accuracy {found}"]
    other = plain["balanced_accuracy"]
    if interval is not None and other > interval[1]:
        parts.append(f"a logistic regression on plain features is better ({other:.2f})")
    elif balanced <= other:
        parts.append(f"a logistic regression on plain features is no worse ({other:.2f})")
    elif interval is not None and other >= interval[0]:
        parts.append(
            f"a logistic regression on plain features has {other:.2f}, within the interval"
        )
    else:
        parts.append(f"a logistic regression on plain features has {other:.2f}")
    (low_low, low_high), (high_low, high_high) = own["confusion"]
    if 0 in (low_low + high_low, low_high + high_high):
        parts.append(f"it called every trial {'high' if low_high + high_high else 'low'}")
    if own["accuracy"] < most["accuracy"]:
        parts.append(
            f"its plain accuracy ({own['accuracy']:.2f}) is below that of always answering the "
            f"more frequent class ({most['accuracy']:.2f})"
        )
    return "; ".join(parts) + "."


def _elsewhere(told: dict[str, Any]) -> list[str]:
    """Return the verdict on the final model on another data set, where it was tested on one."""
    moved = told.get("transfer")
    if moved is None:
        return []
    return [
        f"Learnt from {told['dataset']}, tested on {moved['dataset']}: "
        + _target(target, figures, {"protocol": "subject"})
        for target, figures in moved["targets"].items()
    ]


def _limits(told: dict[str, Any]) -> list[str]:
    limits = []
    if told["trained_on"].startswith("simulated"):
        limits.append("The people are simulated: this shows that the program works, nothing else.")
    if told["protocol"].startswith("paper"):
        limits.append(
            "The same people stand on both sides of every fold: these figures say nothing about "
            "people not seen before. --protocol subject measures that."
        )
    people = min(figures["rtcan"]["subjects"] for figures in told["targets"].values())
    if people < _FEW:
        limits.append(f"With {people} people tested, other people may give quite other figures.")
    return limits
