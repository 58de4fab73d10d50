"""How the report looks: its style sheet, and one set of colours for text and pictures.

Pictures stand inside the page, so that their colours can be the page's own variables, which a dark
page sets to others.
"""

from __future__ import annotations

# By name: on a light page, and on a dark one.
_COLOURS = {
    "ink": ("#1c2127", "#e3e6ea"),
    "paper": ("#fdfdfe", "#16191d"),
    "faint": ("#8a8f98", "#8f96a1"),
    "grid": ("#e4e7eb", "#30363d"),
    "blue": ("#1f5fa8", "#6cabf0"),
    "orange": ("#c9701a", "#eba055"),
    "red": ("#b3262d", "#f0807f"),
    "green": ("#3b8f5a", "#6cc48d"),
    "violet": ("#7b4fa3", "#bb94e0"),
}
INK, PAPER, FAINT, GRID, BLUE, ORANGE, RED, GREEN, VIOLET = (
    light for light, _ in _COLOURS.values()
)


def themed(svg: str) -> str:
    """Return a picture whose colours are the page's variables."""
    for name, (light, _) in _COLOURS.items():
        svg = svg.replace(light, f"var(--{name})")
    return svg


def _variables(which: int) -> str:
    return "; ".join(f"--{name}: {values[which]}" for name, values in _COLOURS.items())


CSS = f"""
:root {{ color-scheme: light dark; {_variables(0)};
        --box: #f3f5f8; --alarm: #fbe9e7; --dim: #4b5560 }}
@media (prefers-color-scheme: dark) {{
  :root {{ {_variables(1)}; --box: #22272e; --alarm: #3a2022; --dim: #a8b0ba }}
}}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 1040px; margin: 2em auto; padding: 0 1em }}
h1 {{ font-size: 1.7em; margin-bottom: .2em }}
h2 {{ font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid var(--grid) }}
.scroll, figure, pre {{ overflow-x: auto }}
table {{ border-collapse: collapse; margin: .6em 0 }}
td, th {{ padding: .25em .8em; border-bottom: 1px solid var(--grid); text-align: left;
         vertical-align: top }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
.verdict {{ background: var(--box); border-left: 4px solid var(--blue); padding: .6em 1em }}
.verdict p {{ margin: .3em 0 }}
.warning {{ background: var(--alarm); border-left: 4px solid var(--red); padding: .6em 1em }}
.note {{ background: var(--box); border-left: 4px solid var(--faint); padding: .4em 1em }}
svg {{ max-width: 100%; height: auto }}
svg text {{ fill: var(--ink) }}
figure {{ margin: 1em 0 }}
figcaption {{ color: var(--dim); font-size: .92em; position: sticky; left: 0 }}
summary {{ cursor: pointer }}
pre {{ background: var(--box); padding: .8em; font-size: .85em }}
/* On a phone a picture keeps a size at which it can be read, and is scrolled sideways. */
@media (max-width: 640px) {{
  body {{ margin: 1em auto }}
  .wide svg, details svg {{ max-width: none; width: 620px }}
  details {{ overflow-x: auto }}
  td, th {{ padding: .25em .5em }}
}}
"""
