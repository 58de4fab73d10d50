"""The annotation figure: how one subject's ratings became classes, panel by panel.

Drawn as plain SVG text, because the report shows it for every subject.
"""

from __future__ import annotations

from html import escape

import numpy as np

from device.samples import FloatArray
from training.labels.annotation import Line
from training.report.theme import BLUE, FAINT, GREEN, GRID, INK, ORANGE, RED, VIOLET, themed

_SIDE, _MARGIN, _TOP = 150, 34, 20
_CLUSTERS = (BLUE, ORANGE)
# Arousal low/high by valence low/high.
_QUADRANTS = {(0, 0): FAINT, (0, 1): GREEN, (1, 0): RED, (1, 1): VIOLET}


def figure(line: Line, scale: tuple[float, float]) -> str:
    """Return an SVG of ratings and classes, and of clusters and midpoint where there are any.

    Parameters
    ----------
    line : Line
        The subject's ratings, and where they are divided.
    scale : (float, float)
        Ends of the rating scale.
    """
    middle = sum(scale) / 2
    threshold = (line.thresholds["valence"], line.thresholds["arousal"])
    ratings = [_dot(p, scale, INK) for p in line.points]
    clusters = ratings
    if line.cluster is not None:
        clusters = [
            _dot(p, scale, _CLUSTERS[c]) for p, c in zip(line.points, line.cluster, strict=True)
        ]
    centres = [] if line.centres is None else [
        _cross(centre, scale, _CLUSTERS[number]) for number, centre in enumerate(line.centres)
    ]  # fmt: skip
    classes = [
        _dot(p, scale, _QUADRANTS[int(p[1] > threshold[1]), int(p[0] > threshold[0])])
        for p in line.points
    ]
    join = [] if line.centres is None else [_segment(line.centres, scale)]
    panels = [("ratings", [_lines((middle, middle), scale, FAINT), *ratings])]
    if line.centres is not None:
        panels += [
            ("two clusters", [*clusters, *centres]),
            ("midpoint", [*join, *centres, _lines(threshold, scale, INK)]),
        ]
    panels.append(("classes", [_lines(threshold, scale, INK), *classes]))
    step = _SIDE + _MARGIN + 14
    parts = [
        f'<g transform="translate({_MARGIN + i * step},{_TOP})">{_frame(title, scale)}'
        f"{''.join(content)}</g>"
        for i, (title, content) in enumerate(panels)
    ]
    width, height = len(panels) * step + 10, _SIDE + _TOP + 34
    return themed(
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="10">{"".join(parts)}</svg>'
    )


def _place(point: FloatArray, scale: tuple[float, float]) -> tuple[float, float]:
    share = (np.asarray(point) - scale[0]) / (scale[1] - scale[0])
    return round(float(share[0]) * _SIDE, 1), round((1 - float(share[1])) * _SIDE, 1)


def _dot(point: FloatArray, scale: tuple[float, float], colour: str) -> str:
    x, y = _place(point, scale)
    return f'<circle cx="{x}" cy="{y}" r="3.2" fill="{colour}" fill-opacity=".75"/>'


def _cross(point: FloatArray, scale: tuple[float, float], colour: str) -> str:
    x, y = _place(point, scale)
    return (
        f'<path d="M{x - 6} {y}H{x + 6}M{x} {y - 6}V{y + 6}" stroke="{colour}" stroke-width="2.5"/>'
    )


def _segment(centres: FloatArray, scale: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = (_place(centre, scale) for centre in centres)
    return f'<path d="M{x0} {y0}L{x1} {y1}" stroke="{FAINT}" stroke-dasharray="3 3"/>'


def _lines(threshold: tuple[float, float], scale: tuple[float, float], colour: str) -> str:
    x, y = _place(np.array(threshold), scale)
    return f'<path d="M{x} 0V{_SIDE}M0 {y}H{_SIDE}" stroke="{colour}" fill="none"/>'


def _frame(title: str, scale: tuple[float, float]) -> str:
    low, high = (f"{end:g}" for end in scale)
    return (
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{GRID}"/>'
        f'<text x="{_SIDE / 2}" y="-6" text-anchor="middle" font-size="11">{escape(title)}</text>'
        f'<text x="0" y="{_SIDE + 12}">{low}</text>'
        f'<text x="{_SIDE}" y="{_SIDE + 12}" text-anchor="end">{high}</text>'
        f'<text x="{_SIDE / 2}" y="{_SIDE + 12}" text-anchor="middle">valence</text>'
        f'<text x="-4" y="{_SIDE}" text-anchor="end">{low}</text>'
        f'<text x="-4" y="10" text-anchor="end">{high}</text>'
        f'<text transform="translate(-8,{_SIDE / 2}) rotate(-90)" text-anchor="middle">arousal'
        "</text>"
    )
