"""The demonstration as a picture: its terminal view, and its dashboard in a real browser."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from benchmarks.common import browser
from benchmarks.common.live import free_port
from runtime.sinks.screen import Shot


def draw(shot: Shot, path: Path, size: tuple[int, int], title: str) -> Path:
    """Write a terminal view of so many columns and lines as SVG, and return where it is."""
    width, height = size
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    for line in shot.lines(width, height):
        console.print(line)
    path.write_text(console.export_svg(title=title), encoding="utf-8")
    return path


@contextmanager
def dashboard(screen: tuple[int, int], *words: str) -> Iterator[browser.Browser]:
    """Give the dashboard of `rtcan live --demo` with more options, light, on a screen of this size.

    Raises
    ------
    click.ClickException
        If there is no Chromium.
    """
    if browser.find() is None:
        raise click.ClickException("The pictures of the dashboard need Chromium: install it first")
    port = free_port()
    command = [sys.executable, "-m", "runtime.live", "--demo", "--dashboard", str(port)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = browser.Browser(Path(profile))
        live = subprocess.Popen([*command, "--output", "none", *words], stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}/"
            page.until_true(lambda: _answers(address), address, 90)
            page.open(address)
            page.size(*screen)
            page.scheme("light")
            yield page
        finally:
            live.terminate()
            live.wait(60)
            page.close()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
