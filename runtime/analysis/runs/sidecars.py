"""What stands beside the tables: unit and meaning of columns, versions, what to cite."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from typing import Any

from device.text import utf8
from device.versions import installed

CITATIONS = (
    "Greco A, Valenza G, Lanata A, Scilingo EP, Citi L (2016). cvxEDA: a convex optimization "
    "approach to electrodermal activity processing. IEEE Trans. Biomed. Eng. 63(4). "
    "https://doi.org/10.1109/TBME.2015.2474131",
    "Boucsein W, Fowles DC, Grimnes S, Ben-Shakhar G, Roth WT, Dawson ME, Filion DL (2012). "
    "Publication recommendations for electrodermal measurements. Psychophysiology 49. "
    "https://doi.org/10.1111/j.1469-8986.2012.01384.x",
    "Posada-Quintero HF, Florian JP, Orjuela-Cañón AD, Chon KH (2016). Highly sensitive index of "
    "sympathetic activity based on time-frequency spectral analysis of electrodermal activity. "
    "Am. J. Physiol. Regul. Integr. Comp. Physiol. 311. "
    "https://doi.org/10.1152/ajpregu.00180.2016",
)
_S, _US = "s", "uS"
# Unit and meaning of each column of the tables.
COLUMNS: dict[str, tuple[str, str]] = {
    "onset": (_S, "When it begins, in the recording's time"),
    "duration": (_S, "How long the interval is"),
    "peak": (_S, "When the response is highest"),
    "amplitude": (_US, "Height of the peak above the level at the onset"),
    "rise_time": (_S, "From onset to peak"),
    "half_recovery_time": (_S, "From the peak until half of the amplitude is left, by the model"),
    "driver_area": ("uS*s", "Area of the sudomotor burst that drives the response"),
    "quality": ("", "Share that is neither missing nor artefact, 0 to 1"),
    "scl_mean": (_US, "Mean tonic level"),
    "scl_slope": ("uS/min", "Slope of the tonic level"),
    "scr_count": ("", "Responses that begin in the interval"),
    "scr_rate": ("1/min", "Responses a minute of what was recorded"),
    "scr_amplitude_sum": (_US, "Sum of the responses' amplitudes"),
    "scr_amplitude_mean": (_US, "Mean of the responses' amplitudes"),
    "phasic_mean": (_US, "Mean of the phasic part"),
    "phasic_sd": (_US, "Standard deviation of the phasic part"),
    "tvsymp": ("", "Index of sympathetic activity: amplitude between 0.08 and 0.24 Hz, relative to "
               "that of the recording"),
    "artefact_share": ("", "Share of the interval that is an artefact"),
    "missing_share": ("", "Share of the interval that has no samples"),
    "scr_latency": (_S, "From the event to the onset of the first response after it"),
    "scr_within": ("", "1 where a response begins within the latency window, else 0"),
    "scr_amplitude_first": (_US, "Amplitude of the first response within the latency window"),
    "time": (_S, "The recording's time"),
    "eda": (_US, "Skin conductance on the grid"),
    "tonic": (_US, "Tonic part"),
    "phasic": (_US, "Phasic part"),
    "driver": (_US, "Sudomotor driver of the phasic part"),
    "artefact": ("", "1 where it is an artefact"),
}  # fmt: skip


def columns(names: Any) -> dict[str, Any]:
    """Return BIDS's description of these columns."""
    told = {}
    for name in names:
        if name in COLUMNS:
            unit, text = COLUMNS[name]
            told[name] = {"Description": text, **({"Units": unit} if unit else {})}
        elif name.startswith("probability_"):
            target = name.removeprefix("probability_")
            told[name] = {"Description": f"Mean probability of high {target}, by the model"}
        else:
            told[name] = {"Description": "As in the table of events"}
    return told


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return installed(("rtcan", "numpy", "scipy", "onnxruntime"))


def now_utc() -> str:
    """Return this moment for a file."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_json(value: Any) -> bytes:
    """Return JSON for people."""
    return utf8(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def compressed(text: str) -> bytes:
    """Return gzip, the same bytes for the same text."""
    return gzip.compress(text.encode(), compresslevel=4, mtime=0)
