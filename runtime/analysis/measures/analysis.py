"""What `analyse` returns: a whole recording split, its responses found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from device.arguments import number
from device.samples import FloatArray
from device.text import utf8
from runtime.analysis.measures.features import as_events, feature_table
from runtime.analysis.measures.grid import Gridded
from runtime.analysis.measures.settings import Settings
from runtime.analysis.measures.table import Table
from runtime.preprocessing.events.responses import SOUND as SOUND
from runtime.preprocessing.events.responses import Responses

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Analysis:
    """A recording, analysed. Arrays of length n lie on the grid.

    Attributes
    ----------
    rate_hz : float
        Of the grid.
    time_s : float64 (n,)
        In the recording's own time, seconds.
    eda_us, tonic_us, phasic_us, driver_us : float64 (n,)
        Skin conductance and its parts, microsiemens; NaN in gaps.
    missing, artefact, ill_posed : bool (n,)
        Where there was no sample; where it is not skin; where tonic and phasic are two large curves
        that cancel each other.
    responses : Responses
        In the recording's own time; `sound` chooses those that features count.
    noise_us, alpha : float
        Standard deviation of the noise, microsiemens, and the weight that follows from it; of the
        stretch that has most of it.
    notes : tuple of str
        What a reader of the results should know, in plain words.
    name : str
        What the recording is.
    markers : tuple of (float, str)
        Times (s) and texts noted while it was recorded.
    settings : Settings
        As given.
    grid : Gridded
        What it was made of.
    """

    rate_hz: float
    time_s: FloatArray
    eda_us: FloatArray
    tonic_us: FloatArray
    phasic_us: FloatArray
    driver_us: FloatArray
    missing: NDArray[np.bool_]
    artefact: NDArray[np.bool_]
    ill_posed: NDArray[np.bool_]
    responses: Responses
    noise_us: float
    alpha: float
    notes: tuple[str, ...]
    name: str
    markers: tuple[tuple[float, str], ...]
    settings: Settings
    grid: Gridded = field(repr=False)

    @property
    def scr(self) -> Table:
        """A row per response; docs/analysis.md names the columns."""
        found = self.responses
        return Table(
            {
                "onset": found.onset_s,
                "peak": found.peak_s,
                "amplitude": found.amplitude_us,
                "rise_time": found.rise_s,
                "half_recovery_time": found.half_recovery_s,
                "driver_area": found.area_us_s,
                "quality": self._quality(),
            }
        )

    @property
    def sound(self) -> Responses:
        """The responses with a quality of at least one half, which features count."""
        return self.responses.where(self._quality() >= SOUND)

    def features(
        self,
        window_s: float | None = None,
        step_s: float | None = None,
        events: Mapping[str, Any] | None = None,
    ) -> Table:
        """Return a row per window, or per interval of an event table.

        Parameters
        ----------
        window_s, step_s : float or None
            Length of a window and seconds from one to the next; None for the settings'.
        events : Table, dict or DataFrame or None
            With columns "onset" and "duration" (s, the recording's time) and what else is to be
            kept.

        Raises
        ------
        ArgumentError
            If an argument is out of range, or the events lack a column or have one with the name of
            a feature.
        """
        window_s = self.settings.window_s if window_s is None else window_s
        step_s = self.settings.step_s if step_s is None else step_s
        window_s = number("window_s", window_s, 0, open_ends=True)
        step_s = number("step_s", step_s, 0, open_ends=True)
        return feature_table(self, window_s, step_s, as_events(events))

    def plot(self, axes: Any = None) -> Any:
        """Draw recording, parts and responses with matplotlib; return the figure.

        Raises
        ------
        device.errors.MissingExtraError
            If matplotlib is not installed.
        """
        from runtime.analysis.pages.figure import draw

        return draw(self, axes)

    def report(self, path: Path | str, events: Mapping[str, Any] | None = None) -> None:
        """Write the page of this recording, which needs no network."""
        from pathlib import Path

        from runtime.analysis.pages.page import build

        Path(path).write_bytes(utf8(build(self, as_events(events))))

    def eda_table(self) -> Table:
        """Return recording, parts and driver on the grid, with 1 where it is an artefact."""
        return Table(
            {
                "time": np.round(self.time_s, 6),
                "eda": self.eda_us,
                "tonic": self.tonic_us,
                "phasic": self.phasic_us,
                "driver": self.driver_us,
                "artefact": self.artefact.astype(np.int8),
            }
        )

    def __repr__(self) -> str:
        return (
            f"Analysis of {self.name}: {self.time_s.size / self.rate_hz:.0f} s at "
            f"{self.rate_hz:g} Hz, {len(self.responses)} responses"
        )

    def _quality(self) -> FloatArray:
        """Return the share of each response, onset to half recovery, that is sound."""
        bad = self.missing | self.artefact | self.ill_posed
        start_s = float(self.time_s[0]) if self.time_s.size else 0.0
        return self.responses.later(-start_s).sound_share(bad, self.rate_hz)
