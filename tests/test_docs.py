"""The Python of the pages about Python runs, from top to bottom, and so does the notebook."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import DOCS, PAGES, blocks, languages

# Pages with commands too run in test_docs_commands.py.
OURS = [page for page in PAGES if "python" in languages(page) and "sh" not in languages(page)]


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_block_runs(page: Path, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "save").mkdir()
    (tmp_path / "save" / "best.onnx").write_bytes(tiny_model.read_bytes())
    script = tmp_path / "page.py"
    script.write_text("\n".join(block.code for block in blocks(page) if block.language == "python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if page.name == "python.md":
        assert re.search(
            r"^\d+ s: arousal (low|high|undecided|withheld)$", done.stdout, re.MULTILINE
        )
        assert "is it in milliseconds?" in done.stdout


def test_the_pages_that_are_about_python_are_among_them() -> None:
    names = {page.name for page in OURS}
    assert {"coming-from.md", "contract.md", "cvxeda.md", "python.md"} <= names


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    notebook = json.loads((DOCS / "notebooks" / "first_steps.ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    script = tmp_path / "notebook.py"
    script.write_text("import matplotlib; matplotlib.use('Agg')\n" + "\n".join(code))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "responses a minute" in done.stdout and (tmp_path / "first_steps.html").is_file()
