"""A person's profile: what a run learnt of them and the next one goes on from.

It holds running sums, labels and counts, never raw signal. Its JSON form carries a checksum, so
that a damaged file is noticed and not taken for another person.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from device.digest import sha256
from device.errors import ProfileError
from device.text import clean
from runtime.preprocessing.contract import Contract

FORM, SCHEMA = "rtcan-profile", 1
# Constants that give the reference's numbers their meaning; the others may differ.
UNITS = (
    "rate_hz", "context_s", "window_s", "hop_s", "units", "normalisation", "reference_s",
    "reference_span_s", "features", "max_gap_s", "max_gap_share", "min_std_us", "cvxeda", "quality",
)  # fmt: skip
# Of the newest sittings and labels so many are kept; all are counted.
KEPT_SESSIONS, KEPT_LABELS = 200, 5000
_KINDS: dict[str, type | tuple[type, ...]] = {
    "name": str, "created": str, "updated": str, "versions": dict, "preprocessing": dict,
    "reference": (dict, type(None)), "adaptations": dict, "enrolment": (dict, type(None)),
    "sessions": list, "sessions_seen": int, "labels": list, "labels_seen": int,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is known of one person.

    Attributes
    ----------
    name : str
        Whose it is, as the user calls them.
    preprocessing : dict
        The contract's constants in whose units `reference` is; see `units_of`.
    created, updated : str
        UTC, ISO 8601; "" before it was saved.
    versions : dict of str to str
        Of the packages that saved it last.
    reference : dict or None
        State of `runtime.preprocessing.reference.Reference`; None where a model needs none.
    adaptations : dict of str to dict
        By SHA-256 of a model, what its adaptation learnt from labels.
    enrolment : dict or None
        What the guided first session measured.
    sessions : list of dict
        The newest sittings: when, how long, how many windows and labels.
    sessions_seen : int
        How many sittings there were.
    labels : list of dict
        The newest labels: when (UTC), target, value from 0 to 1, and how it was said.
    labels_seen : int
        How many labels there were.
    """

    name: str
    preprocessing: dict[str, Any]
    created: str = ""
    updated: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    reference: dict[str, Any] | None = None
    adaptations: dict[str, dict[str, Any]] = field(default_factory=dict)
    enrolment: dict[str, Any] | None = None
    sessions: list[dict[str, Any]] = field(default_factory=list)
    sessions_seen: int = 0
    labels: list[dict[str, Any]] = field(default_factory=list)
    labels_seen: int = 0

    def __post_init__(self) -> None:
        # It is shown, and may be the name of a file, or come from another computer.
        object.__setattr__(self, "name", clean(self.name))

    @property
    def known_s(self) -> float:
        """Seconds of believable signal that the reference remembers."""
        if self.reference is None:
            return 0.0
        hops = sum(int(block[0]) for block in self.reference["level"])
        return float(hops * self.reference["hop_s"])

    def check(self, contract: Contract, where: str) -> None:
        """Raise where the profile's units are not a model's.

        Raises
        ------
        ProfileError
            Naming the constants that differ.
        """
        wanted = units_of(contract)
        if self.preprocessing == wanted:
            return
        differing = [
            f"{name} is {_short(self.preprocessing.get(name))}, the model's is {_short(value)}"
            for name, value in wanted.items()
            if self.preprocessing.get(name) != value
        ]
        raise ProfileError(
            f"The profile {where} belongs to another model: {'; '.join(differing)}. What is usual "
            "for a person means nothing in other units. Give this model a profile of its own with "
            f"another name, or begin anew: rtcan profile reset {where}"
        )

    def without_labels(self) -> Profile:
        """Return the profile as if its person had never labelled anything."""
        return dataclasses.replace(self, adaptations={}, labels=[], labels_seen=0, enrolment=None)

    def with_session(
        self, session: dict[str, Any], labels: list[dict[str, Any]], **changed: Any
    ) -> Profile:
        """Return the profile after one more sitting and its labels."""
        return dataclasses.replace(
            self,
            sessions=[*self.sessions, session][-KEPT_SESSIONS:],
            sessions_seen=self.sessions_seen + 1,
            labels=[*self.labels, *labels][-KEPT_LABELS:],
            labels_seen=self.labels_seen + len(labels),
            **changed,
        )


def units_of(contract: Contract) -> dict[str, Any]:
    """Return the constants that give a reference's numbers their meaning, in JSON's own types."""
    found: dict[str, Any] = {}
    for name in UNITS:
        value = getattr(contract, name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)
        found[name] = list(value) if isinstance(value, tuple) else value
    return found


def now_text() -> str:
    """Return the time by the wall clock: UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def to_bytes(profile: Profile) -> bytes:
    """Return the profile's one JSON form."""
    body = {"form": FORM, "schema": SCHEMA, **vars(profile)}
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
        for key, value in {**body, "sha256": _digest(body)}.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def from_bytes(data: bytes, where: str) -> Profile:
    """Read the JSON form.

    Raises
    ------
    DamagedProfileError
        If it is not as it was written.
    ProfileError
        If it is no profile, or one of a newer version.
    """
    try:
        body = json.loads(data, parse_constant=_refuse)
        if not isinstance(body, dict):
            raise ValueError(f"it holds a {type(body).__name__}, expected an object")
        if body.get("form") != FORM:
            raise ValueError(f"its form is {body.get('form')!r}, expected {FORM!r}")
        schema = body.get("schema")
        if type(schema) is int and schema > SCHEMA:
            raise ProfileError(
                f"The profile {where} has schema {schema}; this version of RTCAN reads up to "
                f"{SCHEMA}. Install a newer RTCAN."
            )
        if body.pop("sha256", None) != _digest(body):
            raise ValueError("its checksum does not fit")
        del body["form"], body["schema"]
        for name, kind in _KINDS.items():
            if not isinstance(body[name], kind):
                raise ValueError(f"{name} is a {type(body[name]).__name__}")
        return Profile(**body)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedProfileError(
            f"The profile {where} is damaged, or is none: {error}. Delete it, or put a copy in its "
            "place."
        ) from error


class DamagedProfileError(ProfileError):
    """A profile that is not as it was written."""


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _short(value: Any) -> str:
    text = json.dumps(value) if not isinstance(value, float) or math.isfinite(value) else "?"
    return text if len(text) <= 60 else text[:57] + "…"
