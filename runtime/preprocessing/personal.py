"""A window in the person's own units: what the contract's normalisation "personal" does.

Once a hop, the reference (`runtime.preprocessing.reference`) takes up the newest believable
samples; the window is decomposed in units of its scale S, which keeps a quiet minute quiet; and the
window's plain features are added to the reference and read against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.cvxeda.solver import Decomposition
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.features import AMOUNTS, FEATURES, features
from runtime.preprocessing.normalise import Normalised
from runtime.preprocessing.quality import believable, too_fast
from runtime.preprocessing.reference import Reference


@dataclass(frozen=True)
class Personal:
    """What the network sees of one window in the person's own units.

    Attributes
    ----------
    channels : dict of str to float64 (total_samples,)
        asinh((tonic - M)/S), log1p(phasic/S) and asinh((eda - M)/S), by the contract's names.
    features : float32 (features,)
        In the contract's order: asinh of amounts in the person's own running SDs from the mean,
        shapes as they are.
    """

    channels: dict[str, FloatArray]
    features: NDArray[np.float32]


class PersonalUnits:
    """The person's reference, and windows seen against it.

    Parameters
    ----------
    contract : Contract
        With the normalisation "personal".

    Attributes
    ----------
    reference : Reference
        What is usual for this person.
    until : int
        Place on the grid before which the reference has taken up everything.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.reference = Reference(
            tuple(name for name in contract.features if name in AMOUNTS),
            contract.hop_s,
            contract.reference_span_s,
            least_s=contract.reference_s,
        )
        self._places = np.array([FEATURES.index(name) for name in contract.features], dtype=np.intp)
        self._amounts = np.array([name in AMOUNTS for name in contract.features], dtype=np.bool_)
        self.until = 0
        self._level = self.reference.level()

    @property
    def left_s(self) -> float:
        """Seconds of believable signal that are needed before the first answer."""
        return max(0.0, self.contract.reference_s - self.reference.past_s)

    def restart(self) -> None:
        """Begin a new stream of the same person."""
        self.until = 0

    def follow(self, first: int, eda_us: FloatArray, gap: NDArray[np.bool_], stop: int) -> None:
        """Take up the hops before place `stop` that were not taken up yet.

        Parameters
        ----------
        first : int
            Place of `eda_us[0]` on the grid.
        eda_us, gap
            Of the grid from there on.
        stop : int
            Where a window ends.
        """
        hop = self.contract.hop_samples
        until = max(self.until, first)
        start = stop - hop * -(-(stop - until) // hop)
        for at in range(start, stop, hop):
            piece = slice(max(at, until) - first, at + hop - first)
            good = believable(eda_us[piece], self.contract.quality) & ~gap[piece]
            self.reference.add_level(eda_us[piece][good])
        self.until = stop
        self._level = self.reference.level()

    def normalise(self, eda_us: FloatArray) -> Normalised | None:
        """Return context and window in units of S; None before anything was believable."""
        _, scale_us = self._level
        if np.isnan(scale_us) or float(eda_us.std()) < self.contract.min_std_us:
            return None
        mean_us = float(eda_us.mean())
        return Normalised((eda_us - mean_us) / scale_us, mean_us, scale_us)

    def see(self, eda_us: FloatArray, scaled: Normalised, parts: Decomposition) -> Personal:
        """Return a decomposed window in the person's units, which its features become part of.

        Parameters
        ----------
        eda_us : float64 (total_samples,)
            Context and window, microsiemens.
        scaled : Normalised
            As `normalise` gave it.
        parts : Decomposition
            Of `scaled.values`.
        """
        contract = self.contract
        context = contract.context_samples
        level_us, scale_us = self._level
        tonic_us = parts.tonic * scaled.unit_us + scaled.mean_us
        phasic_us = parts.phasic * scaled.unit_us
        channels = {
            "tonic": np.arcsinh((tonic_us - level_us) / scale_us),
            "phasic": np.log1p(phasic_us / scale_us),
            "origin": np.arcsinh((eda_us - level_us) / scale_us),
        }
        found = features(
            eda_us[context:], tonic_us[context:], phasic_us[context:], contract.rate_hz
        )
        own = found[self._places]
        if believable(eda_us, contract.quality).all() and not too_fast(eda_us, contract).any():
            self.reference.add_features(own[self._amounts])
        own[self._amounts] = self.reference.scaled(own[self._amounts])
        return Personal(channels, own.astype(np.float32))
