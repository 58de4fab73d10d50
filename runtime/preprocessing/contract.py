"""The contract: every constant that turns samples into network input and network output into words.

It is written into the checkpoint and into the ONNX file's metadata, and the runtime takes no such
constant from anywhere else: the model file alone is enough to run.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from device.errors import ContractError
from runtime.preprocessing.contract_form import build, since
from runtime.preprocessing.contract_ranges import CHANNELS as CHANNELS
from runtime.preprocessing.contract_ranges import check

SCHEMA = 2
# Key under which the contract stands in an ONNX file's metadata.
METADATA_KEY = "rtcan_contract"


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
    baseline : str
        What the tonic part holds free of penalty: "linear", "constant", "none" or "spline".
    """

    tau_slow_s: float = 2.0
    tau_fast_s: float = 0.7
    knot_spacing_s: float = 10.0
    alpha: float = 8e-4
    gamma: float = 1e-2
    baseline: str = since(2, "linear")


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
    words : tuple of str
        What the classes mean, for people: ("as at rest", "as in a mental task"); empty where their
        names say it.
    trained_on : str
        What this target was learnt from, where targets differ; "" for the contract's.
    guess : str
        Why the answer is no more than a guess; "" where it was better than chance on people whom
        the network never saw. No colour and no trigger hangs on a guess.
    """

    name: str
    classes: tuple[str, ...] = ("low", "high")
    threshold: float = 0.5
    temperature: float = 1.0
    words: tuple[str, ...] = since(2, ())
    trained_on: str = since(2, "")
    guess: str = since(2, "")


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
        "zscore": (y - mean) / std over context and window, ddof 0. "personal": in the person's own
        units, see `runtime.preprocessing.reference`.
    reference_s : float
        Seconds of believable signal that the personal reference needs before the first answer.
    reference_span_s : float
        Seconds of past that it remembers; 0, like `reference_s`, where windows are z-scored.
    features : tuple of str
        Plain features in the person's own units, the network's second input; see
        `runtime.preprocessing.features`. Empty for a network without.
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
    reference_s: float = since(2, 0.0)
    reference_span_s: float = since(2, 0.0)
    features: tuple[str, ...] = since(2, ())
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
        check(self, SCHEMA)

    @property
    def personal(self) -> bool:
        """Whether windows are seen in the person's own units."""
        return self.normalisation == "personal"

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

    @property
    def first_answer_s(self) -> float:
        """Seconds of believable signal before the first answer."""
        return max(self.context_s + self.window_s, self.reference_s)

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
            schema version that this code does not know. Schema 1, which had no personal reference,
            is read as what it meant.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ContractError(f"The contract is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise ContractError(f"The contract is a {type(data).__name__}; an object was expected")
        if "schema" not in data:
            raise ContractError("The contract has no key 'schema'; is it RTCAN's?")
        schema = data["schema"]
        if type(schema) is not int or not 1 <= schema <= SCHEMA:
            raise ContractError(
                f"The contract's schema is {schema!r}; this version of RTCAN reads schemas 1 to "
                f"{SCHEMA}. Export the model again with this version, or install a newer RTCAN."
            )
        contract: Contract = build(Contract, data | {"schema": SCHEMA}, schema, _NESTED)
        return contract


_NESTED = {kind.__name__: kind for kind in (CvxEdaParameters, QualityLimits, Target)}
