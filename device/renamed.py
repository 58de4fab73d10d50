"""Import paths of modules that have moved: the old ones work on, with a DeprecationWarning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # The finders and loaders of importlib.abc bring 25 ms of other modules.


def register(
    package: str, rooms: Mapping[str, str], renamed: Mapping[str, str] | None = None
) -> None:
    """Make old paths within a package lead to where their modules are now.

    Parameters
    ----------
    package : str
        The package's `__name__`; it calls this in its `__init__`.
    rooms : mapping of str to str
        From a room of the package to the modules that moved into it, separated by spaces.
    renamed : mapping of str to str
        From the old path below the package to the new one, which begins with a dot where it lies
        below the same package. The key "" stands for a module whose name the package itself now
        has: names that the package lacks are looked up in there. A module that is in the package
        comes before a name of that old module.
    """
    prefix = "rtcan." if package.startswith("rtcan.") else ""  # see rtcan._siblings
    moved = {name: f".{room}.{name}" for room, names in rooms.items() for name in names.split()}
    for old, new in {**moved, **(renamed or {})}.items():
        target = package + new if new.startswith(".") else prefix + new
        if old:
            _FINDER.moved[f"{package}.{old}"] = target
        else:
            vars(sys.modules[package])["__getattr__"] = _forward(package, target)
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


def _forward(package: str, target: str) -> Any:
    def look_up(name: str) -> Any:
        if not name.startswith("__"):
            # `from package import name` asks here before it looks for a module.
            if PathFinder.find_spec(f"{package}.{name}", sys.modules[package].__path__):
                return import_module(f"{package}.{name}")
            home = import_module(target)
            if hasattr(home, name):
                _warn(f"{package}.{name}", f"{target}.{name}")
                return getattr(home, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return look_up


def _warn(old: str, new: str) -> None:
    # The machinery of imports does not count as a level: this names the user's line.
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)


class _Finder:
    """Finds what moved; asked last, when nothing else has the name."""

    def __init__(self) -> None:
        self.moved: dict[str, str] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.moved:
            return None
        _warn(fullname, self.moved[fullname])
        return ModuleSpec(fullname, AnotherName(self.moved[fullname]))


_FINDER = _Finder()


class AnotherName(Loader):
    """Gives a module under a second name: the same object, not a copy.

    Parameters
    ----------
    name : str
        The module's own name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module; imported here where it was not yet."""
        module = import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give back what the import system took from the module: the spec with its own name."""
        module.__spec__ = self._spec
