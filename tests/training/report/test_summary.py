"""What training says in the terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from training.report import summary


@pytest.mark.parametrize("name", ["auc", "auc_within"])
@pytest.mark.parametrize(("prior", "explained"), [(0.0, True), (0.6, False), (None, False)])
def test_a_personal_prior_below_chance_is_explained(
    prior: float | None, explained: bool, name: str
) -> None:
    names = ("auc", "auc_within", "balanced_accuracy")
    own: dict[str, Any] = dict.fromkeys(names, 0.7) | {f"{n}_95": None for n in names}
    figures = {"rtcan": own, "personal_prior": own | {name: prior}}
    out = io.StringIO()
    table = summary._controls({"windows": {"models": figures}}, "synthetic: arousal and controls")
    Console(file=out, width=80).print(table)
    assert ("personal prior below 0.5 is no error" in " ".join(out.getvalue().split())) == explained
