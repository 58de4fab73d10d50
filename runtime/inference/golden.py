"""A golden stretch in every model: whether this version feeds it as it was trained.

The contract holds every constant of the preprocessing, not its code. So a model carries some raw
samples, the network input that the preprocessing of its training made of them, and its answer to
that. Loading it pushes the samples through the preprocessing at hand and compares.

Numbers are compared within a tolerance, not hashed: the compiled kernel, LAPACK and processors
round differently, and a value beside the edge of a rounding step would change any hash. Kernel and
SciPy agree to 2e-7 (8 to 128 Hz); one per cent on gamma, the least of the constants, makes 1.4e-4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.digest import source_digest
from device.errors import ContractError, ModelError
from device.samples import FloatArray, Samples
from device.versions import installed
from runtime.preprocessing.contract import Contract

# Key under which it stands in an ONNX file's metadata.
KEY = "rtcan_golden"
# Largest difference of a network input, in its own units (standard deviations).
INPUT_TOLERANCE = 1e-4
# Largest difference of a probability: 8-bit products are rounded as the processor can.
ANSWER_TOLERANCE = 0.02
# Values of each channel that are compared, evenly spread.
_PLACES = 256
_PIECES = 64
_RATE_HZ = 10.0
_SEED = 20150204


@dataclass(frozen=True)
class Golden:
    """Raw samples, the network input made of them, and the answer to it.

    Attributes
    ----------
    version : str
        Of the RTCAN that made it, see `version`.
    samples : Samples
        In whole milliseconds and tenths of a nanosiemens.
    input : float64 (3, at most 256)
        The first network input that the samples give, at evenly spread places.
    features : float64 (features,)
        The plain features beside it, in the person's own units; empty where the contract has none.
    answer : mapping of str to float
        Per target, the probability of the second class; empty before the export.
    """

    version: str
    samples: Samples
    input: FloatArray
    answer: Mapping[str, float] = field(default_factory=dict)
    features: FloatArray = field(default_factory=lambda: np.empty(0))

    def to_json(self) -> str:
        """Return the one JSON form."""
        return json.dumps(
            {
                "version": self.version,
                "time_ms": np.rint(1e3 * self.samples.time_s).astype(int).tolist(),
                "eda_us": self.samples.eda_us.round(4).tolist(),
                "input": self.input.round(6).tolist(),
                "features": self.features.round(6).tolist(),
                "answer": {name: round(value, 6) for name, value in self.answer.items()},
            },
            separators=(",", ":"),
        )

    @staticmethod
    def from_json(text: str) -> Golden:
        """Read the JSON form.

        Raises
        ------
        ModelError
            If it is not that form.
        """
        try:
            data = json.loads(text)
            time_s = np.array(data["time_ms"], dtype=np.float64) / 1e3
            samples = Samples(time_s, np.array(data["eda_us"], dtype=np.float64))
            answer = {str(name): float(value) for name, value in data["answer"].items()}
            inputs = np.array(data["input"], dtype=np.float64)
            features = np.array(data.get("features", []), dtype=np.float64)
            return Golden(str(data["version"]), samples, inputs, answer, features)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"The golden stretch of a model is damaged ({type(error).__name__}: {error}); "
                "export it again"
            ) from error


def version() -> str:
    """Return RTCAN's version and the first digits of a hash of its preprocessing's source."""
    runtime = Path(__file__).parents[1]
    code = source_digest(runtime / "preprocessing", runtime / "cvxeda")
    number = installed(["rtcan"]).get("rtcan", "of unknown version")
    return f"{number} (preprocessing {code[:8]})"


def make(contract: Contract) -> Golden:
    """Return a stretch of a simulated person for a contract, with what is made of it here and now.

    It is sampled unevenly and has a gap that is bridged, so that resampling shows too.

    Raises
    ------
    ContractError
        If a simulated person gives no network input under this contract.
    """
    from device.simulation.physiology import Person, simulate

    total_s = contract.reference_s + contract.total_samples / contract.rate_hz
    rate_hz = max(_RATE_HZ, 4.0 / contract.max_gap_s)
    # A little more than a window, for the resampler looks ahead.
    raw = simulate(
        Person(artefacts_per_min=0.0), total_s + 2.0, rate_hz,
        arousal=lambda s: 0.5 + 0.5 * float(np.sin(s / 9.0)), seed=_SEED,
    )  # fmt: skip
    rng = np.random.default_rng(_SEED)
    uneven_s = raw.time_s + rng.uniform(0.0, 0.4 / rate_hz, len(raw))
    gap_s = min(1.5 * contract.max_gap_s, 0.5 * contract.max_gap_share * total_s)
    kept = np.abs(uneven_s - 0.6 * total_s) > gap_s / 2
    time_s, first = np.unique(uneven_s[kept].round(3), return_index=True)
    samples = Samples(time_s, raw.eda_us[kept][first].round(4))
    found = network_input(samples, contract)
    if found is None:
        raise ContractError("A simulated person gives no network input under this contract")
    inputs, features = found
    return Golden(version(), samples, _spread(inputs), features=_listed(features))


def network_input(
    samples: Samples, contract: Contract
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    """Return the first network input (3, input_length) that samples give, and the features beside.

    None if there is none; the features (features,) are None where the contract has none.
    """
    from runtime.preprocessing.windows import Preprocessor

    stream, size = Preprocessor(contract), max(1, len(samples) // _PIECES)
    # In pieces, which changes no bit: what comes after the first input need not be decomposed.
    soonest = int(np.searchsorted(samples.time_s, samples.time_s[:1] + contract.first_answer_s)[0])
    cuts = [0, *range(soonest, len(samples), size), len(samples)]
    for piece in map(slice, cuts, cuts[1:]):
        for window in stream.push(samples.time_s[piece], samples.eda_us[piece]):
            if window.input is not None:
                return window.input, window.features if contract.features else None
    return None


def music(contract: Contract) -> NDArray[np.float32] | None:
    """Return the music (features,) beside the stretch: one deviation above the mean, or None."""
    if not contract.music_mean:
        return None
    above = np.array(contract.music_mean) + np.array(contract.music_std)
    return np.asarray(above, dtype=np.float32)


def check_input(
    golden: Golden, contract: Contract, name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the network input of a golden stretch and its features, made here and compared.

    Parameters
    ----------
    golden : Golden
        As read from a file.
    contract : Contract
        Of that file.
    name : str
        Of that file, for the message.

    Raises
    ------
    ModelError
        If it is another than the model was trained with.
    """
    found = network_input(golden.samples, contract)
    if found is None:
        difference = "none at all here"
    elif _spread(found[0]).shape != golden.input.shape:
        difference = f"{found[0].shape} values here"
    elif _listed(found[1]).shape != golden.features.shape:
        difference = f"{_listed(found[1]).size} plain features here"
    else:
        parts = (_spread(found[0]) - golden.input, (_listed(found[1]) - golden.features)[:, None])
        apart = np.concatenate([np.abs(part).max(axis=1) for part in parts])
        if apart.max() <= INPUT_TOLERANCE:
            return found
        worst = (*contract.channels, *contract.features)[int(apart.argmax())]
        difference = f"{worst} differs by {apart.max():.2g}; {INPUT_TOLERANCE:g} is rounding"
    raise ModelError(
        f"{name} was made by RTCAN {golden.version}; this RTCAN {version()} makes another network "
        f"input of the same samples ({difference}), so its answers would mean nothing. Install the "
        "RTCAN that made it, or train and export again with this one."
    )


def check_answer(golden: Golden, answer: Mapping[str, float], name: str, where: str) -> None:
    """Compare the answer to a golden stretch.

    Parameters
    ----------
    golden : Golden
        As read from a file.
    answer : mapping of str to float
        Per target, the probability of the second class, computed here.
    name, where : str
        Name of the file and what computed it, for the message.

    Raises
    ------
    ModelError
        If it is another than at the export.
    """
    for target, expected in golden.answer.items():
        got = answer[target]
        if not abs(got - expected) <= ANSWER_TOLERANCE:
            raise ModelError(
                f"{name} answers {got:.3f} for {target} of its own golden stretch with {where}; "
                f"at its export by RTCAN {golden.version} it was {expected:.3f} (this RTCAN is "
                f"{version()}). Use another onnxruntime or provider, or export it again here."
            )


def _listed(features: NDArray[np.float32] | None) -> FloatArray:
    return np.empty(0) if features is None else features.astype(np.float64)


def _spread(inputs: NDArray[np.float32]) -> FloatArray:
    """Return at most 256 values of each channel, first and last among them."""
    length = inputs.shape[1]
    places = np.linspace(0, length - 1, min(length, _PLACES)).round().astype(np.intp)
    return inputs[:, places].astype(np.float64)
