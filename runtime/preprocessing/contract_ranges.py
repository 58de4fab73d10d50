"""The range of every value in a contract."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

from device.errors import ContractError
from device.text import clean
from runtime.cvxeda.model import MOST_KNOTS
from runtime.cvxeda.solver import Baseline
from runtime.preprocessing.features import FEATURES

if TYPE_CHECKING:
    from runtime.preprocessing.contract import Contract

CHANNELS = ("tonic", "phasic", "origin")
NORMALISATIONS = ("zscore", "personal")
# What a decision and a label can be beside the class names.
_STATES = ("undecided", "withheld", "none")
_BASELINES = get_args(Baseline)


def check(contract: Contract, schema: int) -> None:
    """Raise `ContractError` for the first value that is out of range, naming its key."""
    c, d, q = contract, contract.cvxeda, contract.quality
    checks: list[tuple[str, Any, bool, str]] = [
        ("schema", c.schema, c.schema == schema, f"{schema}"),
        ("rate_hz", c.rate_hz, 1 <= c.rate_hz <= 2000, "1 to 2000"),
        ("context_s", c.context_s, 0 <= c.context_s <= 600, "0 to 600"),
        ("window_s", c.window_s, 1 <= c.window_s <= 3600, "1 to 3600"),
        ("hop_s", c.hop_s, 0 < c.hop_s <= 3600, "above 0, at most 3600"),
        ("input_length", c.input_length, 16 <= c.input_length <= 10**6, "16 to 1000000"),
        ("channels", c.channels, sorted(c.channels) == sorted(CHANNELS), f"an order of {CHANNELS}"),
        ("units", c.units, c.units == "uS", "'uS'"),
        (
            "normalisation",
            c.normalisation,
            c.normalisation in NORMALISATIONS,
            f"one of {NORMALISATIONS}",
        ),
        ("max_gap_s", c.max_gap_s, 0 < c.max_gap_s <= 60, "above 0, at most 60"),
        ("max_gap_share", c.max_gap_share, 0 <= c.max_gap_share <= 1, "0 to 1"),
        ("min_std_us", c.min_std_us, 0 <= c.min_std_us <= 100, "0 to 100"),
        ("cvxeda.tau_fast_s", d.tau_fast_s, 0 < d.tau_fast_s < d.tau_slow_s, "below tau_slow_s"),
        ("cvxeda.tau_slow_s", d.tau_slow_s, d.tau_slow_s <= 60, "at most 60"),
        ("cvxeda.knot_spacing_s", d.knot_spacing_s, 1 <= d.knot_spacing_s <= 600, "1 to 600"),
        ("cvxeda.alpha", d.alpha, 0 < d.alpha <= 1e3, "above 0, at most 1000"),
        ("cvxeda.gamma", d.gamma, 0 < d.gamma <= 1e3, "above 0, at most 1000"),
        ("cvxeda.baseline", d.baseline, d.baseline in _BASELINES, f"one of {_BASELINES}"),
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
    span_s = c.reference_span_s
    checks += (
        [
            ("reference_s", c.reference_s, 0 <= c.reference_s <= span_s, "0 to reference_span_s"),
            ("window_s", c.window_s, c.window_samples >= 3, "at least 3 samples"),
            ("reference_span_s", span_s, 60 <= span_s <= 86400, "60 to 86400"),
        ]
        if c.personal
        else [
            ("reference_s", c.reference_s, c.reference_s == 0, "0 where windows are z-scored"),
            ("reference_span_s", span_s, span_s == 0, "0 where windows are z-scored"),
            ("features", c.features, not c.features, "none where windows are z-scored"),
        ]
    )
    unknown = [name for name in c.features if name not in FEATURES]
    checks.append(("features", c.features, not unknown, f"names among {FEATURES}"))
    for key in ("context_s", "window_s", "hop_s"):
        exact = getattr(c, key) * c.rate_hz
        whole = math.isclose(exact, round(exact), rel_tol=1e-9, abs_tol=1e-6)
        checks.append((key, getattr(c, key), whole, f"a whole number of samples at {c.rate_hz} Hz"))
    checks.append(("hop_s", c.hop_s, c.hop_samples >= 1, "at least one sample"))
    # What the decomposition needs, and can bear.
    enough = c.total_samples >= 3
    checks.append(("window_s", c.window_s, enough, "at least 3 samples with its context"))
    knots = c.total_samples / max(1, round(d.knot_spacing_s * c.rate_hz))
    key, most = "cvxeda.knot_spacing_s", f"at most {MOST_KNOTS} knots in context and window"
    checks.append((key, d.knot_spacing_s, knots <= MOST_KNOTS, most))
    for i, target in enumerate(c.targets):
        path = f"targets[{i}]"
        known = target.name in ("arousal", "valence")
        named = len(set(target.classes)) == 2 == len(target.classes)
        named = named and all(
            name and name == clean(name) and name not in _STATES for name in target.classes
        )
        checks += [
            (f"{path}.name", target.name, known, "'arousal' or 'valence'"),
            (f"{path}.classes", target.classes, named, f"two different names, none of {_STATES}"),
            (f"{path}.words", target.words, len(target.words) in (0, 2), "none, or two"),
            (f"{path}.threshold", target.threshold, 0 < target.threshold < 1, "between 0 and 1"),
            (f"{path}.temperature", target.temperature, 0 < target.temperature <= 100, "0 to 100"),
        ]
    names = [target.name for target in c.targets]
    checks.append(("targets", names, len(set(names)) == len(names), "different names"))
    for key, value, ok, expected in checks:
        if not ok:
            raise ContractError(f"Contract key '{key}' is {value!r}; expected: {expected}")
