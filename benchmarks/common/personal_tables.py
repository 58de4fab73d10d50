"""The tables of docs/adaptation.md and docs/personal.md, of `benchmarks/results/personal.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_REFERENCES = {
    "cold": "none (cold start)",
    "whole": "of the first half, as it was",
    "thinned": "the same, counting for five minutes",
}
_ANSWERS = {
    "adapted": "**adapted, chosen on the other people**",
    "bias, evidence 1": "bias",
    "bias and margin, evidence 1": "bias, and how far the log odds are believed",
    "principal, evidence 1": "three principal directions",
    "principal, evidence 4": "the same, a block counting as four answers",
    "threshold alone": "a threshold by the labels alone",
    "person alone": "a regression on the person's labels alone",
    "personal prior": "one answer for all of a person's windows",
}


def worth(result: Mapping[str, Any]) -> str:
    """Return in a sentence or two what a profile and labels are worth."""
    claims = result["claims"]
    gain = _change(claims["profile_gain"], result["figures"]["profile"]["thinned"])
    return (
        f"Begun midway with the reference of the first half of a sitting, the first estimate comes "
        f"after {claims['first_answer_s']:.0f} s instead of {claims['first_answer_cold_s']:.0f} s, "
        f"and the AUC of the next five minutes rises by {gain}. Labels changed the balanced "
        f"accuracy by {claims['label_gain']:+.3f} and harmed "
        f"{100 * claims['share_harmed']:.0f} % of {result['figures']['people']} people: "
        f"the adapted answer is {'on' if claims['adapts_by_default'] else 'off'} by default. "
        "See [what it is worth](adaptation.md)."
    )


def profile(result: Mapping[str, Any]) -> str:
    """Return what a saved reference adds, a row to each reference."""
    lines = [
        "| reference | first answer after | AUC, all people pooled | gain | AUC within a person "
        "| gain |",
        "|---|---|---|---|---|---|",
    ]
    found = result["figures"]["profile"]
    for way, words in _REFERENCES.items():
        own = found[way]
        gains = ["", ""]
        if way != "cold":
            gains = [
                _interval(own[f"{kind}_gain"], own[f"{kind}_gain_95"])
                for kind in ("pooled", "within")
            ]
        lines.append(
            f"| {words} | {own['wait_s']:.0f} s | {own['pooled']:.3f} | {gains[0]} | "
            f"{own['within']:.3f} | {gains[1]} |"
        )
    own = found["thinned"]
    lines += ["", f"{own['starts']} starts of {result['figures']['people']} people, "
              f"{own['windows']} windows."]  # fmt: skip
    return "\n".join(lines)


def labels(result: Mapping[str, Any]) -> str:
    """Return what labelled minutes change, a row to each way of answering."""
    return _changes(result["figures"]["labels"])


def videos(result: Mapping[str, Any]) -> str:
    """Return what rated videos of EEVR change."""
    found = result["figures"].get("rated_videos")
    if found is None:
        return "Not measured."
    ways = {way: own for way, own in found.items() if isinstance(own, Mapping)}
    text = (
        f"{found['people']} people, {found['protocol']} held out; of them {found['tested']} who "
        "rated some of the last four high and some low. "
    )
    return text + _changes(ways)


def known_bias(result: Mapping[str, Any]) -> str:
    """Return how often the interval of a simulated person holds their bias."""
    lines = ["| simulated people | 95 % interval holds the bias | mean error | its deviation |",
             "|---|---|---|---|"]  # fmt: skip
    for setting, own in result["figures"]["known_bias"].items():
        lines.append(
            f"| {setting} | {100 * own['covered']:.0f} % | {own['error']:+.2f} | "
            f"{own['deviation']:.2f} |"
        )
    return "\n".join(lines)


def _changes(ways: Mapping[str, Any]) -> str:
    stranger = ways["stranger"]
    ks = [k for k in stranger if k != "0"]
    accuracy, area = (stranger["0"][name] for name in ("balanced_accuracy", "auc_within"))
    begin = (
        f"The stranger's answer has a balanced accuracy of {accuracy:.3f} "
        f"within a person and an AUC of {area:.3f}. Changes of the former, "
        "with 95 % intervals; harmed is who loses more than 0.05."
    )
    lines = [
        begin,
        "",
        f"| answer by | {' | '.join(f'k = {k}' for k in ks)} | harmed at {ks[-1]} |",
        "|---|" + (len(ks) + 1) * "---|",
    ]
    for way, words in _ANSWERS.items():
        own = ways[way]
        cells = [_interval(own[k]["change"], own[k]["change_95"]) for k in ks]
        lines.append(f"| {words} | {' | '.join(cells)} | {100 * own[ks[-1]]['harmed']:.0f} % |")
    return "\n".join(lines)


def _change(value: float, own: Mapping[str, Any]) -> str:
    return _interval(value, own["pooled_gain_95"])


def _interval(value: float, ends: Sequence[float]) -> str:
    """Return a change and its interval."""
    return f"{value:+.3f} [{ends[0]:+.3f}, {ends[1]:+.3f}]"


PARTS = {
    "docs/adaptation.md": {
        "profile": profile,
        "labels": labels,
        "videos": videos,
        "known-bias": known_bias,
    },
    "docs/personal.md": {"worth": worth},
}
"""By page and mark, what stands there."""
