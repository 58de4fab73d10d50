"""Sessions: one person's sitting as it happened, and what is known of its stretches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from device.errors import DatasetError
from device.samples import Samples
from training.datasets.recordings import Recording
from training.datasets.signals.checks import signal_fault

# What a recording of a segment keeps of the time before it, at most, for the context of its first
# window.
_LEAD_S = 60.0


@dataclass(frozen=True)
class Segment:
    """A stretch of a session with a stimulus or a task.

    Attributes
    ----------
    name : str
        Of the stimulus or task; unique within the session.
    start_s, stop_s : float
        In the session's time.
    ratings : mapping of str to float
        By target, on the data set's scale; may lack any.
    classes : mapping of str to int
        By target, 0 low and 1 high, where they are known as such; may lack any.
    """

    name: str
    start_s: float
    stop_s: float
    ratings: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)

    @property
    def labelled(self) -> bool:
        """Whether anything can be learnt from it."""
        return bool(self.ratings or self.classes)


@dataclass(frozen=True)
class Session:
    """One person, one sitting, in the order in which it happened.

    Attributes
    ----------
    subject : str
        The person, unique within the data set.
    name : str
        Of the sitting, unique within the data set.
    samples : Samples
        Time in seconds since the session's start; gaps are gaps.
    segments : tuple of Segment
        In order, none overlapping another.

    Raises
    ------
    DatasetError
        If segments overlap, are out of order, empty, or share a name.
    """

    subject: str
    name: str
    samples: Samples
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        names = [segment.name for segment in self.segments]
        if len(set(names)) < len(names):
            raise DatasetError(f"{self.name}: two segments have the same name: {', '.join(names)}")
        for segment in self.segments:
            if not segment.start_s < segment.stop_s:
                raise DatasetError(
                    f"{self.name}: segment {segment.name!r} ends at {segment.stop_s:g} s, before "
                    f"it begins at {segment.start_s:g} s"
                )
        for one, other in zip(self.segments, self.segments[1:], strict=False):
            if other.start_s < one.stop_s:
                raise DatasetError(
                    f"{self.name}: segment {other.name!r} begins at {other.start_s:g} s, before "
                    f"{one.name!r} ends at {one.stop_s:g} s; segments in order that do not overlap "
                    "were expected"
                )

    def recordings(self) -> list[Recording]:
        """Return a recording of each labelled segment, with up to a minute of what came before.

        Windows are labelled by the segment in which they lie; their context may lie before it.
        """
        out = []
        time_s = self.samples.time_s
        for segment in self.segments:
            if not segment.labelled:
                continue
            inside = (time_s >= segment.start_s - _LEAD_S) & (time_s < segment.stop_s)
            first_s = float(time_s[inside][0]) if inside.any() else segment.start_s
            targets = tuple(
                t for t in ("arousal", "valence") if t in segment.ratings or t in segment.classes
            )
            out.append(
                Recording(
                    subject=self.subject,
                    stimulus=segment.name,
                    samples=Samples(time_s[inside] - first_s, self.samples.eda_us[inside]),
                    ratings=segment.ratings,
                    stimulus_start_s=segment.start_s - first_s,
                    classes=segment.classes,
                    targets=targets,
                    session=self.name,
                )
            )
        return out


def usable(sessions: Iterable[Session], skipped: Counter[str]) -> list[Recording]:
    """Return the recordings of labelled segments that can be learnt from.

    Those that cannot are counted in `skipped`, by what is wrong with their signal.
    """
    out = []
    for session in sessions:
        for recording in session.recordings():
            fault = signal_fault(recording.samples.eda_us)
            if fault is None:
                out.append(recording)
            else:
                skipped[fault] += 1
    return out
