"""Every benchmark is a command that ends with a sentence where something is missing."""

import importlib
import importlib.util
import pkgutil

import click
import pytest
from click.testing import CliRunner

import benchmarks
from benchmarks import analysis
from device.cli import RtcanCommand

COMMANDS = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg]


@pytest.mark.parametrize("name", COMMANDS)
def test_errors_are_sentences(name: str) -> None:
    pytest.importorskip("torch")
    main = importlib.import_module(f"benchmarks.{name}").main
    assert isinstance(main, click.Command)
    assert isinstance(main, RtcanCommand)


def test_without_neurokit_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "neurokit2" else find(name)
    )
    done = CliRunner().invoke(analysis.main, ["--quick"])
    assert done.exit_code == 1
    assert "rtcan[bench]" in done.output
