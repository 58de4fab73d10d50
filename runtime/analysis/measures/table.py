"""Tables as plain numpy columns, which pandas takes where it is installed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ArgumentError, MissingExtraError
from device.text import clean

_SHOWN = 10


class Table(dict[str, NDArray[Any]]):
    """Columns by name, all equally long: float64 with NaN for what is missing, or text.

    Parameters
    ----------
    columns : mapping of str to array-like (n,)
        In this order.

    Raises
    ------
    ArgumentError
        If they are not equally long.
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        super().__init__({name: np.asarray(values) for name, values in columns.items()})
        shapes = {name: values.shape for name, values in self.items()}
        if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise ArgumentError(f"columns of a table must be equally long; these are {shapes}")

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.values()), ()))

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtraError("pandas", "analysis", "to_pandas()") from error
        return pandas.DataFrame(dict(self))

    def to_tsv(self, *, header: bool = True) -> str:
        """Return tab-separated text, missing values as n/a, as BIDS has it."""
        text = io.StringIO()
        if header:
            text.write("\t".join(map(clean, self)) + "\n")
        for row in zip(*(_cells(values) for values in self.values()), strict=True):
            text.write("\t".join(row) + "\n")
        return text.getvalue()

    def __repr__(self) -> str:
        return f"Table of {self.rows} rows: {', '.join(self)}"

    def _repr_html_(self) -> str:
        """Return the first rows, for a notebook."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self)
        first = zip(*(_cells(values[:_SHOWN]) for values in self.values()), strict=True)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in first
        )
        more = f"<p>{self.rows} rows</p>" if self.rows > _SHOWN else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "f":
        return ["n/a" if value != value else _number(value) for value in values.tolist()]
    if values.dtype.kind in "iub":
        return [str(value) for value in values.tolist()]
    # On one line and in one cell, whatever a text holds.
    return [clean(str(value)) or "n/a" for value in values.tolist()]


def _number(value: float) -> str:
    """Return six digits, and of large numbers thousandths: times of days are exact to the ms."""
    if abs(value) < 1000.0:
        return f"{value:.6g}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
