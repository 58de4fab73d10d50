"""The sink that keeps a person's profile up to date: `--profile NAME`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from device.errors import ProfileError, SignalError
from runtime.inference.pipeline import Pipeline, Prediction
from runtime.person.adaptation import Learner
from runtime.person.profile import Profile, now_text
from runtime.person.profile_file import ProfileFile
from runtime.preprocessing.reference import EARLIER_SITTINGS_S
from runtime.sinks.events import Label, Session, Status, Summary
from runtime.sinks.sink import Sink

# A program that is killed loses so much of what it learnt.
_SAVE_EVERY_S = 60.0


class ProfileKeeper(Sink):
    """Take up a profile before a run, save it every minute and at the end.

    Parameters
    ----------
    name_or_path : str
        See `runtime.person.profile_path.locate`.
    pipeline : Pipeline
        Whose reference goes on from the profile's.
    learner : Learner or None
        That goes on from what labels taught.

    Raises
    ------
    device.errors.ProfileError
        If the profile is in use, cannot be read or written, or belongs to a model with other units.
    """

    name = "profile"
    audience = False

    def __init__(
        self, name_or_path: str, pipeline: Pipeline, learner: Learner | None = None
    ) -> None:
        self._file = ProfileFile(name_or_path)
        self._reference = pipeline.preprocessor.reference
        self._learner = learner
        self._file.claim()
        try:
            self._profile = self._file.load_or_new(pipeline.contract)
            if self._reference is not None and self._profile.reference is not None:
                self._reference.load(self._profile.reference, EARLIER_SITTINGS_S)
            if learner is not None and learner.model_sha256 in self._profile.adaptations:
                learner.load(self._profile.adaptations[learner.model_sha256])
        except SignalError as error:
            self.release()
            raise ProfileError(f"The profile {name_or_path} cannot be used: {error}") from error
        except BaseException:
            self.release()
            raise
        self._session: Session | None = None
        self._began = ""
        self._first_s: float | None = None
        self._newest_s = 0.0
        self._windows = self._answered = 0
        self._saved_s = time.monotonic()
        self._labels: list[dict[str, Any]] = []
        self._enrolment: dict[str, Any] | None = None

    @property
    def profile(self) -> Profile:
        """The profile as it was before this run."""
        return self._profile

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self._file.path

    @property
    def damage(self) -> str | None:
        """What was wrong with its file, and what was done about it; None where nothing was."""
        return self._file.note

    def news(self) -> list[Status]:
        """Return what is to be said of it at the beginning of a run; it names nobody."""
        found = [self.damage] if self.damage is not None else []
        profile = self._profile
        if profile.sessions:
            last = str(profile.sessions[-1].get("began", ""))[:10]
            sittings = f"{profile.sessions_seen} earlier sitting{'s' * (profile.sessions_seen > 1)}"
            text = f"known from {sittings}, the last of {last}"
            if profile.reference is not None:
                text += f": {profile.known_s / 60:.0f} min of usual signal"
            found.append(text)
        return [Status("profile", text) for text in found]

    def release(self) -> None:
        """Let other processes have it."""
        self._file.release()

    def start(self, session: Session) -> None:
        """Begin a sitting."""
        self._session = session
        self._began = now_text()

    def prediction(self, prediction: Prediction) -> None:
        """Count it, and save now and then."""
        window = prediction.window
        if self._first_s is None:
            self._first_s = window.start_s
        self._newest_s = window.end_s
        self._windows += 1
        self._answered += not prediction.withheld
        if time.monotonic() - self._saved_s >= _SAVE_EVERY_S:
            self._saved_s = time.monotonic()
            self._save_or_say()

    def label(self, label: Label) -> None:
        """Keep what the person said."""
        reading = None if self._session is None else self._session.clock.reading
        self._labels.append(
            {
                "utc": (reading and reading.utc_text(label.time_s)) or now_text(),
                "time_s": round(label.time_s, 3),
                "target": label.target,
                "value": label.value,
                "text": label.text,
                "source": label.source,
            }
        )

    def close(self, summary: Summary) -> None:
        """Save the sitting, if there was one, and let the profile go."""
        try:
            if self._windows or self._labels:
                self._save()
        finally:
            self.release()

    def enrol(self, measured: dict[str, Any]) -> None:
        """Take what a guided session measured; it is kept with all of its labels, or not at all."""
        self._enrolment = {"utc": now_text(), **measured}

    def _save_or_say(self) -> None:
        try:
            self._save()
        except ProfileError as error:
            self.trouble = f"{error} Trying again every minute."
        else:
            self.trouble = None

    def _save(self) -> None:
        try:
            self._file.save(self._now())
        except ProfileError as error:
            # What troubles a sink reaches recordings and other programs: it names nobody.
            why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else "unknown"
            raise ProfileError(f"the profile cannot be written: {why}.") from error

    def _now(self) -> Profile:
        """Return the profile with this sitting as far as it has come."""
        changed: dict[str, Any] = {}
        if self._reference is not None:
            changed["reference"] = self._reference.to_dict()
        if self._enrolment is not None:
            changed["enrolment"] = self._enrolment
        if self._learner is not None and (learnt := self._learner.to_dict()):
            changed["adaptations"] = {
                **self._profile.adaptations,
                self._learner.model_sha256: learnt,
            }
        return self._profile.with_session(self._sitting(), self._labels, **changed)

    def _sitting(self) -> dict[str, Any]:
        assert self._session is not None
        return {
            "began": self._began,
            "sensor": self._session.sensor.name,
            "model": self._session.model,
            "model_sha256": self._session.model_sha256,
            "signal_s": round(self._newest_s - (self._first_s or 0.0), 3),
            "windows": self._windows,
            "answered": self._answered,
            "labels": len(self._labels),
        }
