"""What the terminal view shows, laid out for a screen of any size.

What matters most goes last where there is little room: the chart goes first, then the news of
outputs and the timing, then the hint. The answers, the quality of the signal and what the model was
trained on stay.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field

from rich.text import Text

from device.samples import Samples
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.contract import Target
from runtime.preprocessing.events.responses import Response
from runtime.preprocessing.window import LEARNING
from runtime.sinks.charts import bar, course
from runtime.sinks.events import Label, Marker, Session, Status, Step
from runtime.sinks.minute import SHOWN_S, last_minute
from runtime.sinks.steps import panel
from runtime.sinks.words import (
    GUESS,
    Shown,
    adapted_text,
    clock,
    filling,
    guesses,
    learning,
    pace,
    responses,
    shown,
)

_COURSE = 240
# Colours that say which way, not whether that is good.
STYLES = {
    "low": "bold blue", "high": "bold dark_orange", "undecided": "bold", "withheld": "yellow",
    GUESS: "dim",
}  # fmt: skip
_LEAST_CHART = 4


@dataclass
class Shot:
    """All that a view has been told; `lines` makes the screen of it.

    Attributes
    ----------
    session : Session
        The run.
    elsewhere : tuple of str
        Where else it can be seen, such as an address; a line each.
    recent : deque of Samples
        Of the last minute.
    fill_s : float
        Seconds of signal that wait for the first window.
    prediction : Prediction or None
        The newest.
    courses : dict of str to deque
        By target, the smoothed probabilities so far.
    responses : deque of Response
        The newest.
    status, marker : Status, Marker or None
        The newest news and marker.
    lasting : dict of str to Status
        By kind, what is true of the sensor for as long as it is used.
    label : Label or None
        What the person said last.
    asked : Status or None
        What the person is asked, or told of their last label.
    step : Step or None
        Of a guided session, the newest.
    keys : bool
        Whether keys are listened to.
    silent_s : float or None
        For how long there has been no other answer, where the newest has expired.
    """

    session: Session
    elsewhere: tuple[str, ...] = ()
    recent: collections.deque[Samples] = field(default_factory=collections.deque)
    fill_s: float = 0.0
    prediction: Prediction | None = None
    courses: dict[str, collections.deque[float | None]] = field(default_factory=dict)
    responses: collections.deque[Response] = field(
        default_factory=lambda: collections.deque(maxlen=_COURSE)
    )
    status: Status | None = None
    marker: Marker | None = None
    lasting: dict[str, Status] = field(default_factory=dict)
    label: Label | None = None
    asked: Status | None = None
    keys: bool = False
    step: Step | None = None
    silent_s: float | None = None
    _asked_s: float = 0.0

    def say(self, label: Label) -> None:
        """Take what the person said, which answers what they were asked."""
        self.label, self.asked = label, None

    def ask(self, status: Status) -> None:
        """Take a question, or what is to be said of a label; it stands for a minute."""
        self.asked, self._asked_s = status, self.newest_s

    @property
    def newest_s(self) -> float:
        """Time of the newest sample (s)."""
        return float(self.recent[-1].time_s[-1]) if self.recent else 0.0

    def take(self, prediction: Prediction) -> None:
        """Take a new answer."""
        self.prediction = prediction
        for target in self.session.contract.targets:
            kept = self.courses.setdefault(target.name, collections.deque(maxlen=_COURSE))
            kept.append(shown(prediction, target).share)

    def lines(self, width: int, height: int) -> list[Text]:
        """Return at most `height` lines of at most `width` columns, the most important ones."""
        answers = self._answers(width)
        quality = _wrapped(self._quality(), width)
        provenance = _wrapped(self._provenance(), width)
        provenance += [line for x in self.elsewhere for line in _wrapped(Text(x), width)]
        hint = _wrapped(Text(self._hint(), style="dim"), width)
        adapted = [line for text in self._adapted() for line in _wrapped(text, width)]
        asking = self.asked is not None and self.newest_s - self._asked_s < SHOWN_S
        text = self.asked.text if asking and self.asked else ""
        asked = _wrapped(Text(text, style="bold"), width)
        news = [text for text in (self._outputs(), self._marked()) if text is not None]
        for status in self.lasting.values():
            news += _wrapped(Text(status.text, style="yellow"), width)
        title = self._title(width)
        guided = self._guided(width)
        if guided:
            hint = []
        # Each with how soon it goes, the highest number first; of the first four what fits stays.
        blocks = [
            (8, [title]), (0, guided), (1, answers), (5, adapted), (4, asked), (2, quality),
            (7, self._timing(width)), (6, news), (3, provenance), (9, hint),
        ]  # fmt: skip
        left = height
        chosen: dict[int, list[Text]] = {}
        for rank, lines in sorted(blocks, key=lambda block: block[0]):
            kept = lines[:left] if rank < 4 else lines
            if len(kept) <= left:
                chosen[rank] = kept
                left -= len(kept)
        # Air between title, chart, answers and the rest, where there is any.
        air = [Text()] if left >= _LEAST_CHART + 4 else []
        rows = left - (4 if guided else 3) * len(air)
        drawing = last_minute(self, width, rows) if 8 in chosen and rows >= _LEAST_CHART else []
        chosen[0] = air + chosen[0] if chosen[0] else []
        chosen[1] = air + drawing + air + chosen[1] + air
        found = [line for rank, _ in blocks for line in chosen.get(rank, [])]
        for line in found:
            line.no_wrap = True
            line.truncate(width, overflow="ellipsis")
        return found[:height]

    def _guided(self, width: int) -> list[Text]:
        if self.step is None:
            return []
        return panel(self.step, self.newest_s, width, keys=self.keys)

    def _title(self, width: int) -> Text:
        sensor = self.session.sensor
        end = pace(sensor.speed)
        text = Text.assemble(("RTCAN", "bold"), f"  {sensor.name}, {sensor.port}")
        if self.session.profile:
            text.append(f"  {self.session.profile}", style="bold")
        room = max(width - len(end) - 2 * bool(end), 8)
        text.truncate(room, overflow="ellipsis", pad=bool(end))
        return text.append(f"  {end}", style="bold yellow") if end else text

    def _answers(self, width: int) -> list[Text]:
        contract = self.session.contract
        if self.prediction is None:
            total_s = contract.context_s + contract.window_s
            speed = self.session.sensor.speed
            text = filling(self.fill_s, total_s, speed, self.session.reference_left_s or 0.0)
            return _wrapped(Text(text, style="yellow"), width)
        if self.silent_s is not None:
            text = f"no answer for {self.silent_s:.0f} s"
            return [Text(text, style="bold yellow")]
        left_s = self.prediction.window.reference_left_s
        if left_s > 0:
            return _wrapped(Text(learning(left_s), style="yellow"), width)
        rows = [(target, shown(self.prediction, target)) for target in contract.targets]
        name_width = max(len(target.name) for target, _ in rows)
        word_width = max(len("UNDECIDED"), *(len(_word(target, one)) for target, one in rows))
        number_width = max(len(_number(one)) for _, one in rows)
        return [
            self._answer(target, one, (name_width, word_width, number_width), width)
            for target, one in rows
        ]

    def _answer(self, target: Target, one: Shown, widths: tuple[int, int, int], width: int) -> Text:
        style = STYLES[one.state]
        name_width, word_width, number_width = widths
        text = Text.assemble(
            (f"{target.name:<{name_width}}", "bold"), "  ",
            (f"{_word(target, one):<{word_width}}", style), "  ",
            f"{_number(one):<{number_width}}",
        )  # fmt: skip
        room = width - len(text) - 2
        bar_width = min(max(room // 2, 8), 40)
        if room >= bar_width:
            text.append("  ").append_text(bar(one.share, bar_width, style))
        room -= bar_width + 2
        if room >= 8:
            last = list(self.courses.get(target.name, ()))[-room:]
            text.append(f"  {course(last):>{room}}", style="dim")
        return text

    def _quality(self) -> Text:
        if self.status is not None and self.status.kind != "sink":
            return Text(self.status.text, style="bold yellow")
        if self.prediction is None:
            return Text()
        window = self.prediction.window
        reasons = "; ".join(reason for reason in window.reasons if not reason.startswith(LEARNING))
        if window.reference_left_s > 0:  # nothing is answered yet, however good the signal is
            return Text(f"signal: {reasons}" if reasons else "", style="yellow")
        share = f"signal {100 * self.prediction.quality:.0f} %: "
        return Text(share + (reasons or "good"), style="yellow" if reasons else "")

    def _timing(self, width: int) -> list[Text]:
        if self.prediction is None:
            return []
        count = responses(self.prediction.scr_per_min)
        text = f"{count}; " * bool(count) + f"computed in {self.prediction.compute_ms:.1f} ms"
        # Of a source that does not run in real time, this would be the time in a queue.
        if self.session.sensor.speed is not None:
            after = f", {self.prediction.latency_ms:.1f} ms after the newest sample"
            text += after if len(text + after) <= width else ""
        return [Text(text, style="dim")]

    def _outputs(self) -> Text | None:
        troubled = [item for item in self.session.health() if item.trouble or item.missed]
        if not troubled:
            return None
        said = "; ".join(
            f"{item.name}: {item.trouble or 'works again'}"
            + (f", {item.missed} missed" if item.missed else "")
            for item in troubled
        )
        return Text(said, style="yellow")

    def _marked(self) -> Text | None:
        said = [("marked", self.marker), ("said", self.label)]
        texts = [f"{how} at {clock(x.time_s)}: {x.text}" for how, x in said if x is not None]
        return Text("; ".join(texts), style="dim") if texts else None

    def _adapted(self) -> list[Text]:
        """Return the person's own answers, which stand below the stranger's."""
        if self.prediction is None or self.silent_s is not None:
            return []
        targets = {target.name: target for target in self.session.contract.targets}
        found = self.prediction.adapted.items()
        return [Text(f"for you, {adapted_text(targets[name], one)}") for name, one in found]

    def _hint(self) -> str:
        names = [target.name for target in self.session.contract.targets]
        known = guesses(self.session.contract)
        if not known and "valence" in names:
            known = ["Valence from skin conductance is close to a guess."]
        how = "1–5 say how aroused you are, Shift or v before it the valence, c calm, t tense; "
        return " ".join(
            [
                f"{how if self.keys else ''}Ctrl-C ends.",
                *(text[0].upper() + text[1:] for text in known),
            ]
        )

    def _provenance(self) -> Text:
        return Text(f"{self.session.model}, trained on {self.session.trained_on}", style="dim")


def _word(target: Target, one: Shown) -> str:
    loud = one.share is not None and not target.words and not target.guess
    return one.word.upper() if loud else one.word


def _number(one: Shown) -> str:
    return f"{one.number} {one.change}".strip()


def _wrapped(text: Text, width: int) -> list[Text]:
    """Return text in lines of at most a width, broken between words."""
    from rich.console import Console

    return list(text.wrap(Console(width=width), width)) if text else []
