"""The progress bar of long steps."""

import io

import pytest
from rich.console import Console

from runtime.progress import progress


@pytest.mark.parametrize("width", [80, 60, 120])
def test_figures_stay_whole_however_long_the_note(width: int) -> None:
    out = io.StringIO()
    bar = progress(Console(file=out, width=width))
    bar.add_task("Fitting", total=300, completed=24, note="arousal, final model, member 3: done")
    with bar:
        pass
    shown = out.getvalue().strip()
    assert "\n" not in shown
    assert " 24/300 " in shown and "0:00:00" in shown and "left -:--:--" in shown
    assert "aro" in shown if width < 80 else "arousal, f" in shown
