import subprocess
import sys
from importlib.metadata import version

import pytest

import rtcan

RTCAN = [sys.executable, "-m", "rtcan"]


def test_every_name_is_there() -> None:
    for name in dir(rtcan):
        assert getattr(rtcan, name) is not None
    assert rtcan.__version__ == version("rtcan")
    with pytest.raises(AttributeError, match="no attribute 'pipeline'"):
        _ = rtcan.pipeline


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import rtcan, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "scipy", "click", "runtime", "device"} & set(loaded)


def test_help_fits_a_screen_and_needs_none_of_the_subcommands() -> None:
    code = (
        "import sys\nfrom rtcan.command import main\nmain(['--help'], standalone_mode=False)\n"
        "assert not {'numpy', 'runtime', 'training', 'serial'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for command in ("live", "sim", "devices", "record", "train", "export", "doctor"):
        assert any(line.split()[:1] == [command] for line in lines)


def test_an_unknown_subcommand_is_refused() -> None:
    done = subprocess.run([*RTCAN, "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command 'fly'" in done.stderr
