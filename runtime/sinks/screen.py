"""What the terminal view shows, laid out for a screen of any size.

What matters most goes last where there is little room: the chart goes first, then the news of
outputs and the timing, then the hint. The answers, the quality of the signal and what the model was
trained on stay.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field

import numpy as np
from rich.text import Text

from device.samples import Samples
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.contract import Target
from runtime.preprocessing.window import LEARNING
from runtime.sinks.charts import LABEL, Line, bar, chart, course
from runtime.sinks.events import Label, Marker, Session, Status
from runtime.sinks.words import (
    GUESS,
    Shown,
    adapted_text,
    clock,
    filling,
    guesses,
    learning,
    pace,
    shown,
)

SHOWN_S = 60.0
_COURSE = 240
# Colours that say which way, not whether that is good.
STYLES = {
    "low": "bold blue", "high": "bold dark_orange", "undecided": "bold", "withheld": "yellow",
    GUESS: "dim",
}  # fmt: skip
_EDA, _TONIC, _PHASIC = "cyan", "magenta", "yellow"
_LEAST_CHART = 4


@dataclass
class Shot:
    """All that a view has been told; `lines` makes the screen of it.

    Attributes
    ----------
    session : Session
        The run.
    recent : deque of Samples
        Of the last minute.
    fill_s : float
        Seconds of signal that wait for the first window.
    prediction : Prediction or None
        The newest.
    courses : dict of str to deque
        By target, the smoothed probabilities so far.
    status, marker : Status, Marker or None
        The newest news and marker.
    label : Label or None
        What the person said last.
    asked : Status or None
        What the person is asked, or told of their last label.
    keys : bool
        Whether keys are listened to.
    silent_s : float or None
        For how long there has been no other answer, where the newest has expired.
    """

    session: Session
    recent: collections.deque[Samples] = field(default_factory=collections.deque)
    fill_s: float = 0.0
    prediction: Prediction | None = None
    courses: dict[str, collections.deque[float | None]] = field(default_factory=dict)
    status: Status | None = None
    marker: Marker | None = None
    label: Label | None = None
    asked: Status | None = None
    keys: bool = False
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
        hint = _wrapped(Text(self._hint(), style="dim"), width)
        adapted = [line for text in self._adapted() for line in _wrapped(text, width)]
        asking = self.asked is not None and self.newest_s - self._asked_s < SHOWN_S
        text = self.asked.text if asking and self.asked else ""
        asked = _wrapped(Text(text, style="bold"), width)
        news = [text for text in (self._outputs(), self._marked()) if text is not None]
        title = self._title(width)
        # Each with how soon it goes, the highest number first; of the last three what fits stays.
        blocks = [
            (7, [title]), (0, answers), (4, adapted), (3, asked), (1, quality),
            (6, self._timing()), (5, news), (2, provenance), (8, hint),
        ]  # fmt: skip
        left = height
        chosen: dict[int, list[Text]] = {}
        for rank, lines in sorted(blocks, key=lambda block: block[0]):
            kept = lines[:left] if rank < 3 else lines
            if len(kept) <= left:
                chosen[rank] = kept
                left -= len(kept)
        # Air between title, chart, answers and the rest, where there is any.
        air = [Text()] if left >= _LEAST_CHART + 4 else []
        rows = left - 3 * len(air)
        drawing = self._charts(width, rows) if 7 in chosen and rows >= _LEAST_CHART else []
        chosen[0] = air + drawing + air + chosen[0] + air
        found = [line for rank, _ in blocks for line in chosen.get(rank, [])]
        for line in found:
            line.no_wrap = True
            line.truncate(width, overflow="ellipsis")
        return found[:height]

    def _title(self, width: int) -> Text:
        sensor = self.session.sensor
        end = pace(sensor.speed)
        text = Text.assemble(("RTCAN", "bold"), f"  {sensor.name}, {sensor.port}")
        if self.session.profile:
            text.append(f"  {self.session.profile}", style="bold")
        room = max(width - len(end) - 2 * bool(end), 8)
        text.truncate(room, overflow="ellipsis", pad=bool(end))
        return text.append(f"  {end}", style="bold yellow") if end else text

    def _charts(self, width: int, rows: int) -> list[Text]:
        """Return EDA with its tonic part, and the phasic part below, one time axis for both."""
        columns = max(width - LABEL, 8)
        if not self.recent:
            lines = [Text() for _ in range(rows)]
            lines[rows // 2] = Text("waiting for the first samples …".center(width), style="dim")
            return lines
        time_s = np.concatenate([part.time_s for part in self.recent])
        eda_us = np.concatenate([part.eda_us for part in self.recent])
        end_s = max(float(time_s[-1]), SHOWN_S)
        begin_s = end_s - SHOWN_S
        parts_s = tonic_us = phasic_us = np.empty(0)
        window = self.prediction.window if self.prediction is not None else None
        if window is not None and window.tonic_us.size:
            tonic_us, phasic_us = window.tonic_us, window.phasic_us
            parts_s = window.start_s + np.arange(tonic_us.size) / self.session.contract.rate_hz
        level: list[Line] = [(_EDA, time_s, eda_us), (_TONIC, parts_s, tonic_us)]
        phasic: list[Line] = [(_PHASIC, parts_s, phasic_us)]
        below = round(0.3 * (rows - 1)) if rows >= 7 else 0
        drawn = chart(level, begin_s, end_s, columns, rows - 1 - below)
        if below:
            drawn += chart(phasic, begin_s, end_s, columns, below)
        names = [("EDA", _EDA), ("tonic", _TONIC), ("phasic", _PHASIC)][: 3 if below else 2]
        left, right = clock(begin_s), clock(end_s)
        legend = Text("  ").join([Text(name, style=style) for name, style in names])
        space = max(columns - len(left) - len(right) - len(legend), 2)
        axis = Text.assemble(
            (" " * LABEL + left, "dim"), " " * (space // 2), legend, " " * (space - space // 2),
            (right, "dim"),
        )  # fmt: skip
        return [*drawn, axis]

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

    def _timing(self) -> list[Text]:
        if self.prediction is None:
            return []
        text = f"computed in {self.prediction.compute_ms:.1f} ms"
        # Of a source that does not run in real time, this would be the time in a queue.
        if self.session.sensor.speed is not None:
            text += f", {self.prediction.latency_ms:.1f} ms after the newest sample"
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
