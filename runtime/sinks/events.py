"""What sinks are told: the run, news of its sensor, markers, and how it ended.

Here is the border: text that a person, a file or another program wrote is cleaned when an event is
made (`device.text.clean`), and every sink may write it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from device.sensor import SensorCounters, SensorInfo
from device.text import clean
from device.timing.sample_clock import SampleClock
from runtime.inference.decision import DecisionSettings
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.events.responses import Response


@dataclass(frozen=True)
class Status:
    """Something about the sensor that the user should know.

    Attributes
    ----------
    kind : str
        "disconnected", "reconnected", "silent", "electrodes", "rate", "resolution" or "suspended";
        "sink" for news of a sink; "model" where none was named; "profile" for what is known of the
        person; "hint" for what is to be said of a label; "question" for what the person is asked.
    text : str
        In plain words.
    """

    kind: str
    text: str

    def __post_init__(self) -> None:
        _clean(self, "text")


@dataclass(frozen=True)
class SinkHealth:
    """How a sink is doing.

    Attributes
    ----------
    name : str
        "jsonl", "mqtt", "recording" and so on.
    missed : int
        Events (groups of samples, predictions, markers, news) that did not get through.
    trouble : str or None
        What is wrong with it now, in plain words; None when nothing is.
    """

    name: str
    missed: int = 0
    trouble: str | None = None

    def __post_init__(self) -> None:
        _clean(self, "trouble")


@dataclass(frozen=True)
class Marker:
    """Something that a person wanted to have noted.

    Attributes
    ----------
    time_s : float
        When, in the samples' time.
    text : str
        What.
    """

    time_s: float
    text: str

    def __post_init__(self) -> None:
        _clean(self, "text")


@dataclass(frozen=True)
class Label:
    """What a person said of how they feel.

    Attributes
    ----------
    time_s : float
        When, in the samples' time.
    target : str
        "arousal" or "valence", whether or not the model answers about it.
    value : float
        0 (lowest) to 1 (highest).
    text : str
        As it was said: "arousal 4", "calm".
    source : str
        Where: "terminal", "dashboard", "websocket", "mqtt", "recording" or "enrolment".
    """

    time_s: float
    target: str
    value: float
    text: str
    source: str

    def __post_init__(self) -> None:
        _clean(self, "text", "source")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a guided session, told when it begins; `runtime.sinks.steps` shows it.

    Attributes
    ----------
    time_s : float
        When it began, in the samples' time.
    kind : str
        "rest" and "arithmetic" measure; "recap" says what was measured; "over" and "stopped" end.
    index, count : int
        Which of the steps that measure, from 0, and how many there are.
    duration_s : float
        How long it lasts, where nobody skips it.
    text : str
        What to do.
    breath_s : (float, float) or None
        Seconds to breathe in and out.
    numbers : (int, int, float) or None
        First number, what is taken from it, and after how many seconds each time.
    lines : tuple of str
        What was measured.
    """

    time_s: float
    kind: str
    index: int
    count: int
    duration_s: float
    text: str = ""
    breath_s: tuple[float, float] | None = None
    numbers: tuple[int, int, float] | None = None
    lines: tuple[str, ...] = ()


Event = Status | Marker | Label | Step | Response


def _no_sinks() -> tuple[SinkHealth, ...]:
    return ()


def _no_markers(text: str) -> None:
    """Take a marker when nobody listens."""


def _no_words(words: str, source: str) -> str | None:
    """Take a label when nobody listens."""
    return "nobody listens"


@dataclass(frozen=True)
class Session:
    """What holds for a whole run.

    Attributes
    ----------
    sensor : SensorInfo
        As it was when the run began.
    model : str
        Name of the model file.
    contract : Contract
        The model's.
    model_sha256 : str
        Of the model file; "" where it is not known.
    settings : DecisionSettings
        How decisions are made.
    health : callable
        Returns the state of all sinks; to be asked from any thread.
    mark : callable
        Takes the text of a marker, which then reaches all sinks; to be called from any thread.
    say : callable
        Takes what a person said of how they feel, such as "calm" or "arousal 4", and where; to be
        called from any thread. Returns why it is not kept, or None. See `runtime.person.said`.
    trained_on : str
        What the model learnt from, to stand beside every prediction; "" for the contract's words.
    clock : SampleClock
        How the samples' time stands to the computer's clocks; to be read from any thread.
    profile : str
        Whose profile is in use; "" without one. For the person's own eyes: the terminal, the page.
    profile_named : bool
        Whether what is kept or sent elsewhere may name the profile too.
    reference_left_s : float or None
        Seconds of believable signal that the personal reference needed when the run began, which a
        profile spares; None for all that the contract says.
    reference : dict or None
        State of the personal reference when the run began, where it was not empty: with it a
        recording can be computed again.
    """

    sensor: SensorInfo
    model: str
    contract: Contract
    model_sha256: str = ""
    settings: DecisionSettings = field(default_factory=DecisionSettings)
    health: Callable[[], tuple[SinkHealth, ...]] = _no_sinks
    mark: Callable[[str], None] = _no_markers
    say: Callable[[str, str], str | None] = _no_words
    trained_on: str = ""
    clock: SampleClock = field(default_factory=SampleClock)
    profile: str = ""
    profile_named: bool = False
    reference_left_s: float | None = None
    reference: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.trained_on:
            object.__setattr__(self, "trained_on", self.contract.trained_on)
        if self.reference_left_s is None:
            object.__setattr__(self, "reference_left_s", self.contract.reference_s)
        _clean(self, "model", "trained_on", "profile")


@dataclass(frozen=True)
class Summary:
    """What a run gave.

    Attributes
    ----------
    seconds : float
        How long it ran.
    counters : SensorCounters
        Samples read, missing, lost on the wire; reconnections.
    overrun : int
        Samples dropped because the computer was too slow.
    windows, withheld : int
        Windows judged, and those of them without an answer.
    latency_ms, compute_ms : (float, float) or None
        Median and 99th percentile of the last hour or so; None without any window. Latency is None
        too for a recording that is played as fast as possible: it would be the file's wait.
    sinks : tuple of SinkHealth
        What every sink missed, and what was wrong with it at the end.
    speed : float or None
        How many times faster than life the sensor's time passed; None for as fast as possible.
    signal_s : float
        From the first sample to the last, in their time.
    """

    seconds: float
    counters: SensorCounters
    overrun: int
    windows: int
    withheld: int
    latency_ms: tuple[float, float] | None
    compute_ms: tuple[float, float] | None
    sinks: tuple[SinkHealth, ...] = ()
    speed: float | None = 1.0
    signal_s: float = 0.0


def _clean(event: object, *names: str) -> None:
    """Clean fields of a frozen event that is being made."""
    for name in names:
        text = getattr(event, name)
        if text is not None:
            object.__setattr__(event, name, clean(str(text)))
