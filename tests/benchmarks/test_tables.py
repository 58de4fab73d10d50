"""The tables of the documents say what the results say."""

import re

import pytest

from benchmarks import tables
from device.errors import RtcanError

ROOT = tables.RESULTS.parents[1]


@pytest.mark.parametrize("page", tables.PARTS)
def test_a_page_holds_the_figures_of_the_results(page: str) -> None:
    results, text = tables.read(), (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- ([\w-]+):begin -->", text)) == tables.PARTS[page].keys()
    for mark, (needed, part) in tables.PARTS[page].items():
        assert needed <= results.keys()
        # Written by hand, or results are newer: python -m benchmarks.tables
        assert tables.with_part(text, mark, part(results)) == text


def test_all_results_are_on_the_page_of_benchmarks() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert tables.whole(tables.read()) == text


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(RtcanError, match="marks of speed 0 times"):
        tables.with_part("no marks", "speed", "|")
