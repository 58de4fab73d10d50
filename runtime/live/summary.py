"""What a run gave, in words."""

from __future__ import annotations

from runtime.preprocessing.contract import Contract
from runtime.sinks.events import Summary
from runtime.sinks.words import guesses, meaning, pace


def summary_text(
    summary: Summary, contract: Contract, reference_left_s: float | None = None
) -> str:
    """Say in a few lines what a run gave, and what the model's answers mean.

    Parameters
    ----------
    summary : Summary
        Of the run.
    contract : Contract
        The model's.
    reference_left_s : float or None
        Seconds that the personal reference needed when the run began; None for all of them.
    """
    left_s = contract.reference_s if reference_left_s is None else reference_left_s
    counters = summary.counters
    faster = f" at {pace(summary.speed)}" if pace(summary.speed) else ""
    lines = [
        f"{counters.samples} samples in {summary.seconds:.1f} s{faster}; {counters.missing} "
        f"without a value, {counters.lost} damaged on the wire, {summary.overrun} dropped, "
        f"{counters.reconnections} reconnections",
        f"{summary.windows} windows, {summary.withheld} of them without an answer",
    ]
    if 0 < summary.windows == summary.withheld and summary.signal_s < left_s:
        lines.append(
            f"{summary.signal_s:.0f} s of signal were too short for an answer: the model learns "
            f"for {left_s:g} s what is usual for a person first"
        )
    times = {"latency": summary.latency_ms, "computing": summary.compute_ms}
    texts = [f"{name} p50 {ms[0]:.1f} ms, p99 {ms[1]:.1f} ms" for name, ms in times.items() if ms]
    if texts:
        lines.append("; ".join(texts))
    for sink in summary.sinks:
        if sink.missed or sink.trouble:
            lines.append(f"{sink.name}: {sink.missed} events missed; {sink.trouble or 'works now'}")
    lines += [f"{item.name}: {meaning(item)}" for item in contract.targets if item.words]
    return "\n".join([*lines, *guesses(contract)])


def too_short(summary: Summary, contract: Contract) -> str | None:
    """Say of a run without a single window how long it should have been; None of any other."""
    if summary.windows:
        return None
    return (
        f"{summary.counters.samples} samples over {summary.signal_s:.1f} s completed no window. "
        f"The model needs {contract.context_s + contract.window_s:g} s without a long pause "
        f"({contract.context_s:g} s of context and a window of {contract.window_s:g} s)."
    )
