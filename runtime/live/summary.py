"""What a run gave, in words."""

from __future__ import annotations

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
    if summary.latency_ms and summary.compute_ms:
        lines.append(
            f"latency p50 {summary.latency_ms[0]:.1f} ms, p99 {summary.latency_ms[1]:.1f} ms; "
            f"computing p50 {summary.compute_ms[0]:.1f} ms, p99 {summary.compute_ms[1]:.1f} ms"
        )
    for sink in summary.sinks:
        if sink.missed or sink.trouble:
            lines.append(f"{sink.name}: {sink.missed} events missed; {sink.trouble or 'works now'}")
    return "\n".join(lines)
