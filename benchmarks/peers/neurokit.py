"""NeuroKit2, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from device.errors import MissingExtraError


def neurokit2() -> Any:
    """Return the module.

    Raises
    ------
    MissingExtraError
        If it is not installed: no other package needs it.
    """
    if importlib.util.find_spec("neurokit2") is None:
        raise MissingExtraError("neurokit2", "bench", "A comparison with NeuroKit2")
    return importlib.import_module("neurokit2")
