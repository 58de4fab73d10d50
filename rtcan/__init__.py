"""RTCAN: emotion from skin conductance, from training to the edge.

    import rtcan

    for prediction in rtcan.live("/dev/ttyUSB0"):
        print(prediction.window.end_s, prediction.decisions["arousal"].state)

Every name is imported when it is asked for; docs/python.md shows each of them at work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtcan import _siblings

if TYPE_CHECKING:
    from device.errors import RtcanError as RtcanError
    from device.samples import Samples as Samples
    from runtime.analysis.measures.analyse import analyse as analyse
    from runtime.analysis.measures.analysis import Analysis as Analysis
    from runtime.cvxeda.recording import decompose as decompose
    from runtime.cvxeda.solver import CvxEDA as CvxEDA
    from runtime.inference.classifier import Classifier as Classifier
    from runtime.inference.decision import Decider as Decider
    from runtime.inference.pipeline import Pipeline as Pipeline
    from runtime.live.sensors import open_sensor as open_sensor
    from runtime.live.stream import live as live

_HOMES = {
    "Analysis": "runtime.analysis.measures.analysis",
    "Classifier": "runtime.inference.classifier",
    "CvxEDA": "runtime.cvxeda.solver",
    "Decider": "runtime.inference.decision",
    "Pipeline": "runtime.inference.pipeline",
    "RtcanError": "device.errors",
    "Samples": "device.samples",
    "analyse": "runtime.analysis.measures.analyse",
    "decompose": "runtime.cvxeda.recording",
    "live": "runtime.live.stream",
    "open_sensor": "runtime.live.sensors",
}
__all__ = ["Analysis", "Classifier", "CvxEDA", "Decider", "Pipeline", "RtcanError", "Samples"]
__all__ += ["analyse", "decompose", "live", "open_sensor"]

_siblings.claim()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("rtcan")
    if name not in _HOMES:
        raise AttributeError(f"module 'rtcan' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rtcan.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
