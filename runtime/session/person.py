"""Who is measured: a stranger, or somebody whom earlier runs have met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """What a run knows of the person before it begins.

    Attributes
    ----------
    profile : str
        Whose profile is in use, as the user calls them; "" without one.
    profile_named : bool
        Whether what is kept or sent elsewhere, such as a recording, may say whose it is.
    """

    profile: str = ""
    profile_named: bool = False
