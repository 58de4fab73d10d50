"""One hash of everything that a result depends on: values, source code and versions.

A stage hashes its whole input once and hands the hash on; nothing lists parts of it a second time.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import platform
import struct
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("device", "runtime", "training")
# What computes numbers, by the name it is imported by.
_NUMERICAL = {
    "numpy": "numpy", "scipy": "scipy", "sklearn": "scikit-learn", "torch": "torch",
}  # fmt: skip
_DIGITS = 32


class _Digest(Protocol):
    def update(self, data: Any, /) -> None: ...


class Fingerprinted:
    """Base of frozen dataclasses that are hashed once, because they are large or often asked."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of all fields, 32 hexadecimal digits."""
        digest = hashlib.sha256()
        _fields(digest, self)
        return digest.hexdigest()[:_DIGITS]


def fingerprint(*parts: Any) -> str:
    """Return a hash of values, 32 hexadecimal digits.

    Parameters
    ----------
    *parts
        None, numbers, strings, bytes, arrays, paths; sequences, mappings and dataclasses of such.
        The order of a mapping's keys does not count.

    Raises
    ------
    TypeError
        For a value of any other type, whose content is not known.
    """
    digest = hashlib.sha256()
    _add(digest, parts)
    return digest.hexdigest()[:_DIGITS]


def _add(digest: _Digest, value: Any) -> None:
    # Types and lengths are hashed too, so that no two values run together alike.
    if isinstance(value, Fingerprinted):
        _text(digest, "fingerprinted", value.fingerprint)
    elif value is None or isinstance(value, bool | int | float | str | Path):
        _text(digest, type(value).__name__, str(value) if isinstance(value, Path) else repr(value))
    elif isinstance(value, bytes):
        digest.update(b"bytes" + struct.pack("<q", len(value)) + value)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        _text(digest, "array", f"{value.dtype.str} {value.shape}")
        digest.update(np.ascontiguousarray(value).data)
    elif isinstance(value, np.generic):
        _add(digest, np.asarray(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _fields(digest, value)
    elif isinstance(value, Mapping):
        _text(digest, "mapping", str(len(value)))
        for key in sorted(value, key=repr):
            _add(digest, key)
            _add(digest, value[key])
    elif isinstance(value, list | tuple):
        _text(digest, "sequence", str(len(value)))
        for item in value:
            _add(digest, item)
    else:
        raise TypeError(f"a {type(value).__name__} cannot be hashed by its content")


def _fields(digest: _Digest, value: Any) -> None:
    _text(digest, "dataclass", type(value).__qualname__)
    for field in dataclasses.fields(value):
        _text(digest, "field", field.name)
        _add(digest, getattr(value, field.name))


def _text(digest: _Digest, kind: str, text: str) -> None:
    data = f"{kind}:{text}".encode(errors="surrogatepass")  # names of files need not be UTF-8
    digest.update(struct.pack("<q", len(data)) + data)


@functools.cache
def code(module: str) -> str:
    """Return a hash of the program that a module is, 32 hexadecimal digits.

    Of the source of the module and of all of ours that it imports, directly or not, compiled ones
    included, and the versions of Python and of the packages among them that compute numbers.

    Parameters
    ----------
    module : str
        Such as "training.windows.cut".
    """
    files, packages = program(module)
    sources = {path.relative_to(_ROOT).as_posix(): path.read_bytes() for path in files}
    versions = {
        name: metadata.version(package)
        for name, package in _NUMERICAL.items()
        if name in packages
    }  # fmt: skip
    return fingerprint(sources, versions, platform.python_version_tuple()[:2])


def program(module: str) -> tuple[list[Path], set[str]]:
    """Return the files of a module and of all of ours that it imports, and the other packages."""
    files: dict[str, list[Path]] = {}
    others: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in files:
            continue
        if name.partition(".")[0] not in _OURS:
            others.add(name.partition(".")[0])
            continue
        files[name] = _files(name)
        # Importing a module runs the packages that it lies in first.
        waiting += [name.rpartition(".")[0]] if "." in name else []
        for path in files[name]:
            if path.suffix == ".py":
                waiting += _imported(path)
    return sorted(path for own in files.values() for path in own), others


def _files(name: str) -> list[Path]:
    """Return what a module is made of; nothing for a name that is none, such as a class."""
    place = _ROOT.joinpath(*name.split("."))
    if place.is_dir():
        return [path for path in (place / "__init__.py",) if path.is_file()]
    # A compiled module is "name.abi3.so" or "name.pyd"; its source has its headers beside it.
    own = list(place.parent.glob(f"{place.name}.*")) if place.parent.is_dir() else []
    if any(path.suffix == ".c" for path in own):
        own += place.parent.glob("*.h")
    return sorted(path for path in own if path.suffix in (".py", ".c", ".h", ".so", ".pyd"))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            # What is imported from a package may be a module of it.
            if node.module.partition(".")[0] in _OURS:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
