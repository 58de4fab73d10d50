"""The parts of a contract: constants of the decomposition, what a believable signal is, targets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CvxEdaParameters:
    """Constants of the decomposition (Greco et al. 2015, doi:10.1109/TBME.2015.2474131).

    Attributes
    ----------
    tau_slow_s, tau_fast_s : float
        Time constants of the Bateman response, seconds.
    knot_spacing_s : float
        Distance between the knots of the tonic spline, seconds.
    alpha : float
        Weight of the driver's sparsity.
    gamma : float
        Weight of the tonic spline's coefficients.
    """

    tau_slow_s: float = 2.0
    tau_fast_s: float = 0.7
    knot_spacing_s: float = 10.0
    alpha: float = 8e-4
    gamma: float = 1e-2


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """What a believable signal is, and how good it must be for an answer.

    Level and slope are the limits of Kleckner et al. 2018, "Simple, Transparent, and Flexible
    Automated Quality Assessment Procedures for Ambulatory Electrodermal Activity Data"
    (doi:10.1109/TBME.2017.2758643).

    Attributes
    ----------
    min_us, max_us : float
        Levels that skin has, microsiemens.
    max_slope_us_per_s : float
        A faster change is motion, not sweat.
    spread_s : float
        Seconds around such a change that are not believed either.
    flat_s : float
        Seconds without any change at all after which the signal counts as stuck. A ten-bit
        converter shows a resting person the same value for many seconds.
    min_score : float
        Score (0 to 1) below which the answer is withheld.
    """

    min_us: float = 0.05
    max_us: float = 60.0
    max_slope_us_per_s: float = 10.0
    spread_s: float = 0.5
    flat_s: float = 30.0
    min_score: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Target:
    """One thing that is predicted.

    Attributes
    ----------
    name : str
        "arousal" or "valence": also the name of the ONNX output.
    classes : tuple of str
        Names of the classes in the order of the output's columns: (low, high).
    threshold : float
        Probability of the second class from which on it is the label, in (0, 1).
    temperature : float
        Divisor of the logits, applied inside the exported graph; 1 leaves them as they are.
    """

    name: str
    classes: tuple[str, ...] = ("low", "high")
    threshold: float = 0.5
    temperature: float = 1.0
