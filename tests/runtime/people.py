"""A model in the person's own units, small like `tests.tiny`."""

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.preprocessing.contract import Target
from tests.tiny import CONTRACT

WORDS = ("as at rest", "as in a mental task")
WHY = "at chance on people it never saw"
AROUSAL = Target(name="arousal", words=WORDS)
VALENCE = Target(name="valence", guess=WHY)
PERSONAL = replace(
    CONTRACT,
    normalisation="personal",
    reference_s=30.0,
    reference_span_s=120.0,
    targets=(AROUSAL, VALENCE),
)


def write_personal(tiny_model: Path, path: Path) -> Path:
    """Write the tiny model with another contract."""
    onnx = pytest.importorskip("onnx")
    from export import card, graph

    path.write_bytes(graph.finish(onnx.load(tiny_model), PERSONAL, card.facts({})))
    return path
