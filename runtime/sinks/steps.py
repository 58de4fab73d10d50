"""How a step of a guided session looks at a moment: one place for every view.

`runtime/dashboard/static/guide.js` says the same in a browser.
"""

from __future__ import annotations

import math

from rich.text import Text

from runtime.sinks.events import Step
from runtime.sinks.words import clock

MEASURING = ("rest", "arithmetic")


def title(step: Step) -> str:
    """Return what is under way, such as "Step 2 of 3: arithmetic"."""
    if step.kind in MEASURING:
        return f"Step {step.index + 1} of {step.count}: {step.kind}"
    return {"recap": "What was measured", "stopped": "Stopped"}.get(step.kind, "")


def left_s(step: Step, now_s: float) -> float:
    """Return how long it goes on, seconds."""
    return min(max(step.time_s + step.duration_s - now_s, 0.0), step.duration_s)


def share(step: Step, now_s: float) -> float:
    """Return how much of it has passed, 0 to 1."""
    return 1.0 - left_s(step, now_s) / step.duration_s if step.duration_s else 1.0


def breath(step: Step, now_s: float) -> tuple[str, float] | None:
    """Return what to do, and how full the lungs are, 0 to 1; None where breathing is free."""
    if step.breath_s is None:
        return None
    in_s, out_s = step.breath_s
    at_s = max(now_s - step.time_s, 0.0) % (in_s + out_s)
    if at_s < in_s:
        return "breathe in", at_s / in_s
    return "breathe out", 1.0 - (at_s - in_s) / out_s


def number(step: Step, now_s: float) -> int | None:
    """Return where the person should be by now; None where nothing is counted."""
    if step.numbers is None:
        return None
    first, less, every_s = step.numbers
    passed = math.floor(max(now_s - step.time_s, 0.0) / every_s)
    return first - less * min(passed, first // less)


def panel(step: Step, now_s: float, width: int, *, keys: bool) -> list[Text]:
    """Return the lines of a terminal, at most `width` columns, for a step; [] where it is over."""
    if step.kind == "over" or not title(step):
        return []
    measuring = step.kind in MEASURING
    head = Text(title(step), style="bold")
    if measuring:
        head.append(f"   {clock(math.ceil(left_s(step, now_s)))} left", style="dim")
    lines = [head]
    if measuring:
        lines.append(_bar(share(step, now_s), width, "cyan"))
    lines += [Text(), Text(step.text)] if step.text else []
    lung = breath(step, now_s)
    if lung is not None:
        lines += [Text(), Text(lung[0], style="bold green"), _bar(lung[1], width, "green")]
    count = number(step, now_s)
    if count is not None and step.numbers is not None:
        first, less, _ = step.numbers
        how = f"   from {first}, minus {less} each time"
        lines += [Text(), Text.assemble((f"{count}", "bold magenta"), (how, "dim"))]
    lines += [Text(line) for line in step.lines]
    if keys and step.kind != "stopped":
        end = "n goes on" if step.kind == "recap" else "n skips this step"
        stop = "" if step.kind == "recap" else ", q stops; nothing is kept before the end"
        lines += [Text(), Text(f"{end}, r starts again{stop}", style="dim")]
    return [part for line in lines for part in (_broken(line, width) if line else [line])]


def _bar(value: float, width: int, style: str) -> Text:
    full = round(value * width)
    return Text.assemble(("━" * full, style), ("╌" * (width - full), "dim"))


def _broken(line: Text, width: int) -> list[Text]:
    from rich.console import Console

    return list(line.wrap(Console(width=width), width))
