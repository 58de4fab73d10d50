"""NeuroKit2's EDA functions by their names and columns, computed by RTCAN.

    from rtcan.neurokit import eda_phasic, eda_process

    parts = eda_phasic(eda_us, sampling_rate=100)        # EDA_Tonic, EDA_Phasic
    signals, info = eda_process(eda_us, sampling_rate=100)

pandas is needed, NeuroKit2 is not. Values are microsiemens, and are not to be standardised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import rtcan
from device.errors import ArgumentError, MissingExtraError

# NeuroKit2's names of cvxEDA's parameters, and ours.
_PARAMETERS = {
    "tau0": "tau_slow_s",
    "tau1": "tau_fast_s",
    "delta_knot": "knot_spacing_s",
    "alpha": "alpha",
    "gamma": "gamma",
    "reltol": "tolerance",
}


def eda_phasic(
    eda_signal: ArrayLike, sampling_rate: float = 1000, method: str = "cvxeda", **kwargs: Any
) -> Any:
    """Split skin conductance as `neurokit2.eda_phasic(..., method="cvxeda")` does, exactly.

    Parameters
    ----------
    eda_signal : array-like (n,)
        Microsiemens.
    sampling_rate : float
        Samples per second.
    method : {"cvxeda"}
        No other.
    **kwargs
        `tau0`, `tau1`, `delta_knot`, `alpha`, `gamma`, `reltol`, as NeuroKit2 calls them.

    Returns
    -------
    pandas.DataFrame
        Columns "EDA_Tonic" and "EDA_Phasic", (n,), microsiemens.

    Raises
    ------
    ArgumentError
        Another method or parameter.
    MissingExtraError
        pandas is not installed.
    """
    if method != "cvxeda":
        raise ArgumentError(f"method is {method!r}; rtcan.neurokit has 'cvxeda' alone")
    unknown = [name for name in kwargs if name not in _PARAMETERS]
    if unknown:
        raise ArgumentError(f"{unknown[0]} is no parameter; expected: {', '.join(_PARAMETERS)}")
    own = {_PARAMETERS[name]: value for name, value in kwargs.items()}
    # NeuroKit2 does not scale the signal.
    pandas = _pandas()
    parts = rtcan.decompose(eda_signal, sampling_rate, scale_us=1.0, **own)
    return pandas.DataFrame({"EDA_Tonic": parts.tonic, "EDA_Phasic": parts.phasic})


def eda_process(
    eda_signal: ArrayLike, sampling_rate: float = 1000, **options: Any
) -> tuple[Any, dict[str, Any]]:
    """Find responses and return them as `neurokit2.eda_process` does.

    Parameters
    ----------
    eda_signal : array-like (n,)
        Microsiemens.
    sampling_rate : float
        Samples per second.
    **options
        Of `rtcan.analyse`, such as `min_amplitude_us`.

    Returns
    -------
    signals : pandas.DataFrame
        (n,) rows: "EDA_Raw", "EDA_Clean" (on the grid of the analysis, interpolated), "EDA_Tonic",
        "EDA_Phasic", and per sample "SCR_Onsets", "SCR_Peaks", "SCR_Height", "SCR_Amplitude",
        "SCR_RiseTime", "SCR_Recovery", "SCR_RecoveryTime", 0 or NaN where there is none.
    info : dict
        The same of the responses alone, their places as numbers of samples, and "sampling_rate".
    """
    pandas = _pandas()
    raw = np.asarray(eda_signal, dtype=np.float64)
    analysis = rtcan.analyse(raw, sampling_rate, **options)
    time_s = np.arange(raw.size) / sampling_rate
    signals = {"EDA_Raw": raw}
    for name, values in (
        ("EDA_Clean", analysis.eda_us),
        ("EDA_Tonic", analysis.tonic_us),
        ("EDA_Phasic", analysis.phasic_us),
    ):
        signals[name] = np.interp(time_s, analysis.time_s, values)
    found = analysis.responses

    def samples(at_s: Any) -> Any:
        return np.clip(np.rint(np.asarray(at_s) * sampling_rate), 0, raw.size - 1).astype(int)

    peaks, recovery_s = samples(found.peak_s), found.peak_s + found.half_recovery_s
    columns = {
        "Onsets": samples(found.onset_s),
        "Peaks": peaks,
        "Height": signals["EDA_Phasic"][peaks],
        "Amplitude": found.amplitude_us,
        "RiseTime": found.rise_s,
        "Recovery": samples(recovery_s),
        "RecoveryTime": found.half_recovery_s,
    }
    for name in ("Onsets", "Peaks", "Recovery"):
        signals[f"SCR_{name}"] = np.zeros(raw.size, dtype=int)
        signals[f"SCR_{name}"][columns[name]] = 1
    for name in ("Height", "Amplitude", "RiseTime", "RecoveryTime"):
        signals[f"SCR_{name}"] = np.full(raw.size, np.nan)
        signals[f"SCR_{name}"][peaks] = columns[name]
    info = {f"SCR_{name}": values for name, values in columns.items()}
    return pandas.DataFrame(signals), {**info, "sampling_rate": sampling_rate}


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtraError("pandas", "analysis", "rtcan.neurokit") from error
    return pandas
