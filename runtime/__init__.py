"""Preprocessing, decomposition, classification and the live application: what runs on the edge.

from runtime import Classifier, CvxEDA, Pipeline
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from device.renamed import register

if TYPE_CHECKING:
    from runtime.cvxeda.solver import CvxEDA as CvxEDA
    from runtime.inference.classifier import Classifier as Classifier
    from runtime.inference.pipeline import Pipeline as Pipeline
    from runtime.preprocessing.contract import Contract as Contract

__all__ = ["Classifier", "Contract", "CvxEDA", "Pipeline"]

_HOMES = {
    "Classifier": ".inference.classifier",
    "Contract": ".preprocessing.contract",
    "CvxEDA": ".cvxeda.solver",
    "Pipeline": ".inference.pipeline",
}

register(
    __name__,
    {
        "inference": "classifier decision models music pipeline seal",
        "live": "doctor options summary",
        "preprocessing": "contract quality resample",
        "session": "reader",
        "sinks": "terminal",
    },
    {
        "_cvxeda_kernel": ".cvxeda.kernel",
        "_cvxeda_model": ".cvxeda.model",
        "_cvxeda_scipy": ".cvxeda.lapack",
        "_cvxeda_steps": ".cvxeda.steps",
        "preprocess": ".preprocessing.windows",
    },
)


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: `rtcan-live --help` needs no linear algebra."""
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)
