"""What learns from a person's labels: the seam between a run and the mathematics.

A run hands every prediction to `adapt`, in the order of their times, and every label to `label`.
Without an adaptation, or without labels, the stranger's answer is the only one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Prediction

# A label may come so long after its time: those of a guided session come at its end.
LATEST_LABEL_S = 1200.0


class Adaptation(Protocol):
    """Learns one person's answer from labels; called from one thread, the run's.

    Attributes
    ----------
    on_by_default : bool
        Whether its answer is shown unasked: only where labels were measured to help strangers.
    labels : int
        How many labels it holds.
    """

    on_by_default: bool
    labels: int

    def label(self, time_s: float, target: str, value: float) -> str | None:
        """Take what the person said of a moment.

        Parameters
        ----------
        time_s : float
            When, in the time of the windows that `adapt` was given; at most `LATEST_LABEL_S` ago.
        target : str
            Name of one of the contract's targets.
        value : float
            0 (lowest) to 1 (highest); 0.5 is neither.

        Returns
        -------
        str or None
            What the person should know of it, such as that no window holds its time or that it
            contradicts others; None where there is nothing to say.
        """

    def adapt(self, prediction: Prediction) -> Mapping[str, float]:
        """Return the person's probabilities of the second class, 0 to 1, by target.

        A target without labels, or a window without an answer, is left out. Windows that a later
        label may name are remembered here.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the state in JSON's own types, without raw signal, for the person's profile."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of `to_dict`.

        Raises
        ------
        device.errors.RtcanError
            If it is none, or of another model; nothing is changed then.
        """


def adaptation_of(classifier: Classifier) -> Adaptation | None:
    """Return a fresh adaptation for a model, or None where the model's file brings no prior."""
    return None
