"""The words in which every view shows an answer: one place, so that none contradicts another.

`runtime/dashboard/static/words.js` says the same in a browser.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.inference.decision import WITHHELD
from runtime.inference.pipeline import Decision, Prediction
from runtime.preprocessing.contract import Target


@dataclass(frozen=True)
class Shown:
    """What is shown of one target's answer.

    Attributes
    ----------
    state : str
        "low", "high" (of the target's two classes), "undecided" or "withheld".
    word : str
        The state in a word or two.
    share : float or None
        Smoothed probability of the second class, 0 to 1, to which the state belongs.
    number : str
        The share in words, such as "57 % high"; "" without one.
    change : str
        The change against rest in percentage points; "" without one.
    """

    state: str
    word: str
    share: float | None
    number: str
    change: str = ""


def shown(prediction: Prediction, target: Target) -> Shown:
    """Return what every view shows of one target: the state and the number that it follows from."""
    decision = prediction.decisions.get(target.name)
    if decision is None or decision.smoothed is None:
        return Shown(WITHHELD, "no answer", None, "")
    if decision.state == WITHHELD:
        return Shown(WITHHELD, f"at rest, {prediction.baseline_left_s:.0f} s left", None, "")
    number = f"{100 * decision.smoothed:.0f} % {target.classes[1]}"
    return Shown(
        _state(decision, target), decision.state, decision.smoothed, number, _change(decision)
    )


def _state(decision: Decision, target: Target) -> str:
    names = {target.classes[0]: "low", target.classes[1]: "high"}
    return names.get(decision.state, decision.state)


def _change(decision: Decision) -> str:
    if decision.change is None:
        return ""
    return f"{100 * decision.change:+.0f}".replace("-", "−")


def clock(time_s: float) -> str:
    """Return a point in time as minutes and seconds, such as 6:23, from an hour on as 1:06:23."""
    whole = round(abs(time_s))
    sign = "−" if time_s <= -0.5 else ""
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"{sign}{minutes}:{seconds:02}"


def pace(speed: float | None) -> str:
    """Return how fast time passes where that is not life's pace; "" where it is."""
    if speed is None:
        return "the highest speed possible"
    return "" if speed == 1 else f"{speed:g}× real time"


def filling(fill_s: float, total_s: float, speed: float | None) -> str:
    """Return how far the first window is."""
    text = f"first window: {min(fill_s, total_s):.0f} of {total_s:.0f} s of signal"
    return f"{text}, at {pace(speed)}" if pace(speed) else text
