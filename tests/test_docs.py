"""The code on the pages about Python runs, from top to bottom."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(
        r"^```python\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("page", ["python.md", "cvxeda.md", "analysis.md", "coming-from.md"])
def test_every_block_runs(page: str, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "save").mkdir()
    (tmp_path / "save" / "best.onnx").write_bytes(tiny_model.read_bytes())
    code = blocks(page)
    assert code
    script = tmp_path / "page.py"
    script.write_text("\n".join(code))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if page == "python.md":
        assert re.search(
            r"^\d+ s: arousal (low|high|undecided|withheld)$", done.stdout, re.MULTILINE
        )
        assert "is it in milliseconds?" in done.stdout


def test_no_page_has_code_that_is_not_run() -> None:
    others = [page.name for page in DOCS.glob("*.md") if blocks(page.name)]
    assert sorted(others) == ["analysis.md", "coming-from.md", "cvxeda.md", "python.md"]


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
