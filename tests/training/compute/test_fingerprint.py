"""What a result depends on, as one hash: values, contents of files, the program."""

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.compute import contents, fingerprint
from training.compute.contents import files_under
from training.compute.fingerprint import Fingerprinted, code, program

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_hashes_are_equal_for_equal_values_only(one: object, other: object) -> None:
    alike = fingerprint.fingerprint(one) == fingerprint.fingerprint(other)
    assert alike == (repr_sorted(one) == repr_sorted(other))


def repr_sorted(value: object) -> str:
    """Return a text that tells values apart as the hash shall: 1, True and 1.0 are three."""
    if isinstance(value, dict):
        return f"{{{sorted((repr(k), repr_sorted(v)) for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(repr_sorted, value))}]"
    return repr(value)


@dataclasses.dataclass(frozen=True)
class Part(Fingerprinted):
    values: np.ndarray
    counted: Counter[str]


def test_every_field_counts_and_large_parts_are_hashed_once() -> None:
    values = np.arange(6.0)
    one = Part(values, Counter(a=1, b=2))
    assert one.fingerprint == Part(values.copy(), Counter(b=2, a=1)).fingerprint
    others = [
        Part(values.reshape(2, 3), one.counted),
        Part(values.astype(np.float32), one.counted),
        Part(values + 1e-12, one.counted),
        Part(values, Counter(a=1)),
    ]
    assert len({p.fingerprint for p in (one, *others)}) == 5
    assert fingerprint.fingerprint(one) == fingerprint.fingerprint(Part(values, one.counted))
    assert one.fingerprint is one.fingerprint
    assert fingerprint.fingerprint(MappingProxyType({"a": 1})) == fingerprint.fingerprint({"a": 1})


def test_what_cannot_be_hashed_by_content_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be hashed"):
        fingerprint.fingerprint([object()])


def test_the_program_holds_every_module_that_runs() -> None:
    """Nobody lists them: what an interpreter has loaded after the work must be among them."""
    script = (
        "import sys; from runtime.preprocessing.contract import Contract; "
        "from training.datasets import synthetic; from training.windows import cache, cut; "
        "recordings = synthetic.load(0, 2, 1).recordings; "
        "[cut._cut_one(recording, Contract(), False) for recording in recordings]; "
        "print(*(module.__file__ for name, module in sys.modules.items() "
        "if name.split('.')[0] in ('device', 'runtime', 'training')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    files = {str(path) for path in program("training.windows.cache")[0]}
    assert len(loaded) > 25
    assert set(loaded) <= files


@pytest.mark.parametrize(
    "changed",
    [
        "runtime/preprocessing/resample.py",
        "runtime/preprocessing/quality.py",
        "runtime/cvxeda/lapack.py",
        "runtime/cvxeda/_kernel.c",
        "runtime/cvxeda/_factor.h",
        "training/datasets/parsers/tables.py",
        "device/calibration.py",
    ],
)
def test_changed_code_is_another_program(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code("training.windows.cache")
    read = Path.read_bytes

    def edited(path: Path) -> bytes:
        return read(path) + (b"\n" if path.as_posix().endswith(changed) else b"")

    monkeypatch.setattr(Path, "read_bytes", edited)
    code.cache_clear()
    try:
        assert code("training.windows.cache") != before
        assert code("training.datasets.names") == code("training.datasets.names")
    finally:
        code.cache_clear()


def test_files_are_hashed_by_what_they_hold(tmp_path: Path) -> None:
    root, elsewhere, memory = (tmp_path / name for name in ("root", "elsewhere", "memory"))
    for folder in (root, elsewhere, memory):
        folder.mkdir()
    (root / "a.csv").write_text("1")
    (elsewhere / "b.csv").write_text("2")
    (root / "linked").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "loop").symlink_to(root, target_is_directory=True)

    def now() -> str:
        return contents.contents(root, files_under(root), memory)

    first = now()
    assert [path.name for path in files_under(root)] == ["a.csv", "b.csv"]
    assert now() == first == contents.contents(root, files_under(root))
    # Behind the link; of the same size, with its old times put back.
    facts = (elsewhere / "b.csv").stat()
    (elsewhere / "b.csv").write_text("3")
    os.utime(elsewhere / "b.csv", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    second = now()
    assert second != first
    (elsewhere / "b.csv").unlink()
    assert now() not in (first, second)
    (elsewhere / "b.csv").write_text("2")
    assert now() == first


def test_a_file_that_did_not_change_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.csv").write_text("1")
    read: list[Path] = []
    digest = contents._digest

    def counted(path: Path) -> str:
        read.append(path)
        return digest(path)

    monkeypatch.setattr(contents, "_digest", counted)
    monkeypatch.setattr(contents, "_SETTLED_NS", -1)
    found = [
        contents.contents(tmp_path / "root", files_under(tmp_path / "root"), tmp_path)
        for _ in range(2)
    ]
    assert len(read) == 1 and found[0] == found[1]


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_a_folder_that_is_there_twice_is_hashed_twice(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a").write_bytes(b"1")
    before = contents.contents(tmp_path, files_under(tmp_path))
    (tmp_path / "two").symlink_to(tmp_path / "one")
    (tmp_path / "one" / "above").symlink_to(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in files_under(tmp_path)] == [
        "one/a", "two/a",
    ]  # fmt: skip
    assert contents.contents(tmp_path, files_under(tmp_path)) != before


@pytest.mark.skipif(sys.platform != "linux", reason="only there names are any bytes")
def test_a_name_need_not_be_utf_8(tmp_path: Path) -> None:
    roots = [tmp_path / os.fsdecode(name) for name in (b"\xfe", b"\xff")]
    for root in roots:
        root.mkdir()
        (root / os.fsdecode(b"\xfd")).write_bytes(b"1")
    one, two = (contents.contents(root, files_under(root), tmp_path / "memory") for root in roots)
    assert one == two


@pytest.mark.parametrize("memory", ["[]", '{"%s": 5}', '{"%s": []}', '{"%s": ["x"]}', "{"])
def test_a_damaged_memory_is_no_memory(memory: str, tmp_path: Path) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    data.mkdir()
    (data / "a").write_bytes(b"1")
    kept.mkdir()
    place = kept / f"contents-{fingerprint.fingerprint(data.resolve())}.json"
    place.write_text(memory.replace("%s", str(data / "a")))
    files = list(files_under(data))
    assert contents.contents(data, files, kept) == contents.contents(data, files)
