"""The site that `make docs` builds from docs/: Sphinx with MyST (Markdown) and Furo.

Pages are plain Markdown that reads well in the repository too; what only the site needs is in
docs/site. A warning, such as a link that leads nowhere, ends the build.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed_version
from os.path import relpath
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))
import commands

# Pages outside docs/ that have a page of the site: a link to them leads there.
_OUTSIDE = {
    "../benchmarks/README.md": "site/benchmarks.md",
    "../CONTRIBUTING.md": "site/contributing.md",
    "../CHANGELOG.md": "site/changelog.md",
    "../docs/README.md": "index.md",
    "../README.md": "site/overview.md",
    "../SECURITY.md": "site/security.md",
}

project = "RTCAN"
author = "the RTCAN contributors"
release = version = installed_version("rtcan")
html_title = "RTCAN"
project_copyright = "MIT licence"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
root_doc = "index"
# The README is the home page of docs/ in the repository; index.md includes it.
exclude_patterns = ["README.md", "notebooks"]
suppress_warnings: list[str] = []

myst_enable_extensions = ["colon_fence", "html_image"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# `name` in a docstring is a link where it names something of the API, and code elsewhere.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
smartquotes_action = "D"  # dashes, of which napoleon writes two
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def setup(app: Sphinx) -> None:
    """Register what happens to pages and docstrings before they are parsed."""
    app.connect("source-read", lambda app, page, text: _lead_inside(text, "../" * page.count("/")))
    app.connect("source-read", lambda app, page, text: _add_commands(page, text))
    app.connect("source-read", lambda app, page, text: _list_the_rest(app, page, text))
    app.connect("include-read", lambda app, path, page, text: _lead_included(path, text))
    # Before napoleon, which makes fields of the sections.
    app.connect(
        "autodoc-process-docstring",
        lambda app, what, name, thing, options, lines: _mark_code(lines),
        priority=100,
    )


def _lead_inside(text: list[str], up: str = "") -> None:
    """Let a page's links to pages outside docs/ lead to their pages of the site."""
    for outside, inside in _OUTSIDE.items():
        text[0] = text[0].replace(f"]({up}{outside}", f"]({up}{inside}")


def _lead_included(path: Path, text: list[str]) -> None:
    """Do the same for a page that a page of the site is made of."""
    if path.parts[0] != "..":
        _lead_inside(text)
        return
    for outside, inside in _OUTSIDE.items():
        seen, here = outside.removeprefix("../"), relpath(inside, "site")
        text[0] = text[0].replace(f"]({seen}", f"]({here}")


def _add_commands(page: str, text: list[str]) -> None:
    if page == "site/commands":
        text[0] += commands.page()


def _list_the_rest(app: Sphinx, page: str, text: list[str]) -> None:
    """Add the pages that the home page does not list, so that each has its place."""
    if page == "index":
        listed = set(re.findall(r"<(\S+)>$", text[0], re.MULTILINE)) | {"index"}
        rest = sorted(app.env.found_docs - listed)
        if rest:
            text[0] += "\n".join(["\n```{toctree}\n:hidden:\n:caption: More\n", *rest, "```\n"])


def _mark_code(lines: list[str]) -> None:
    """Mark what is indented before the first section as code, and bars everywhere as bars.

    The docstrings are written to be read in a terminal; reStructuredText wants `::` before code.
    """
    marked: list[str] = []
    in_text = True
    for line in lines:
        in_text = in_text and not line.startswith("---")
        code = in_text and line.startswith("    ")
        if code and marked and not marked[-1] and not marked[-2].startswith("    "):
            marked += ["::", ""]
        marked.append(line if code else line.replace("|", "\\|"))
    lines[:] = marked
