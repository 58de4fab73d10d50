"""Where profiles lie: in the user's data folder, or at a path."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from device.errors import ProfileError

_NAME = re.compile(r"\w[\w .@+-]{0,63}")


def folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Return the folder of the user's profiles, which need not exist.

    $XDG_DATA_HOME or ~/.local/share on Linux
    (https://specifications.freedesktop.org/basedir-spec/latest/), ~/Library/Application Support on
    macOS, %LOCALAPPDATA% on Windows.
    """
    known = os.environ if environment is None else environment
    if platform == "win32":
        base = Path(known.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(known.get("XDG_DATA_HOME", ""))
        if not base.is_absolute():  # also where it is empty, says the specification
            base = Path.home() / ".local" / "share"
    return base / "rtcan" / "profiles"


def locate(name_or_path: str) -> Path:
    """Return where a profile lies: by its name in the user's folder, or by its path.

    Raises
    ------
    ProfileError
        If it is neither.
    """
    if name_or_path.endswith(".json") or re.search(r"[/\\]", name_or_path):
        path = Path(name_or_path).expanduser().absolute()
        try:
            is_folder = path.is_dir()
        except OSError as error:
            raise ProfileError(f"{path} is no place for a profile: {error.strerror}") from error
        if is_folder:
            raise ProfileError(f"{path} is a folder; expected: a profile's name, or its .json file")
        return path
    if not _NAME.fullmatch(name_or_path):
        raise ProfileError(
            f"{name_or_path!r} is no profile's name: letters, digits and . _ - @ + are, and a path "
            "ends in .json"
        )
    return folder() / f"{name_or_path}.json"


def profiles() -> list[Path]:
    """Return the profiles in the user's folder, by name."""
    return sorted(folder().glob("*.json"))
