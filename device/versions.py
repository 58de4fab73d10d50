"""Versions of installed packages."""

from __future__ import annotations

from collections.abc import Iterable


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each of these packages that is installed, by name."""
    from importlib import metadata  # it brings e-mail and ZIP archives: only where it is asked for

    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
