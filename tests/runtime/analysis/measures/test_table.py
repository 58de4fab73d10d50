"""Tables as text: what stands in a cell stays in it, and times keep their milliseconds."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import rtcan
from device.errors import ArgumentError
from device.samples import Samples
from runtime.analysis.measures.table import Table
from tests.runtime.analysis.skin import known


def test_text_stays_in_its_cell_and_on_its_line() -> None:
    texts = np.array(["a\tb", "c\r\nd", "\x1b[31me", "\udcff", ""], dtype=object)
    lines = Table({"na\tme": texts, "x": np.arange(5.0)}).to_tsv().splitlines()
    assert [line.split("\t") for line in lines] == [
        ["na me", "x"],
        ["a b", "0"],
        ["c d", "1"],
        ["\ufffd[31me", "2"],
        ["\ufffd", "3"],
        ["n/a", "4"],
    ]


def test_times_of_days_keep_their_milliseconds() -> None:
    values = [0.1 + 0.2, 999.125, 10_000.125, 100_000.125, 1.6e9 + 0.125, -20_000.5, np.nan]
    assert Table({"t": values}).to_tsv(header=False).split() == [
        "0.3", "999.125", "10000.125", "100000.125", "1600000000.125", "-20000.5", "n/a",
    ]  # fmt: skip
    samples = known()
    table = rtcan.analyse(Samples(samples.time_s + 1.6e9, samples.eda_us)).eda_table()
    written = [float(line.split("\t")[0]) for line in table.to_tsv(header=False).splitlines()]
    assert written == (samples.time_s + 1.6e9).tolist()


def test_columns_are_equally_long() -> None:
    with pytest.raises(ArgumentError, match="equally long"):
        Table({"a": [1.0, 2.0], "b": [1.0]})
    table = Table({"a": [1.0, 2.0]})
    for other in (copy.copy(table), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):  # noqa: S301
        assert isinstance(other, Table) and other.to_tsv() == table.to_tsv()
