"""The chart library of the page, from the installed package: dygraphs, MIT, https://dygraphs.com.

PyPI's package `dygraphs` brings the script along; its Python code is never imported.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from device.errors import MissingExtraError

PACKAGE = "dygraphs"
_SCRIPT = Path("assets") / "dygraph-combined.js"


def script() -> Path:
    """Return the script's path.

    Raises
    ------
    MissingExtraError
        If the package is not installed, or a version of it has the script elsewhere.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / _SCRIPT
        if path.is_file():
            return path
    raise MissingExtraError(PACKAGE, "web", "The page of --dashboard")
