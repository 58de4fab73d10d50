"""The systemd unit and the udev rule that `rtcan service` prints."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ArgumentError
from runtime.live.command import main as live
from runtime.live.service import main, systemd_unit, udev_rule


def words(unit: str) -> list[str]:
    """The command line, as systemd reads it: systemd.service(5)."""
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])), min_size=1))
def test_every_argument_arrives_as_it_was_given(arguments: list[str]) -> None:
    given = tuple(argument for argument in arguments if argument.isprintable() and argument)
    assert words(systemd_unit(given))[5:] == list(given)


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\u2028"])
def test_no_argument_adds_a_line(end: str) -> None:
    with pytest.raises(ArgumentError, match="no unit may contain"):
        systemd_unit(("--record", f"a{end}ExecStartPre=/bin/true"))


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "rtcan.service"
    options = [
        "--port",
        "/dev/gsr",
        "--record",
        "a folder, 100 % mine; $HOME",
        "--mqtt",
        "mqtt://me@h/t",
    ]
    done = CliRunner().invoke(main, ["--user", "root", "--", *options])
    assert done.exit_code == 0, done.output
    path.write_text(done.stdout)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert words(done.stdout)[5:] == options


def test_the_options_are_those_of_live() -> None:
    known = {option for parameter in live.params for option in parameter.opts}
    assert {
        word for word in words(systemd_unit(("--port", "/dev/gsr"))) if word[:2] == "--"
    } <= known


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mqtt", "mqtt://me:hunter2@host/topic"],
        ["--mqtt", "MQTT://me:hunter2@host/topic"],  # a scheme's case means nothing
        ["--mqtt=Mqtts://me:hunter2@host/topic"],
        ["--mqtt", "mqtt://me:a/hunter2@host/topic"],  # not understood, and written all the same
        ["--mqtt", "me:hunter2@host/topic"],
        ["--port", "/dev/gsr", "--token", "hunter2"],
        ["--token=hunter2"],
    ],
)
def test_a_secret_is_refused_and_not_repeated(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["--", *arguments])
    assert done.exit_code != 0
    assert "hunter2" not in done.output and "/etc/rtcan.env" in done.output


def test_what_holds_no_secret_is_taken() -> None:
    arguments = ("--port", "usb:1a86:7523", "--mqtt", "mqtt://me@[::1]:1883/a", "--host", "::")
    assert words(systemd_unit(arguments))[5:] == list(arguments)


@pytest.mark.parametrize("user", ["", "a b", "root\nExecStart=", "-x"])
def test_other_users_are_refused(user: str) -> None:
    with pytest.raises(ArgumentError, match="is no user name"):
        systemd_unit(("--demo",), user)


def test_every_line_of_the_rule_is_a_match_and_a_name() -> None:
    rules = [line for line in udev_rule().splitlines() if not line.startswith("#")]
    key = r'[A-Z]+(?:\{\w+\})?(?:==|\+=|=)"[^"]*"'
    assert rules and all(re.fullmatch(rf"{key}(?:, {key})*", rule) for rule in rules)
    assert all('SYMLINK+="gsr"' in rule and 'GROUP="dialout"' in rule for rule in rules)
