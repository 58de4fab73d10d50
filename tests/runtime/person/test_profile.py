"""A profile: one private file, whole or not at all, of one process, for models of one kind."""

import copy
import dataclasses
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import ProfileError, ProfileInUseError
from runtime.person.profile import UNITS, Profile, from_bytes, to_bytes, units_of
from runtime.person.profile_file import ProfileFile
from runtime.person.profile_path import folder, locate
from runtime.preprocessing.contract import Contract
from tests.tiny import CONTRACT

PERSONAL = replace(CONTRACT, normalisation="personal", reference_s=30.0, reference_span_s=120.0)
# What tells nothing of the units in which the reference counts.
OTHERS = {
    "schema", "input_length", "channels", "targets", "labels", "trained_on", "not_live",
    "music_mean", "music_std",
}  # fmt: skip
HOLD = """
import sys
from runtime.person.profile_file import ProfileFile
file = ProfileFile(sys.argv[1])
file.claim()
print("held", flush=True)
sys.stdin.read()
"""


def fresh(path: Path) -> tuple[ProfileFile, Profile]:
    file = ProfileFile(str(path))
    return file, file.load_or_new(PERSONAL)


def test_every_constant_of_the_contract_is_a_unit_or_is_none() -> None:
    assert {item.name for item in dataclasses.fields(Contract)} == {*UNITS, *OTHERS}


def test_what_is_written_is_read_and_private(tmp_path: Path) -> None:
    file, profile = fresh(tmp_path / "new folder" / "p.json")
    file.claim()
    saved = file.save(profile.with_session({"began": "2026-01-01"}, [{"value": 0.1}]))
    file.release()
    assert file.load() == saved
    assert saved.created == saved.updated != "" and saved.sessions_seen == saved.labels_seen == 1
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.path.parent.iterdir()] == ["p.json"]


def test_any_damage_is_noticed_and_the_last_good_one_used(tmp_path: Path) -> None:
    file, profile = fresh(tmp_path / "p.json")
    first = file.save(profile)
    file.save(first.with_session({"began": "x"}, []))
    whole = file.path.read_bytes()
    for data in (whole[:-40], b"", whole.replace(b'"sessions_seen": 1', b'"sessions_seen": 7')):
        file.path.write_bytes(data)
        again = ProfileFile(str(file.path))
        assert again.load() == first
        assert again.note is not None and "damaged" in again.note
    # The run that follows keeps the damaged file for whoever can mend it.
    again.save(first)
    assert (tmp_path / "p.json.damaged").read_bytes() == data
    assert ProfileFile(str(file.path)).load().updated
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_damage_without_a_copy_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for data in (b"\xff\xfe", b"[]", b"{}", b'{"form": "rtcan-profile"}', b"[" * 100_000):
        path.write_bytes(data)
        with pytest.raises(ProfileError, match=r"p\.json is damaged, or is none"):
            ProfileFile(str(path)).load_or_new(PERSONAL)
        assert path.read_bytes() == data


def test_a_profile_of_a_newer_version_is_never_overwritten(tmp_path: Path) -> None:
    file, profile = fresh(tmp_path / "p.json")
    file.save(file.save(profile))
    body = json.loads(file.path.read_bytes())
    file.path.write_text(json.dumps(body | {"schema": 2}))
    with pytest.raises(ProfileError, match="has schema 2; this version of RTCAN reads up to 1"):
        ProfileFile(str(file.path)).load_or_new(PERSONAL)


def test_a_profile_in_other_units_is_refused_by_name(tmp_path: Path) -> None:
    file, profile = fresh(tmp_path / "p.json")
    file.save(profile)
    retrained = replace(PERSONAL, trained_on="more people", labels="others")
    assert ProfileFile(str(file.path)).load_or_new(retrained).name == "p"
    with pytest.raises(ProfileError, match=r"normalisation is \"personal\", the model's is \"zsc"):
        ProfileFile(str(file.path)).load_or_new(CONTRACT)
    with pytest.raises(ProfileError, match=r"hop_s is 1\.0, the model's is 2\.0"):
        ProfileFile(str(file.path)).load_or_new(replace(PERSONAL, hop_s=2.0))


