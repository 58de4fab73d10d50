"""liblsl, by pylsl: one place that imports it, because it is loud unless it is told otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def liblsl() -> Any:
    """Return pylsl, its library kept from telling what it does, unless the user has configured it.

    liblsl reads its configuration once, when it is first used: who uses it gets it from here.
    Where it looks: https://labstreaminglayer.readthedocs.io/info/lslapicfg.html.
    """
    import pylsl

    places = [Path("lsl_api.cfg"), Path.home() / "lsl_api/lsl_api.cfg"]
    places.append(Path("/etc/lsl_api/lsl_api.cfg"))
    if not os.environ.get("LSLAPICFG") and not any(place.exists() for place in places):
        set_content = getattr(pylsl, "set_config_content", None)  # since liblsl 1.16.2
        if set_content is not None:
            set_content("[log]\nlevel = -3\n")
    return pylsl
