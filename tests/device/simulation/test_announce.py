"""Where simulators are announced: in a folder that all users share, another's is left alone."""

import os
from pathlib import Path

import pytest

from device.simulation import announce
from device.simulation.announce import Simulated, announced, simulated_ports

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no pseudo-terminals there")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of all users, without one of this user's own."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_an_announcement_lasts_as_long_as_the_simulator(shared: Path) -> None:
    one = Simulated(str(shared), "gsr", "a person")
    with announced(one):
        assert simulated_ports() == [one]
    assert simulated_ports() == []


@pytest.mark.parametrize("linked", [False, True])
def test_nothing_is_written_to_a_folder_that_another_made(
    linked: bool, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = shared / "precious"
    precious.write_text("mine")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)  # folders made here are another's then
    trap = shared / "trap" if linked else announce.folder()
    trap.mkdir()
    if linked:
        announce.folder().symlink_to(trap)
    (trap / f"{os.getpid()}.json").symlink_to(precious)
    with announced(Simulated(str(shared), "gsr", "a person")):
        assert precious.read_text() == "mine"
        assert simulated_ports() == []
    assert (trap / f"{os.getpid()}.json").is_symlink()


@pytest.mark.parametrize("name", ["x", "0x10", "9" * 30])
def test_files_that_are_no_announcements(name: str, shared: Path) -> None:
    announce.folder().mkdir()
    (announce.folder() / f"{name}.json").write_text("{}")
    assert simulated_ports() == []
