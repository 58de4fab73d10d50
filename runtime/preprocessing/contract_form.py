"""Reading a contract's JSON form strictly: every key present, known and of its type."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from device.errors import ContractError
from runtime.preprocessing.contract_parts import CvxEdaParameters, QualityLimits, Target


def build(kind: type[Any], data: Any, path: str) -> Any:
    """Return a dataclass from parsed JSON, every key present, known and of its type."""
    if not isinstance(data, Mapping):
        raise ContractError(f"Contract key '{path}' is {data!r}; an object was expected")
    fields = {item.name: item for item in dataclasses.fields(kind)}
    prefix = f"{path}." if path else ""
    for name in data:
        if name not in fields:
            raise ContractError(f"The contract has an unknown key '{prefix}{name}'")
    values = {}
    for name, item in fields.items():
        if name not in data:
            raise ContractError(f"The contract lacks the key '{prefix}{name}'")
        values[name] = _READERS[str(item.type)](data[name], prefix + name)
    return kind(**values)


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


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise ContractError(f"Contract key '{path}' is {value!r}; a list was expected")
    return value


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "int": _integer,
    "float": _number,
    "str": _text,
    "tuple[str, ...]": lambda v, p: tuple(_text(x, p) for x in _list(v, p)),
    "tuple[float, ...]": lambda v, p: tuple(_number(x, p) for x in _list(v, p)),
    "tuple[Target, ...]": lambda v, p: tuple(
        build(Target, x, f"{p}[{i}]") for i, x in enumerate(_list(v, p))
    ),
    "CvxEdaParameters": lambda v, p: build(CvxEdaParameters, v, p),
    "QualityLimits": lambda v, p: build(QualityLimits, v, p),
}
