"""`index.html`: all recordings of a run on one page, what failed at its top."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from runtime.analysis.pages.page import whole
from runtime.analysis.runs.task import Outcome

_COLUMNS = (
    ("duration_s", "length", lambda v: f"{v / 3600:.0f} h {v % 3600 / 60:02.0f} min"
     if v >= 3600 else f"{v / 60:.1f} min"),
    ("sampling_rate_hz", "Hz", lambda v: f"{v:g}"),
    ("scr_count", "responses", str),
    ("scr_rate", "a minute", lambda v: f"{v:.1f}"),
    ("scr_amplitude_mean", "amplitude, µS", lambda v: f"{v:.3f}"),
    ("scl_mean", "tonic, µS", lambda v: f"{v:.2f}"),
    ("artefact_share", "artefact", lambda v: f"{100 * v:.1f} %"),
    ("missing_share", "no samples", lambda v: f"{100 * v:.1f} %"),
)  # fmt: skip


def build(outcomes: Sequence[Outcome], about: dict[str, Any]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Of all recordings.
    about : dict
        Settings and versions of the run.
    """
    failed = [outcome for outcome in outcomes if outcome.error]
    done = len(outcomes) - len(failed)
    bad = (
        f'<p class="warning">{len(failed)} of {len(outcomes)} could not be analysed; they stand at '
        "the top of the table with the reason.</p>"
        if failed
        else ""
    )
    head = "".join(f'<th class="n">{name}</th>' for _, name, _ in _COLUMNS)
    ordered = [*failed, *(outcome for outcome in outcomes if not outcome.error)]
    told = f"{done} recording{'' if done == 1 else 's'} analysed with RTCAN"
    settings = ", ".join(f"{name} {value}" for name, value in about.items() if value is not None)
    body = [
        "<h1>Skin conductance</h1>",
        f'<p class="sub">{told}</p>',
        bad,
        '<div class="list"><table><thead><tr><th>recording</th>'
        f"{head}<th>notes</th></tr></thead><tbody>{''.join(map(_row, ordered))}</tbody></table>",
        "</div>",
        f'<p class="sub">{escape(settings)}</p>',
    ]  # fmt: skip
    return whole("Skin conductance", body)


def _row(outcome: Outcome) -> str:
    place = outcome.place
    if outcome.error:
        return (
            f'<tr class="failed"><td>{escape(place.stem)}</td><td class="wide" '
            f'colspan="{len(_COLUMNS) + 1}">{escape(str(outcome.path))}: '
            f"{escape(outcome.error)}</td></tr>"
        )
    cells = "".join(
        f'<td class="n">{"–" if outcome.summary[key] is None else form(outcome.summary[key])}</td>'
        for key, _, form in _COLUMNS
    )
    link = place.file("report.html").as_posix()
    return (
        f'<tr><td><a href="{escape(link)}">{escape(place.stem)}</a></td>{cells}'
        f'<td class="wide">{escape(" ".join(outcome.summary["notes"]))}</td></tr>'
    )
