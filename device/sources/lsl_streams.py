"""Which stream of Lab Streaming Layer is meant, which channel of it, and in which unit.

What streams say of themselves follows no law. The names looked for here are those of the XDF
metadata (https://github.com/sccn/xdf/wiki/Meta-Data: label, type, unit) and of OpenSignals, whose
channels have `sensor` for `label`, and whose first channel, a number, is not described.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from device.errors import ArgumentError, PortNotFoundError
from device.lsl_library import liblsl
from device.names import candidates, chosen, fold, rank
from device.text import clean, listed
from device.together import run_together

_KEYS = ("name", "type", "source_id", "hostname")
_CRITERION = re.compile(rf"(?:^|,)({'|'.join(_KEYS)})=")
_INFO_S = 1.0
_SHOWN = 8
_UNKNOWN = rank("")


@dataclass(frozen=True)
class Channel:
    """A channel, as its stream describes it; "" where it says nothing.

    Attributes
    ----------
    label, kind, unit : str
        Name, type and unit.
    """

    label: str = ""
    kind: str = ""
    unit: str = ""

    @property
    def rank(self) -> int:
        """How well it says skin conductance; see `device.names.rank`."""
        return min(_rank(self.label), _rank(self.kind))


@dataclass(frozen=True)
class Stream:
    """A stream that is there.

    Attributes
    ----------
    name, type, source_id, hostname : str
        As it names itself.
    rate_hz : float or None
        As named; None where it is irregular.
    channels : tuple of Channel
        In their order.
    exact : bool
        Whether its stamps are the samples' own times: it says that samples may be left out.
    info : StreamInfo
        Of pylsl, to open it with.
    """

    name: str
    type: str
    source_id: str
    hostname: str
    rate_hz: float | None
    channels: tuple[Channel, ...]
    exact: bool
    info: Any

    def fits(self, criteria: dict[str, str]) -> bool:
        """Say whether it is as it was asked for."""
        return all(getattr(self, key) == value for key, value in criteria.items())

    @property
    def is_eda(self) -> bool:
        """Whether its type or a channel says skin conductance."""
        return min(_rank(self.type), *(channel.rank for channel in self.channels)) < _UNKNOWN

    def port(self, others: Sequence[Stream] = ()) -> str:
        """Return the shortest port that means this stream alone among others."""
        criteria = {"name": self.name}
        for key in ("source_id", "hostname", "type"):
            if all(other is self or not other.fits(criteria) for other in others):
                break
            if getattr(self, key):
                criteria[key] = getattr(self, key)
        # A name may look like a criterion.
        if len(criteria) == 1 and self.name and not _CRITERION.search(self.name):
            return f"lsl:{self.name}"
        return "lsl:" + ",".join(f"{key}={value}" for key, value in criteria.items())

    def describe(self) -> str:
        """Say what it is, for people."""
        rate = f"{self.rate_hz:g} Hz" if self.rate_hz else "irregular"
        labels = [channel.label or channel.kind for channel in self.channels]
        named = ": " + ", ".join(labels[:_SHOWN]) if any(labels) else ""
        count = len(self.channels)
        channels = f"{count} channel{'s' if count != 1 else ''}{named}"
        return clean(f"LSL stream of type {self.type or '(none)'}, {rate}, {channels}")


def parse_address(address: str) -> dict[str, str]:
    """Return what is asked of a stream: NAME, or KEY=VALUE and more after commas.

    Raises
    ------
    ArgumentError
        If a value is empty.
    """
    if not (first := _CRITERION.match(address)):
        return {"name": address} if address else {}
    parts = _CRITERION.split(address[first.start() :])[1:]
    criteria = dict(zip(parts[::2], parts[1::2], strict=True))
    for key, value in criteria.items():
        if not value:
            raise ArgumentError(f"port is 'lsl:{address}'; expected: a value after {key}=")
    return criteria


def streams_present(wait_s: float, criteria: dict[str, str] | None = None) -> list[Stream]:
    """Return the streams with numbers that are there, described, by name.

    Parameters
    ----------
    wait_s : float
        How long answers are waited for.
    criteria : dict or None
        What is asked of them; others are not described and not returned.
    """
    pylsl = liblsl()
    found: list[Stream] = []

    def ask(info: Any) -> None:
        # It may have gone since.
        with contextlib.suppress(TimeoutError, RuntimeError):
            # The full description lacks the address that a stream was found at.
            found.append(described(pylsl.StreamInlet(info, recover=False).info(_INFO_S), info))

    fitting = [
        info
        for info in pylsl.resolve_streams(wait_s)
        if info.channel_format() != pylsl.cf_string and described(info).fits(criteria or {})
    ]
    # All at once: one that hangs must not hold up the others.
    run_together([partial(ask, info) for info in fitting], 2.0 * _INFO_S)
    return sorted(found, key=lambda stream: (stream.name, stream.source_id))


def choose_stream(present: list[Stream], criteria: dict[str, str], waited_s: float) -> Stream:
    """Return the one stream that is meant.

    Raises
    ------
    PortNotFoundError
        If there is none; what is there is named.
    ArgumentError
        If several fit; they are named.
    """
    fitting = [stream for stream in present if stream.fits(criteria)]
    if not criteria:
        fitting = [stream for stream in fitting if stream.is_eda]
    if len(fitting) == 1:
        return fitting[0]
    asked = " and ".join(f"{key} {value!r}" for key, value in criteria.items())
    if fitting:
        ports = listed([f"--port '{s.port(present)}' ({s.describe()})" for s in fitting])
        raise ArgumentError(
            f"{len(fitting)} LSL streams {'have ' + asked if asked else 'say EDA or GSR'}. "
            f"Choose one: {ports}"
        )
    wanted = f"with {asked}" if asked else "whose type or channel says EDA or GSR"
    seen = listed([f"{s.port(present)} ({s.describe()})" for s in present])
    raise PortNotFoundError(
        f"There is no LSL stream {wanted}: none within {waited_s:.0f} s. "
        + (f"Seen instead: {seen}." if seen else "No stream of numbers was seen at all.")
        + (
            " Is it streaming, in the same network, and not held up by a firewall "
            "(UDP and TCP 16572 to 16604)?"
            if not seen
            else " Name one of them, or start the right one."
        )
    )


def choose_channel(stream: Stream, wanted: str | int | None) -> int:
    """Return the place of the channel that is meant, from 0.

    Raises
    ------
    ArgumentError
        If the stream has no such channel, or several may be meant.
    """
    labels = [channel.label for channel in stream.channels]
    count = len(labels)
    named = ", ".join(f"{i + 1} ({label or 'no label'})" for i, label in enumerate(labels[:32]))
    if isinstance(wanted, int):
        if wanted > count:
            raise ArgumentError(f"channel is {wanted}; {stream.name} has {count}: {named}")
        return wanted - 1
    if wanted is not None:
        place = chosen(labels, wanted)
        if place is None:
            raise ArgumentError(f"channel is {wanted!r}; {stream.name} has {named}")
        return place
    if count == 1:
        return 0
    best = min(channel.rank for channel in stream.channels)
    fitting = [i for i, channel in enumerate(stream.channels) if channel.rank == best < _UNKNOWN]
    if len(fitting) > 1:
        fitting = [fitting[i] for i in candidates([labels[i] for i in fitting])] or fitting
    if len(fitting) == 1:
        return fitting[0]
    several = "several channels may be meant" if fitting else "no channel says EDA or GSR"
    raise ArgumentError(
        f"channel is not named, and of {stream.name} {several}. Choose one with --channel LABEL or "
        f"--channel NUMBER: {named}"
    )


def _rank(name: str) -> int:
    # OpenSignals has names such as EDABITREV.
    prefixed = fold(name).startswith(("eda", "gsr"))
    return min(rank(name), 1 if prefixed else _UNKNOWN)


def described(info: Any, found: Any = None) -> Stream:
    """Return a stream as its information describes it.

    Parameters
    ----------
    info : StreamInfo
        Of pylsl, complete or as it was found.
    found : StreamInfo or None
        As it was found, to open it with; None where that is `info`.
    """
    desc = info.desc()
    channels = []
    channel = desc.child("channels").child("channel")
    while not channel.empty():
        label = channel.child_value("label") or channel.child_value("sensor")
        label = label or channel.child_value("name")
        channels.append(Channel(label, channel.child_value("type"), channel.child_value("unit")))
        channel = channel.next_sibling("channel")
    count = info.channel_count()
    if len(channels) == count - 1:
        channels.insert(0, Channel())
    channels += [Channel()] * (count - len(channels))
    drops = desc.child("synchronization").child_value("can_drop_samples")
    return Stream(
        info.name(),
        info.type(),
        info.source_id(),
        info.hostname(),
        info.nominal_srate() or None,
        tuple(channels[:count]),
        drops.strip().lower() == "true",
        found or info,
    )
