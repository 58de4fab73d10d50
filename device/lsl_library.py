"""liblsl, by pylsl: one place that imports it, because it is loud unless it is told otherwise."""

from __future__ import annotations

import os
from typing import Any

_PLACES = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")


def liblsl() -> Any:
    """Return pylsl, its library kept from telling what it does, unless the user has configured it.

    liblsl reads its configuration once, when it is first used: who uses it gets it from here.
    Where it looks: https://labstreaminglayer.readthedocs.io/info/lslapicfg.html.
    """
    import pylsl

    if not os.environ.get("LSLAPICFG") and not any(map(_is_there, _PLACES)):
        set_content = getattr(pylsl, "set_config_content", None)  # since liblsl 1.16.2
        if set_content is not None:
            set_content("[log]\nlevel = -3\n")
    return pylsl


def _is_there(place: str) -> bool:
    # Unlike pathlib's, these raise nothing where a user has no home, or may not look into it.
    return os.path.exists(os.path.expanduser(place))  # noqa: PTH110, PTH111
