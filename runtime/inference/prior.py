"""What is known beforehand of how one person differs from strangers; it travels in the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from device.digest import sha256
from device.errors import ModelError
from device.samples import FloatArray
from runtime.preprocessing.contract import Contract

# Key under which the priors of all targets stand in an ONNX file's metadata.
KEY = "rtcan_adaptation"
_FORM = "rtcan-prior-1"
# Log odds, standard deviation of a person's bias where nothing was measured: the people of
# Stress-Predict differ by about 0.2 (docs/adaptation.md).
_CAUTIOUS = 0.3
_CAUTIOUS_BLOCK_S = 240.0


@dataclass(frozen=True, eq=False)
class Prior:
    """In what people differ, and how much.

    Attributes
    ----------
    features : tuple of str
        The contract's features, in its order.
    directions : float64 (r, features + 2)
        Over the features, the stranger's log odds and a constant 1, in this order.
    covariance : float64 (r, r)
        Of people's coefficients along the directions; their mean is 0.
    block_s : float
        Seconds within which labels tell hardly more than one.
    evidence : float
        For how many independent answers one block of labels stands, above 0.
    by_default : bool
        Whether the adapted answer was better than the stranger's on people whom it never saw, so
        that it is given without being asked for.
    """

    features: tuple[str, ...]
    directions: FloatArray
    covariance: FloatArray
    block_s: float = 60.0
    evidence: float = 1.0
    by_default: bool = False

    def __post_init__(self) -> None:
        for name in ("directions", "covariance"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        r = len(self.directions)
        if self.directions.shape != (r, len(self.features) + 2):
            raise ModelError(
                f"The prior's directions have shape {self.directions.shape}; expected: "
                f"(r, {len(self.features) + 2}), for the features, the log odds and the bias"
            )
        if self.covariance.shape != (r, r) or not _is_covariance(self.covariance):
            raise ModelError(
                f"The prior's covariance of shape {self.covariance.shape} is none; expected: a "
                f"symmetric matrix ({r}, {r}) without negative eigenvalues"
            )
        if not np.isfinite(self.directions).all():
            raise ModelError("The prior's directions hold values that are not finite")
        if not (0 < self.block_s < np.inf and 0 < self.evidence < np.inf):
            raise ModelError(
                f"The prior's block_s is {self.block_s} and evidence {self.evidence}; expected: "
                "finite numbers above 0"
            )

    @staticmethod
    def cautious(features: tuple[str, ...] = ()) -> Prior:
        """Return the prior of a model that carries none: a bias, by little."""
        bias = np.zeros((1, len(features) + 2))
        bias[0, -1] = 1.0
        return Prior(features, bias, np.array([[_CAUTIOUS**2]]), block_s=_CAUTIOUS_BLOCK_S)

    @property
    def learnt(self) -> bool:
        """Whether it was learnt from people; `Prior.cautious` was not."""
        return self.digest != Prior.cautious(self.features).digest

    @cached_property
    def digest(self) -> str:
        """What tells this prior from others, 16 hexadecimal digits."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]

    def design(self, margin: FloatArray, features: FloatArray) -> FloatArray:
        """Return what the coefficients are multiplied with, float64 (n, r).

        Parameters
        ----------
        margin : float64 (n,)
            The stranger's log odds.
        features : float64 (n, features)
            In the person's own units.
        """
        rows = np.column_stack([features, margin, np.ones(len(margin))])
        return np.asarray(rows @ self.directions.T)

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON's own types."""
        return {
            "form": _FORM,
            "features": list(self.features),
            "directions": self.directions.tolist(),
            "covariance": self.covariance.tolist(),
            "block_s": self.block_s,
            "evidence": self.evidence,
            "by_default": self.by_default,
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Prior:
        """Read the form of `to_dict`.

        Raises
        ------
        ModelError
            If it is not that form.
        """
        try:
            if data["form"] != _FORM:
                raise ValueError(f"its form is {data['form']!r}, expected {_FORM!r}")
            features = tuple(str(name) for name in data["features"])
            directions = np.array(data["directions"], dtype=np.float64)
            return Prior(
                features,
                directions.reshape(-1, len(features) + 2),
                np.array(data["covariance"], dtype=np.float64).reshape(2 * (len(directions),)),
                float(data["block_s"]),
                float(data["evidence"]),
                bool(data["by_default"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The prior of a model is damaged ({type(error).__name__}: {error}); export it "
                "again"
            ) from error


def priors_to_json(priors: Mapping[str, Prior]) -> str:
    """Return the priors of all targets as the text of the model's metadata."""
    return json.dumps({target: prior.to_dict() for target, prior in priors.items()})


def priors_from_json(text: str | None, contract: Contract) -> dict[str, Prior]:
    """Return the prior of each target of a model.

    Parameters
    ----------
    text : str or None
        Of the metadata; targets that it does not name, or all where there is none, get
        `Prior.cautious`.
    contract : Contract
        Of the same model.

    Raises
    ------
    ModelError
        If the text is damaged, or of other features or targets than the contract's.
    """
    cautious = {target.name: Prior.cautious(contract.features) for target in contract.targets}
    return cautious | learnt_priors(text, contract)


def learnt_priors(text: str | None, contract: Contract) -> dict[str, Prior]:
    """Return the priors that a text names alone; see `priors_from_json`."""
    if text is None:
        return {}
    try:
        found = {str(name): Prior.from_dict(prior) for name, prior in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise ModelError(f"The priors of a model are damaged ({error}); export it again") from error
    names = [target.name for target in contract.targets]
    for name, prior in found.items():
        if name not in names or prior.features != contract.features:
            raise ModelError(
                f"The prior for {name} is of the features {list(prior.features)}; the contract has "
                f"{list(contract.features)} and predicts {', '.join(names)}. Export it again"
            )
    return found


def _is_covariance(values: FloatArray) -> bool:
    if not np.isfinite(values).all() or not np.array_equal(values, values.T):
        return False
    eigenvalues = np.linalg.eigvalsh(values)
    return bool(eigenvalues.min(initial=0.0) >= -1e-9 * max(eigenvalues.max(initial=0.0), 1e-300))
