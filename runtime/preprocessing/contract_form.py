"""Dataclasses from their JSON form, every key present, known and of its type."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from device.errors import ContractError


def since(schema: int, default: Any) -> Any:
    """Return a field that forms before a schema version lack; in them it means the default."""
    return dataclasses.field(default=default, metadata={"since": schema})


def build(
    kind: type[Any], data: Any, schema: int, nested: Mapping[str, type[Any]], path: str = ""
) -> Any:
    """Return a dataclass from parsed JSON.

    Parameters
    ----------
    kind : type
        The dataclass.
    data : Any
        What JSON gave.
    schema : int
        Version of the form that `data` is in.
    nested : mapping of str to type
        Dataclasses that stand in fields, or in tuples in fields, by name.
    path : str
        Where `data` stands, for errors.

    Raises
    ------
    ContractError
        Naming the key that is missing, unknown or of the wrong type.
    """
    if not isinstance(data, Mapping):
        raise ContractError(f"Contract key '{path}' is {data!r}; an object was expected")
    fields = {item.name: item for item in dataclasses.fields(kind)}
    prefix = f"{path}." if path else ""
    for name in data:
        if name not in fields:
            raise ContractError(f"The contract has an unknown key '{prefix}{name}'")
    values = {}
    for name, item in fields.items():
        if name in data:
            values[name] = _read(str(item.type), data[name], schema, nested, prefix + name)
        elif schema >= item.metadata.get("since", 1):
            raise ContractError(f"The contract lacks the key '{prefix}{name}'")
    return kind(**values)


def _read(kind: str, value: Any, schema: int, nested: Mapping[str, type[Any]], path: str) -> Any:
    if kind in _SCALARS:
        return _SCALARS[kind](value, path)
    if kind in nested:
        return build(nested[kind], value, schema, nested, path)
    inner = kind.removeprefix("tuple[").removesuffix(", ...]")
    if not isinstance(value, list):
        raise ContractError(f"Contract key '{path}' is {value!r}; a list was expected")
    at = path + "[{}]" if inner in nested else path
    return tuple(_read(inner, x, schema, nested, at.format(i)) for i, x in enumerate(value))


def _integer(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractError(f"Contract key '{path}' is {value!r}; a whole number was expected")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ContractError(f"Contract key '{path}' is {value!r}; a number was expected")
    return float(value)


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise ContractError(f"Contract key '{path}' is {value!r}; text was expected")
    return value


_SCALARS: dict[str, Callable[[Any, str], Any]] = {"int": _integer, "float": _number, "str": _text}
