from pathlib import Path

from tests.conftest import LONG

SOURCE = Path(__file__).resolve().parents[1]


def test_the_long_files_are_there() -> None:
    assert [name for name in LONG if not (SOURCE / name).is_file()] == []
    assert len(set(LONG)) == len(LONG)
