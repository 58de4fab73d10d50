"""From what a stream is given in to microsiemens: its unit, or a formula."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from device.errors import ArgumentError
from device.samples import FloatArray

# Microsiemens in one unit of conductance; megohms in one unit of resistance.
_CONDUCTANCE = {"S": 1e6, "mS": 1e3, "uS": 1.0, "nS": 1e-3}
_RESISTANCE = {"ohm": 1e-6, "kohm": 1e-3, "Mohm": 1.0}
_PREFIXES = {"micro": "u", "milli": "m", "nano": "n", "kilo": "k", "mega": "M"}
_OPERATORS: dict[type[ast.AST], Callable[..., FloatArray]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_LONGEST = 200
# For messages. Its data sheet has EDA = V / 0.12, in volts and microsiemens.
EXAMPLE = "'x / 120' for the millivolts of a biosignalsplux EDA sensor"


def known_unit(text: str) -> str | None:
    """Return the unit of skin conductance or resistance that a text names, in one spelling.

    Parameters
    ----------
    text : str
        Such as "microsiemens", "µS", "us", "kOhm", "kΩ", "Siemens".

    Returns
    -------
    str or None
        "S", "mS", "uS", "nS", "ohm", "kohm" or "Mohm"; None for anything else.
    """
    plain = re.sub(r"[\s_\-]", "", text.strip()).replace("µ", "u").replace("μ", "u")
    plain = plain.replace("\u2126", "ohm").replace("\u03a9", "ohm")
    for word, letter in _PREFIXES.items():
        if plain.lower().startswith(word):
            plain = letter + plain[len(word) :]
    # Only the letter of M and m tells mega from milli; nothing else depends on case.
    for base, spelt in (("siemens", "S"), ("ohms", "ohm"), ("ohm", "ohm"), ("s", "S")):
        if plain.lower().endswith(base):
            letter = plain[: -len(base)]
            unit = (letter if letter == "M" else letter.lower()) + spelt
            return unit if unit in _CONDUCTANCE or unit in _RESISTANCE else None
    return None


@dataclass(frozen=True)
class UnitCalibration:
    """Values of a unit, or of a formula in x.

    Parameters
    ----------
    text : str
        A unit that `known_unit` knows, or a formula that gives microsiemens: numbers, x, and
        + - * / ** ( ), as in `x / 120`.

    Raises
    ------
    ArgumentError
        For any other text.
    """

    text: str
    _tree: ast.expr | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if known_unit(self.text) is None:
            object.__setattr__(self, "_tree", _parsed(self.text))

    def to_us(self, raw: ArrayLike) -> FloatArray:
        """Return microsiemens, same shape; NaN where that is negative or not finite."""
        x = np.asarray(raw, dtype=np.float64)
        unit = known_unit(self.text)
        with np.errstate(all="ignore"):
            if self._tree is not None:
                value = np.broadcast_to(_value(self._tree, x), x.shape)
            elif unit in _CONDUCTANCE:
                value = x * _CONDUCTANCE[unit] if unit != "uS" else x
            else:
                value = 1.0 / (x * _RESISTANCE[str(unit)])
            return np.where(np.isfinite(value) & (value >= 0), value, np.nan)

    def describe(self) -> str:
        """Say the unit or the formula."""
        unit = known_unit(self.text)
        return f"in {unit}" if unit is not None else f"{self.text} µS"


def _parsed(text: str) -> ast.expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body if len(text) <= _LONGEST else None
        if tree is not None and _uses_x(tree):
            with np.errstate(all="ignore"):
                np.broadcast_to(_value(tree, np.ones(2)), 2)
            return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, ArithmeticError):
        pass
    raise ArgumentError(
        f"calibration is {text!r}; expected: a unit (uS, S, kohm, …), or a formula in x that gives "
        f"microsiemens, such as {EXAMPLE}"
    )


def _uses_x(tree: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) for node in ast.walk(tree))


def _value(node: ast.expr, x: FloatArray) -> FloatArray:
    """Return the value of a formula; ValueError for whatever is no arithmetic."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return np.asarray(float(node.value))
    if isinstance(node, ast.Name) and node.id == "x":
        return x
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, x), _value(node.right, x))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.operand, x))
    raise ValueError(ast.dump(node))
