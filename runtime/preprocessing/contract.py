"""The contract: every constant that turns samples into network input and network output into words.

It is written into the checkpoint and into the ONNX file's metadata, and the runtime takes no such
constant from anywhere else: the model file alone is enough to run.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from device.errors import ContractError

SCHEMA = 1
# Key under which the contract stands in an ONNX file's metadata.
METADATA_KEY = "rtcan_contract"
CHANNELS = ("tonic", "phasic", "origin")


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


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Constants of preprocessing and decision.

    Attributes
    ----------
    schema : int
        Version of this form.
    rate_hz : float
        Model rate: the uniform grid on which all is computed.
    context_s : float
        Seconds before the window that are decomposed with it and then dropped, because cvxEDA is
        wrong at the head of what it is given.
    window_s : float
        Seconds that the network sees.
    hop_s : float
        Seconds from one live window to the next.
    input_length : int
        Samples per channel of the network input; the window is stretched to it linearly.
    channels : tuple of str
        Order of the network's input channels.
    units : str
        Of the samples: microsiemens.
    normalisation : str
        "zscore": (y - mean) / std over context and window, ddof 0.
    max_gap_s : float
        Samples further apart than this leave a gap between them.
    max_gap_share : float
        Share of context and window that may be gap; above it there is no prediction.
    min_std_us : float
        Standard deviation in microsiemens under which the signal counts as flat.
    cvxeda : CvxEdaParameters
        Constants of the decomposition.
    quality : QualityLimits
        What a believable signal is; judged live, never while training.
    targets : tuple of Target
        What is predicted.
    labels : str
        How ratings became classes, in words.
    trained_on : str
        What the network learnt from, in words; shown wherever predictions are shown.
    not_live : str
        Why live windows cannot be brought into this network's form; "" for one that runs live.
    music_mean, music_std : tuple of float
        Mean and standard deviation of the music features on the training side, with which they
        are standardised; empty for a network without music.
    """

    schema: int = SCHEMA
    rate_hz: float = 8.0
    context_s: float = 5.0
    window_s: float = 60.0
    hop_s: float = 1.0
    input_length: int = 2500
    channels: tuple[str, ...] = CHANNELS
    units: str = "uS"
    normalisation: str = "zscore"
    max_gap_s: float = 1.0
    max_gap_share: float = 0.1
    min_std_us: float = 1e-4
    cvxeda: CvxEdaParameters = field(default_factory=CvxEdaParameters)
    quality: QualityLimits = field(default_factory=QualityLimits)
    targets: tuple[Target, ...] = (Target(name="arousal"), Target(name="valence"))
    labels: str = "not stated"
    trained_on: str = "not stated"
    not_live: str = ""
    music_mean: tuple[float, ...] = ()
    music_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_ranges(self)

    @property
    def context_samples(self) -> int:
        """Grid samples of context."""
        return round(self.context_s * self.rate_hz)

    @property
    def window_samples(self) -> int:
        """Grid samples of the window."""
        return round(self.window_s * self.rate_hz)

    @property
    def total_samples(self) -> int:
        """Grid samples of context and window together: what is decomposed."""
        return self.context_samples + self.window_samples

    @property
    def hop_samples(self) -> int:
        """Grid samples from one window to the next."""
        return round(self.hop_s * self.rate_hz)

    def to_json(self) -> str:
        """Return the one JSON form."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Contract:
        """Read the JSON form.

        Raises
        ------
        ContractError
            Naming the key that is missing, unknown, of the wrong type or out of range, or the
            schema version that this code does not know.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ContractError(f"The contract is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise ContractError(f"The contract is a {type(data).__name__}; an object was expected")
        if "schema" not in data:
            raise ContractError("The contract has no key 'schema'; is it RTCAN's?")
        if data["schema"] != SCHEMA:
            raise ContractError(
                f"The contract's schema is {data['schema']!r}; this version of RTCAN reads schema "
                f"{SCHEMA}. Export the model again with this version, or install a newer RTCAN."
            )
        contract: Contract = _build(Contract, data, "")
        return contract


def _build(kind: type[Any], data: Any, path: str) -> Any:
    """Return a dataclass from parsed JSON, every key present, known and of its type."""
    if not isinstance(data, Mapping):
        raise ContractError(f"Contract key '{path}' is {data!r}; an object was expected")
    fields = {item.name: item for item in dataclasses.fields(kind)}
    prefix = f"{path}." if path else ""
    for name in data:
        if name not in fields:
            raise ContractError(f"The contract has an unknown key '{prefix}{name}'")
    values = {}
    for name, item in fields.items():
        if name not in data:
            raise ContractError(f"The contract lacks the key '{prefix}{name}'")
        values[name] = _READERS[str(item.type)](data[name], prefix + name)
    return kind(**values)


def _integer(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractError(f"Contract key '{path}' is {value!r}; a whole number was expected")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ContractError(f"Contract key '{path}' is {value!r}; a number was expected")
    return float(value)


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise ContractError(f"Contract key '{path}' is {value!r}; text was expected")
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise ContractError(f"Contract key '{path}' is {value!r}; a list was expected")
    return value


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "int": _integer,
    "float": _number,
    "str": _text,
    "tuple[str, ...]": lambda v, p: tuple(_text(x, p) for x in _list(v, p)),
    "tuple[float, ...]": lambda v, p: tuple(_number(x, p) for x in _list(v, p)),
    "tuple[Target, ...]": lambda v, p: tuple(
        _build(Target, x, f"{p}[{i}]") for i, x in enumerate(_list(v, p))
    ),
    "CvxEdaParameters": lambda v, p: _build(CvxEdaParameters, v, p),
    "QualityLimits": lambda v, p: _build(QualityLimits, v, p),
}


def _check_ranges(contract: Contract) -> None:
    c, d, q = contract, contract.cvxeda, contract.quality
    checks: list[tuple[str, Any, bool, str]] = [
        ("schema", c.schema, c.schema == SCHEMA, f"{SCHEMA}"),
        ("rate_hz", c.rate_hz, 1 <= c.rate_hz <= 2000, "1 to 2000"),
        ("context_s", c.context_s, 0 <= c.context_s <= 600, "0 to 600"),
        ("window_s", c.window_s, 1 <= c.window_s <= 3600, "1 to 3600"),
        ("hop_s", c.hop_s, 0 < c.hop_s <= 3600, "above 0, at most 3600"),
        ("input_length", c.input_length, 16 <= c.input_length <= 10**6, "16 to 1000000"),
        ("channels", c.channels, sorted(c.channels) == sorted(CHANNELS), f"an order of {CHANNELS}"),
        ("units", c.units, c.units == "uS", "'uS'"),
        ("normalisation", c.normalisation, c.normalisation == "zscore", "'zscore'"),
        ("max_gap_s", c.max_gap_s, 0 < c.max_gap_s <= 60, "above 0, at most 60"),
        ("max_gap_share", c.max_gap_share, 0 <= c.max_gap_share <= 1, "0 to 1"),
        ("min_std_us", c.min_std_us, 0 <= c.min_std_us <= 100, "0 to 100"),
        ("cvxeda.tau_fast_s", d.tau_fast_s, 0 < d.tau_fast_s < d.tau_slow_s, "below tau_slow_s"),
        ("cvxeda.tau_slow_s", d.tau_slow_s, d.tau_slow_s <= 60, "at most 60"),
        ("cvxeda.knot_spacing_s", d.knot_spacing_s, 1 <= d.knot_spacing_s <= 600, "1 to 600"),
        ("cvxeda.alpha", d.alpha, 0 < d.alpha <= 1e3, "above 0, at most 1000"),
        ("cvxeda.gamma", d.gamma, 0 < d.gamma <= 1e3, "above 0, at most 1000"),
        ("quality.min_us", q.min_us, 0 <= q.min_us < q.max_us, "0 or more, below max_us"),
        ("quality.max_us", q.max_us, q.max_us <= 1e6, "at most 1000000"),
        ("quality.max_slope_us_per_s", q.max_slope_us_per_s, q.max_slope_us_per_s > 0, "above 0"),
        ("quality.spread_s", q.spread_s, 0 <= q.spread_s <= 60, "0 to 60"),
        ("quality.flat_s", q.flat_s, 0 < q.flat_s <= 3600, "above 0, at most 3600"),
        ("quality.min_score", q.min_score, 0 <= q.min_score <= 1, "0 to 1"),
        ("targets", [t.name for t in c.targets], bool(c.targets), "at least one"),
        ("music_std", len(c.music_std), len(c.music_std) == len(c.music_mean), "as many as means"),
        ("music_std", min(c.music_std, default=1.0), min(c.music_std, default=1.0) > 0, "above 0"),
    ]
    for key in ("context_s", "window_s", "hop_s"):
        exact = getattr(c, key) * c.rate_hz
        whole = math.isclose(exact, round(exact), rel_tol=1e-9, abs_tol=1e-6)
        checks.append((key, getattr(c, key), whole, f"a whole number of samples at {c.rate_hz} Hz"))
    checks.append(("hop_s", c.hop_s, c.hop_samples >= 1, "at least one sample"))
    for i, target in enumerate(c.targets):
        path = f"targets[{i}]"
        known = target.name in ("arousal", "valence")
        checks += [
            (f"{path}.name", target.name, known, "'arousal' or 'valence'"),
            (f"{path}.classes", target.classes, len(target.classes) == 2, "two names"),
            (f"{path}.threshold", target.threshold, 0 < target.threshold < 1, "between 0 and 1"),
            (f"{path}.temperature", target.temperature, 0 < target.temperature <= 100, "0 to 100"),
        ]
    names = [target.name for target in c.targets]
    checks.append(("targets", names, len(set(names)) == len(names), "different names"))
    for key, value, ok, expected in checks:
        if not ok:
            raise ContractError(f"Contract key '{key}' is {value!r}; expected: {expected}")
