"""How a recording is analysed."""

from __future__ import annotations

from dataclasses import dataclass

from device.arguments import number
from runtime.preprocessing.events.responses import MIN_AMPLITUDE_US


@dataclass(frozen=True)
class Settings:
    """How a recording is analysed.

    Parameters
    ----------
    window_s, step_s : float
        Length of a window of features, and seconds from one to the next.
    min_amplitude_us : float
        Smaller responses are left out, microsiemens.
    latency_s : tuple of float
        A response that begins so long after an event, from and to, is taken for its answer:
        1 to 4 s (Boucsein 2012, ch. 2; Boucsein et al. 2012).
    grid_hz : float or None
        Rate at which to analyse; None for the recording's own up to 16 Hz, else 8 Hz.
    """

    window_s: float = 60.0
    step_s: float = 10.0
    min_amplitude_us: float = MIN_AMPLITUDE_US
    latency_s: tuple[float, float] = (1.0, 4.0)
    grid_hz: float | None = None

    def __post_init__(self) -> None:
        number("window_s", self.window_s, 0, open_ends=True)
        number("step_s", self.step_s, 0, open_ends=True)
        number("min_amplitude_us", self.min_amplitude_us, 0, open_ends=True)
        if self.grid_hz is not None:
            number("grid_hz", self.grid_hz, 1.0, 1000.0)
