"""A recording drawn with matplotlib, where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from device.errors import MissingExtraError
from runtime.analysis.measures.grid import runs

if TYPE_CHECKING:
    from runtime.analysis.measures.analysis import Analysis


def draw(analysis: Analysis, axes: Any = None) -> Any:
    """Return a figure: the recording with its tonic part and responses, and the phasic part below.

    Parameters
    ----------
    analysis : Analysis
        What to draw.
    axes : two matplotlib Axes or None
        Where; None for a new figure.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingExtraError("matplotlib", "analysis", "Analysis.plot()") from error
        _, axes = pyplot.subplots(
            2, 1, sharex=True, figsize=(10, 5), height_ratios=(2, 1), layout="constrained"
        )
    level, phasic = axes
    time_s, found = analysis.time_s, analysis.responses
    level.plot(time_s, analysis.eda_us, color="0.55", linewidth=1, label="as measured")
    level.plot(time_s, analysis.tonic_us, color="#1f5fa8", linewidth=1.6, label="tonic")
    heights = np.interp(found.peak_s, time_s, analysis.eda_us)
    level.plot(found.peak_s, heights, "v", color="#b3262d", markersize=5, label="responses")
    phasic.plot(time_s, analysis.phasic_us, color="#c9701a", linewidth=1.2)
    for mask, colour in ((analysis.artefact, "#b3262d"), (analysis.missing, "0.5")):
        for first, stop in runs(mask):
            ends = time_s[first], time_s[min(stop, time_s.size - 1)]
            for one in (level, phasic):
                one.axvspan(*ends, color=colour, alpha=0.15, linewidth=0)
    for at_s, text in analysis.markers:
        level.axvline(at_s, color="#7b4fa3", linewidth=1, linestyle=":")
        level.annotate(text, (at_s, 0.02), xycoords=("data", "axes fraction"), fontsize=8)
    level.set_ylabel("skin conductance, µS")
    level.legend(loc="upper right", fontsize=8)
    phasic.set_ylabel("phasic, µS")
    phasic.set_xlabel("time, s")
    return level.figure
