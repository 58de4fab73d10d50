"""RTCAN's packages, whatever else goes by their names.

They are called device, runtime, training, export and benchmarks, and so may be folders of the
project in which somebody writes `import rtcan`. Python knows one module by one name, and what lies
in the current folder or beside the script comes first. So `rtcan` reaches its packages as
`rtcan.device`, `rtcan.runtime` and so on:

* Where the plain names lead to RTCAN, `rtcan.device.samples` is the very module `device.samples`.
* Where one of them leads elsewhere, RTCAN's packages are loaded from beside this file under the
  names `rtcan.device...` alone, and their own imports of one another lead there too. The plain
  names are left to whom they belong, imported before or after.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

NAMES = ("device", "runtime", "training", "export", "benchmarks")
_HOME = Path(__file__).resolve().parents[1]
_PREFIX = "rtcan."


def claim() -> None:
    """Make `rtcan.device` and the others importable; called once, by `import rtcan`."""
    ours = all(_is_ours(name) for name in NAMES)
    sys.meta_path.insert(0, _Shared() if ours else _Private())


def _is_ours(name: str) -> bool:
    """Return whether `import name` gives RTCAN's package; nothing is imported for that."""
    loaded = sys.modules.get(name)
    spec = getattr(loaded, "__spec__", None) if loaded else find_spec(name)
    origin = spec.origin if spec else None
    return origin is not None and Path(origin).resolve() == _HOME / name / "__init__.py"


def _is_sibling(name: str) -> bool:
    return name.startswith(_PREFIX) and name.split(".")[1] in NAMES


class _Shared:
    """Finds `rtcan.device.x` as the module `device.x`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_sibling(fullname):
            return None
        from device.renamed import AnotherName

        return ModuleSpec(fullname, AnotherName(fullname.removeprefix(_PREFIX)))


class _Private:
    """Finds `rtcan.device.x` in the folder beside this package, as a module of its own."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_sibling(fullname):
            return None
        top = fullname.count(".") == 1
        spec = PathFinder.find_spec(fullname, [str(_HOME)] if top else path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _PrivateLoader(fullname, spec.loader.path)
        return spec


class _PrivateLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        # An import statement calls __import__ of its module's own built-ins (see `exec`), so that
        # nobody else's imports change.
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


def _import(name: str, *context: Any, **named: Any) -> Any:
    """`__import__`, as modules under a private name see it."""
    top = name.partition(".")[0]
    level = context[3] if len(context) > 3 else named.get("level", 0)
    if level or top not in NAMES:
        return builtins.__import__(name, *context, **named)
    module = builtins.__import__(_PREFIX + name, *context, **named)
    fromlist = context[2] if len(context) > 2 else named.get("fromlist")
    # `import device.errors` binds the package, `from device.errors import ...` takes the module.
    return module if fromlist else getattr(module, top)
