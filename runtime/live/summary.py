"""What a run gave, in words."""

from __future__ import annotations

from runtime.preprocessing.contract import Contract
from runtime.sinks.events import Summary
from runtime.sinks.words import pace


def summary_text(summary: Summary) -> str:
    """Say in a few lines what a run gave."""
    counters = summary.counters
    faster = f" at {pace(summary.speed)}" if pace(summary.speed) else ""
    lines = [
        f"{counters.samples} samples in {summary.seconds:.1f} s{faster}; {counters.missing} "
        f"without a value, {counters.lost} damaged on the wire, {summary.overrun} dropped, "
        f"{counters.reconnections} reconnections",
        f"{summary.windows} windows, {summary.withheld} of them without an answer",
    ]
    times = {"latency": summary.latency_ms, "computing": summary.compute_ms}
    texts = [f"{name} p50 {ms[0]:.1f} ms, p99 {ms[1]:.1f} ms" for name, ms in times.items() if ms]
    if texts:
        lines.append("; ".join(texts))
    for sink in summary.sinks:
        if sink.missed or sink.trouble:
            lines.append(f"{sink.name}: {sink.missed} events missed; {sink.trouble or 'works now'}")
    return "\n".join(lines)


def too_short(summary: Summary, contract: Contract) -> str | None:
    """Say of a run without a single window how long it should have been; None of any other."""
    if summary.windows:
        return None
    return (
        f"{summary.counters.samples} samples over {summary.signal_s:.1f} s completed no window. "
        f"The model needs {contract.context_s + contract.window_s:g} s without a long pause "
        f"({contract.context_s:g} s of context and a window of {contract.window_s:g} s)."
    )
