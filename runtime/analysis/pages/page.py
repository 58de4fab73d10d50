"""The page of one recording: all of it in a chart to zoom into, and what was found; one file."""

from __future__ import annotations

import base64
import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from device.samples import FloatArray
from runtime.analysis.measures.analysis import SOUND, Analysis
from runtime.analysis.measures.grid import runs
from runtime.analysis.measures.table import Table

_NO_VALUE = 65535
# Rows of features on the page; the file has all.
_MOST_ROWS = 500
_LEGEND = (
    ("line", "eda", "as measured"),
    ("line", "tonic", "tonic"),
    ("line", "phasic", "phasic"),
    ("", "scr", "response"),
    ("", "bad", "artefact"),
    ("", "gap", "no samples"),
    ("", "event", "event"),
)


def build(
    analysis: Analysis,
    events: Table | None = None,
    features: Table | None = None,
    about: dict[str, Any] | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    analysis : Analysis
        The recording.
    events : Table or None
        To be drawn in it, with "onset" and "duration".
    features : Table or None
        As it was written; None to compute them.
    about : dict or None
        Settings, versions and citations, as the sidecars have them.
    """
    features = analysis.features(events=events) if features is None else features
    data = json.dumps(_data(analysis, events), allow_nan=False).replace("<", "\\u003c")
    legend = "".join(
        f'<span><i class="{kind}" style="background: var(--{name})"></i>{text}</span>'
        for kind, name, text in _LEGEND
    )
    body = [
        f"<h1>{escape(analysis.name)}</h1>",
        f'<p class="sub">{escape(_what(analysis, about))}</p>',
        *(f'<p class="{_kind(note)}">{escape(note)}</p>' for note in analysis.notes),
        _figures(analysis),
        '<div class="bar"><button id="in">zoom in</button><button id="out">zoom out</button>'
        f'<button id="all">all of it</button>{legend}</div>',
        '<div id="chart"></div><div id="readout">Scroll to zoom, drag to move, drag in the strip '
        "below to choose a stretch.</div>",
        f'<script type="application/json" id="data">{data}</script>',
        "<h2>" + ("Windows" if events is None else "Events") + "</h2>",
        html_table(features, _MOST_ROWS),
        "" if about is None else
        "<h2>How it was made</h2><details><summary>Settings, versions, and what to cite</summary>"
        f"<pre>{escape(json.dumps(about, indent=2, ensure_ascii=False))}</pre></details>",
        f"<script>{static('chart.js')}</script>",
    ]  # fmt: skip
    return whole(analysis.name, body)


def whole(title: str, body: list[str]) -> str:
    """Return a page with our style."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{static('page.css')}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


@cache
def static(name: str) -> str:
    """Return a file that goes into pages."""
    return files("runtime.analysis.pages").joinpath("static", name).read_text(encoding="utf-8")


def html_table(table: Table, most: int) -> str:
    """Return a table as HTML, numbers on the right, up to so many rows."""
    kinds = {name: ' class="n"' if values.dtype.kind in "fiu" else ""
             for name, values in table.items()}  # fmt: skip
    head = "".join(
        f"<th{kind}>{escape(name.replace('_', ' '))}</th>" for name, kind in kinds.items()
    )
    rows = []
    for row in zip(*(values[:most].tolist() for values in table.values()), strict=True):
        cells = (
            f"<td{kind}>{escape(_cell(value))}</td>"
            for kind, value in zip(kinds.values(), row, strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    more = (
        f"<p>The first {most} of {table.rows}; the file has all.</p>" if table.rows > most else ""
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}'
        f"</tbody></table></div>{more}"
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
    return str(value)


def _kind(note: str) -> str:
    return "warning" if "cannot be told apart" in note else "note"


def _what(analysis: Analysis, about: dict[str, Any] | None) -> str:
    grid, length_s = analysis.grid, analysis.time_s.size / analysis.rate_hz
    hours, rest = divmod(round(length_s), 3600)
    length = f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
    at = f", analysed at {analysis.rate_hz:g} Hz" if grid.resampled else ""
    kind = f"{about['Format']}, " if about and about.get("Format") else ""
    began = ""
    if about and about.get("TimeZeroUTC") is not None:
        moment = np.datetime64(round(float(about["TimeZeroUTC"])), "s")
        began = f", began {str(moment).replace('T', ' ')} UTC"
    return f"{kind}{length} at {grid.sampling_rate_hz:g} Hz{at}{began}"


def _figures(analysis: Analysis) -> str:
    known = np.isfinite(analysis.tonic_us)
    minutes = max(float(known.sum()) / analysis.rate_hz / 60.0, 1e-9)
    found = analysis.sound
    mean = f"{found.amplitude_us.mean():.3f} µS" if len(found) else "–"
    level = f"{analysis.tonic_us[known].mean():.2f} µS" if known.any() else "–"
    shown = (
        (str(len(found)), "responses"),
        (f"{len(found) / minutes:.1f}", "responses a minute"),
        (mean, "mean amplitude"),
        (level, "mean tonic level"),
        (f"{100 * float(analysis.artefact.mean()):.1f} %", "artefact"),
        (f"{100 * float(analysis.missing.mean()):.1f} %", "no samples"),
        (f"{1000 * analysis.noise_us:.1f} nS", "noise (SD)"),
    )
    cells = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in shown)
    return f'<div class="figures">{cells}</div>'


def _data(analysis: Analysis, events: Table | None) -> dict[str, Any]:
    found, start_s, rate_hz = analysis.responses, float(analysis.time_s[0]), analysis.rate_hz
    quality = analysis.scr["quality"]

    def places(mask: Any) -> list[list[float]]:
        return [
            [round(start_s + a / rate_hz, 3), round(start_s + b / rate_hz, 3)]
            for a, b in runs(mask)
        ]

    drawn = [[time_s, time_s, text] for time_s, text in analysis.markers]
    if events is not None:
        words = next((events[name] for name in ("trial_type", "value", "name") if name in events),
                     [""] * events.rows)  # fmt: skip
        drawn += [
            [float(a), float(a + d), str(word)]
            for a, d, word in zip(events["onset"], events["duration"], words, strict=True)
            if np.isfinite(a) and np.isfinite(d)
        ]
    return {
        "start": start_s,
        "rate": rate_hz,
        "count": int(analysis.time_s.size),
        "series": {
            "eda": packed(analysis.eda_us),
            "tonic": packed(analysis.tonic_us),
            "phasic": packed(analysis.phasic_us),
        },
        "responses": {
            "onset": np.round(found.onset_s, 3).tolist(),
            "peak": np.round(found.peak_s, 3).tolist(),
            "amplitude": np.round(found.amplitude_us, 4).tolist(),
            "good": (quality >= SOUND).tolist(),
        },
        "gaps": places(analysis.missing),
        "artefacts": places(analysis.artefact),
        "events": drawn,
    }


def packed(values: FloatArray) -> dict[str, Any]:
    """Return a trace as 16-bit numbers between its extremes, in base64; 65535 is no value."""
    known = np.isfinite(values)
    low = float(values[known].min()) if known.any() else 0.0
    high = float(values[known].max()) if known.any() else 1.0
    span = high - low or 1.0
    whole_numbers = np.full(values.size, _NO_VALUE, dtype="<u2")
    whole_numbers[known] = np.rint((values[known] - low) / span * (_NO_VALUE - 1))
    data = base64.b64encode(whole_numbers.tobytes()).decode()
    return {"low": low, "high": low + span, "data": data}
