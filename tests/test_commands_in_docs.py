"""What README and docs name exists: commands and their options, links, figures."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path

import click
import pytest

import rtcan.command
from benchmarks.tables import update_table
from tests.pages import PAGES as DOCS_PAGES
from tests.pages import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS_PAGES]
SHELL = re.compile(
    r"^\s*(?:(?:rtcan|python -m) (?=[a-z]).*)$|`((?:rtcan|python -m) (?=[a-z])[^`]*)`", re.MULTILINE
)
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def commands_on(page: Path) -> list[list[str]]:
    """Return the commands of ours on a page, each as its words up to a pipe or a comment."""
    commands = []
    for found in SHELL.finditer(page.read_text(encoding="utf-8")):
        text = (found[1] or found[0]).strip()
        words = shlex.split(re.split(r"\s[|&>]\s?|\s{2,}", text)[0], comments=True)
        commands.append([word.strip("[]") for word in words])
    return commands


def command_of(words: list[str]) -> click.Command:
    """Return the click command that these words call."""
    if words[:2] == ["python", "-m"] and words[2] != "rtcan":
        names, command = words[3:], importlib.import_module(words[2]).main
    else:
        names, command = words[words.index("rtcan") + 1 :], rtcan.command.main
    assert isinstance(command, click.Command)
    while isinstance(command, click.Group) and names and not names[0].startswith("-"):
        found = command.get_command(click.Context(command), names.pop(0))
        assert found is not None, words
        command = found
    return command


@pages
def test_commands_have_the_options_that_are_named(page: Path) -> None:
    for words in commands_on(page):
        if words[2:3] in (["pip"], ["benchmarks.NAME"], ["runtime.live"]):
            continue
        if words[2:] == ["benchmarks.cvxeda"]:  # argparse
            continue
        # What follows `--`, rtcan service passes on to rtcan live.
        end = words.index("--") if "--" in words else len(words)
        for part in (words[:end], ["rtcan", "live", *words[end + 1 :]]):
            command = command_of(part)
            known = {name for one in command.params for name in [*one.opts, *one.secondary_opts]}
            assert {word for word in part if word.startswith("--")} <= known | {"--help"}, words


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.finditer(page.read_text(encoding="utf-8")):
        target, _, anchor = (found[1] or found[2]).partition("#")
        if "://" in target:
            continue
        path = (page.parent / target) if target else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), found[0]


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_readme_has_the_figures_that_were_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    results = {
        name: json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
        for name in ("latency", "memory")
    }
    assert update_table(results) in readme
    sizes = results["memory"]["claims"]
    assert f"{sizes['edge_env_mb']:.0f} MB" in readme
    saved_mb = sizes["edge_env_compiled_mb"] - sizes["edge_env_mb"]
    assert f"saves {saved_mb:.0f} MB of bytecode" in readme


def test_the_picture_in_readme_shows_what_its_text_says() -> None:
    alt = re.search(r"!\[([^]]*)\]\(docs/live\.svg\)", (ROOT / "README.md").read_text("utf-8"))
    assert alt is not None
    shown = re.sub(r"<[^>]*>", " ", (ROOT / "docs" / "live.svg").read_text(encoding="utf-8"))
    shown = re.sub(r"(&#160;|\s)+", " ", shown)
    for target in ("arousal", "valence"):
        said = re.search(rf"{target} ([\w: ]+) with (\d+) %", alt[1])
        assert said is not None and f"{target} {said[1]} {said[2]} %" in shown


def test_contributing_names_every_room() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for package in ("training", "runtime", "device"):
        begin = table.index(f"| `{package}/` |")
        end = table.find("\n| `", begin)
        named = set(re.findall(r"`(\w+)/`", table[begin:end])) - {package}
        rooms = {file.parent.name for file in (ROOT / package).glob("*/*.py")}
        assert named - {"firmware"} == rooms
