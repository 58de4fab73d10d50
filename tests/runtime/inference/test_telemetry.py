"""onnxruntime reports its use to Microsoft unless it is told not to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLASSIFIER = (
    "from runtime.inference.models import SHIPPED_MODEL; from runtime import Classifier; "
    "Classifier(SHIPPED_MODEL)"
)


@pytest.mark.parametrize(
    "command",
    [
        ["-c", CLASSIFIER],
        ["-m", "rtcan", "doctor"],
        ["-c", "import export.graph, onnxruntime; onnxruntime.get_available_providers()"],
    ],
    ids=["classifier", "doctor", "export"],
)
def test_onnxruntime_is_told_to_report_nothing(command: list[str], tmp_path: Path) -> None:
    cache = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
    }
    environment = os.environ | cache
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True)
    assert b"Traceback" not in done.stderr
    # What it would send lies in a database there, with an identifier of this computer.
    assert list(tmp_path.rglob("*onnxruntime*")) == []