def test_one_process_has_a_profile_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ProfileInUseError, match="in use by another process"):
            ProfileFile(str(path)).claim()
        other.kill()  # however it ends, its lock ends with it
    file = ProfileFile(str(path))
    file.claim()
    with pytest.raises(ProfileInUseError):
        ProfileFile(str(path)).claim()
    file.release()
    file.release()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "p.json", Path("/proc/none/p.json")):
        with pytest.raises(ProfileError, match=r"cannot be written: .* Make its folder writable"):
            ProfileFile(str(path)).claim()
    with pytest.raises(ProfileError, match="is a folder"):
        ProfileFile(f"{tmp_path}{os.sep}")


def test_a_save_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, profile = fresh(tmp_path / "p.json")
    saved = file.save(profile)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileError, match="No space left"):
        file.save(saved.with_session({}, []))
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
    assert file.load() == saved


def test_a_link_leads_to_the_one_profile_and_its_one_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder().mkdir(parents=True)
    link, real = folder() / "anna.json", tmp_path / "synchronised" / "a.json"
    file, profile = fresh(real)
    file.claim()
    file.save(profile)
    file.release()
    link.symlink_to(real)
    named = ProfileFile("anna")
    named.claim()
    with pytest.raises(ProfileInUseError):
        ProfileFile(str(real)).claim()
    named.save(named.load().with_session({"began": "x"}, []))
    assert link.is_symlink() and ProfileFile(str(real)).load().sessions_seen == 1
    named.delete()
    named.release()
    assert not link.is_symlink() and list(real.parent.iterdir()) == []


def test_what_a_killed_process_left_half_written_goes_with_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    killed = """
import os, signal, sys
from tests.runtime.person.test_profile import fresh, Path
file, profile = fresh(Path(sys.argv[1]))
file.claim()
profile = file.save(profile)
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
file.save(profile)
"""
    done = subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert done.returncode < 0 and len(list(tmp_path.iterdir())) == 3  # draft and lock too
    others = tmp_path / ".p.json.q.json.abcdefgh.part"
    others.touch()
    file = ProfileFile(str(path))
    file.claim()
    assert file.load().updated
    file.delete()
    file.release()
    assert list(tmp_path.iterdir()) == [others]


def test_a_name_that_no_text_can_hold(tmp_path: Path) -> None:
    file, profile = fresh(tmp_path / "a\udcff\x1b[2J.json")
    assert profile.name == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[2J"
    saved = file.save(profile)
    assert file.load() == saved
    with pytest.raises(ProfileError, match="is no place for a profile: File name too long"):
        ProfileFile(f"{tmp_path}/{'x' * 300}.json")


def test_names_and_paths() -> None:
    home = {"XDG_DATA_HOME": "/data"}
    assert folder(home, "linux") == Path("/data/rtcan/profiles")
    for relative in ({}, {"XDG_DATA_HOME": "data"}):
        assert folder(relative, "linux") == Path.home() / ".local/share/rtcan/profiles"
    assert folder({"LOCALAPPDATA": "/local"}, "win32") == Path("/local/rtcan/profiles")
    assert "Application Support" in str(folder({}, "darwin"))
    assert locate("me") == folder() / "me.json"
    assert locate("./me") == Path.cwd() / "me" and locate("a.json") == Path.cwd() / "a.json"
    for wrong in ("", "..", ".me", "a\nb", "x" * 80, "-v"):
        with pytest.raises(ProfileError, match="is no profile's name"):
            locate(wrong)


def test_forgetting_labels_leaves_what_is_usual() -> None:
    profile = Profile(
        name="p", preprocessing=units_of(PERSONAL), reference={"level": [[3]], "hop_s": 2.0},
        adaptations={"a": {}}, enrolment={}, labels=[{}], labels_seen=4,
    )  # fmt: skip
    bare = profile.without_labels()
    assert (bare.adaptations, bare.enrolment, bare.labels, bare.labels_seen) == ({}, None, [], 0)
    assert bare.known_s == profile.known_s == 6.0
    assert from_bytes(to_bytes(profile), "p") == copy.copy(profile)
