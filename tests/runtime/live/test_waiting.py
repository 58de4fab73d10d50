import sys

import pytest

from runtime.live import waiting


def test_nothing_breaks_where_there_is_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_QUIET_S", 0.0)
    monkeypatch.setattr(sys, "stderr", None)
    line = waiting.WaitingLine()
    line("recording", 0.5)
    line("recording", 0.6)
    line.end()
