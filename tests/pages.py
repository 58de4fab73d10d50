"""The pages of the documentation, and the blocks of code on them.

A comment in the line above a block says where it is not run as it stands:

    <!-- not run: REASON -->
    <!-- slow -->          only `make docs` runs it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# What docs/site includes or makes is checked where it stands.
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "site")

_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the note above it."""

    language: str
    code: str
    note: str

    @property
    def run(self) -> bool:
        return not self.note.startswith("not run: ")

    @property
    def slow(self) -> bool:
        return self.note == "slow"


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks in a language, from top to bottom."""
    return [
        Block(found["language"], found["code"], found["note"] or "")
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def languages(page: Path) -> set[str]:
    return {block.language for block in blocks(page)}
