"""The words in which every view shows an answer: one place, so that none contradicts another.

`runtime/dashboard/static/words.js` says the same in a browser.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from device.text import clean
from runtime.inference.decision import WITHHELD
from runtime.inference.pipeline import Adapted, Decision, Prediction
from runtime.preprocessing.contract import Contract, Target
from runtime.preprocessing.window import LEARNING

# State of a target whose answer is no more than a guess: it has no colour.
GUESS = "guess"


@dataclass(frozen=True)
class Shown:
    """What is shown of one target's answer.

    Attributes
    ----------
    state : str
        "low", "high" (of the target's two classes), "undecided" or "withheld"; "guess" for any
        answer about a target that is a guess.
    word : str
        The state in a few words: the contract's, where it has some.
    share : float or None
        Smoothed probability of the second class, 0 to 1, to which the state belongs.
    number : str
        The share in words, such as "57 % high", without the word where it is that of the state
        already: "as in a mental task", "57 %"; "" without one.
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
        yet = " yet" if prediction.window.reference_left_s > 0 else ""
        return Shown(WITHHELD, f"no answer{yet}", None, "")
    if decision.state == WITHHELD:
        return Shown(WITHHELD, f"at rest, {prediction.baseline_left_s:.0f} s left", None, "")
    sides = dict(zip(target.classes, ("low", "high"), strict=True))
    means = dict(zip(target.classes, words(target) or target.classes, strict=True))
    word, high = means.get(decision.state, decision.state), means[target.classes[1]]
    number = f"{100 * decision.smoothed:.0f} %"
    if not (target.words and word == high):
        number += f" {high}"
    return Shown(
        GUESS if target.guess else sides.get(decision.state, decision.state),
        f"a guess: {word}" if target.guess else word,
        decision.smoothed,
        number,
        _change(decision),
    )


def adapted_text(target: Target, adapted: Adapted) -> str:
    """Return what is shown of an answer adapted to the person.

    Such as "arousal: high 78 %; +12 points with 5 labels since 25 Nov 14:03".
    """
    taught = f"{adapted.labels} label{'s' * (adapted.labels != 1)} since "
    taught += time.strftime("%d %b %H:%M", time.localtime(adapted.since_utc_s))
    if adapted.smoothed is None:
        return f"{target.name}: no answer; {taught}"
    means = dict(zip(target.classes, words(target) or target.classes, strict=True))
    word, high = means.get(adapted.state, adapted.state), means[target.classes[1]]
    text = f"{target.name}: {word} {100 * adapted.smoothed:.0f} %"
    text += "; " if word == high else f" {high}; "
    if adapted.difference is not None:
        points = round(100 * adapted.difference)
        text += f"{points:+d} points".replace("-", "−") if points else "no different"
        text += " with "
    return text + taught


def words(target: Target) -> tuple[str, ...]:
    """Return what a target's classes mean, low first; empty where their names say it."""
    return tuple(clean(word) for word in target.words)


def meaning(target: Target) -> str:
    """Return a target's classes and what they mean, such as "low (as at rest) / high"."""
    if not target.words:
        return " / ".join(target.classes)
    pairs = zip(target.classes, words(target), strict=True)
    return " / ".join(f"{name} ({word})" for name, word in pairs)


def guess(target: Target) -> str:
    """Return a sentence that says that a target is a guess, and why; "" where it is none."""
    return f"{target.name} is a guess: {clean(target.guess)}" if target.guess else ""


def guesses(contract: Contract) -> list[str]:
    """Return such a sentence for every target that is a guess."""
    return [text for target in contract.targets if (text := guess(target))]


def learnt(contract: Contract) -> str:
    """Return what a model's answers are and from whom it learnt them: a sentence.

    Such as "Its arousal is as at rest or as in a mental task, learnt from NAME (34 people)".
    """
    told = []
    for target in contract.targets:
        what = "a guess" if target.guess else " or ".join(words(target) or target.classes)
        source = clean(target.trained_on or contract.trained_on)
        told.append(f"its {clean(target.name)} is {what}, learnt from {source}")
    text = "; ".join(told)
    return text[:1].upper() + text[1:]


def learning(left_s: float) -> str:
    """Return what is waited for while the personal reference is learnt; "" once it is known."""
    return f"{LEARNING}: {math.ceil(left_s)} s left" if left_s > 0 else ""


def responses(per_min: int | None) -> str:
    """Return how many responses the last minute had, in words; "" where that is not known."""
    if per_min is None:
        return ""
    return f"{per_min or 'no'} response{'s' * (per_min != 1)} per minute"


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


def filling(fill_s: float, total_s: float, speed: float | None, reference_s: float = 0.0) -> str:
    """Return how far the first window is, or the first answer where a reference takes longer."""
    what = "answer" if reference_s > total_s else "window"
    total_s = max(total_s, reference_s)
    text = f"first {what}: {min(fill_s, total_s):.0f} of {total_s:.0f} s of signal"
    return f"{text}, at {pace(speed)}" if pace(speed) else text
