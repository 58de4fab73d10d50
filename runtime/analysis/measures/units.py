"""Whether values can be skin conductance in microsiemens, and which unit would fit if not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from device.errors import SignalError
from device.samples import FloatArray

# Medians of whole recordings lie well within these, microsiemens (Boucsein 2012: 2 to 20 on the
# palm; less on the wrist).
_LEAST_US, _MOST_US = 0.001, 100.0
_USUAL_US = (0.1, 40.0)
# Name of the unit, what to do, and the microsiemens of a value v in it.
_UNITS: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("nanosiemens", "divide them by 1000", lambda v: v / 1e3),
    ("siemens", "multiply them by 1,000,000", lambda v: v * 1e6),
    ("millisiemens", "multiply them by 1000", lambda v: v * 1e3),
    ("kiloohms", "take 1000 / value", lambda v: 1e3 / v),
    ("ohms", "take 1,000,000 / value", lambda v: 1e6 / v),
)


def refuse_other_units(name: str, eda_us: FloatArray) -> None:
    """Raise SignalError where a recording cannot be skin conductance in microsiemens.

    Parameters
    ----------
    name : str
        Of the recording, for the message.
    eda_us : float64 (n,)
        With NaN where there is no value.
    """
    valid = eda_us[np.isfinite(eda_us)]
    if not valid.size:
        raise SignalError(
            f"{name} holds no value at all: each of its {eda_us.size} samples is missing. Is it "
            "the right column, and was the sensor worn?"
        )
    if valid.min() == valid.max():
        where = "contact with the skin" if valid[0] == 0 else "a sensor that measures"
        raise SignalError(
            f"all {valid.size} values of {name} are {valid[0]:g}: there was no {where}"
        )
    middle = float(np.median(valid))
    if _LEAST_US <= middle <= _MOST_US:
        return
    if middle <= 0 and valid.min() < 0:
        raise SignalError(
            f"half of the values of {name} are {middle:.4g} or less, and skin conductance is "
            "positive: was it standardised, or its mean taken away? Give microsiemens"
        )
    if middle == 0:
        raise SignalError(
            f"more than half of the values of {name} are 0: there was no contact with the skin"
        )
    fit = [
        f"as {unit} it would be {us(middle):.3g} µS ({what})"
        for unit, what, us in _UNITS
        if _USUAL_US[0] <= us(middle) <= _USUAL_US[1]
    ]
    hint = "; ".join(fit) if fit else "is it a converter's count, or another channel?"
    raise SignalError(
        f"the median of {name} is {middle:.4g}, and skin has {_LEAST_US:g} to {_MOST_US:g} µS: "
        f"{hint}"
    )
