"""Preprocessing, decomposition, classification and the live application: what runs on the edge.

from runtime import Classifier, CvxEDA, Pipeline
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.cvxeda.solver import CvxEDA as CvxEDA
    from runtime.inference.classifier import Classifier as Classifier
    from runtime.inference.pipeline import Pipeline as Pipeline
    from runtime.preprocessing.contract import Contract as Contract

__all__ = ["Classifier", "Contract", "CvxEDA", "Pipeline"]

_HOMES = {
    "Classifier": "runtime.inference.classifier",
    "Contract": "runtime.preprocessing.contract",
    "CvxEDA": "runtime.cvxeda.solver",
    "Pipeline": "runtime.inference.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: `rtcan-live --help` needs no linear algebra."""
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
