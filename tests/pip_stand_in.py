"""`pip install`, where a page's commands run: it installs nothing, and knows our extras."""

from __future__ import annotations

import re
import sys

from tests.pages import ROOT


def main(words: list[str]) -> int:
    """Return 0 if every extra that is asked for exists."""
    listed = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for word in words:
        for extra in re.sub(r"^.*\[|\]$", "", word).split(",") if "[" in word else []:
            if not re.search(rf"^{re.escape(extra)} = \[", listed, re.MULTILINE):
                print(f"pyproject.toml has no extra {extra!r}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
