"""What hostile hosts answer to the greeting of an EmotiBit: little of it is kept, none obeyed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from device.errors import DeviceError
from device.protocols import emotibit
from device.wireless import lookup
from device.wireless.lookup import FoundEmotibit, answers, choose, datagrams

_PAYLOAD = (emotibit.DATA_PORT, "-1", emotibit.DEVICE_ID)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        link.bind(("127.0.0.1", 0))
        link.setblocking(False)
        other.connect(link.getsockname())
        yield link, other


def _hello(name: str) -> bytes:
    return emotibit.Packet(0, 1, emotibit.HELLO_HOST, (*_PAYLOAD, name)).to_bytes()


def test_a_datagram_that_no_board_could_send_is_not_looked_at(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    link, other = pair
    other.send(_hello("x" * 3000))
    other.send(_hello("x" * 1000))
    ((data, sender),) = datagrams(link)
    assert len(data) < 2048 and sender == other.getsockname()


def test_a_name_is_short_and_does_nothing_to_a_terminal(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    link, other = pair
    other.send(_hello("\x1b[2J" + "x" * 1000))
    (board,) = answers(link)
    assert len(board.name) == 64
    assert "\x1b" not in board.describe() and "\N{REPLACEMENT CHARACTER}[2J" in board.describe()


def test_made_up_boards_are_not_all_kept_and_not_all_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made_up = [
        FoundEmotibit((f"10.0.{i // 250}.{i % 250}", emotibit.PORT), str(i), emotibit.AVAILABLE)
        for i in range(5000)
    ]
    monkeypatch.setattr(lookup, "answers", lambda link: made_up)
    monkeypatch.setattr(lookup, "broadcast_addresses", lambda: ["127.0.0.1"])
    boards = lookup.find(0.05)
    assert len(boards) == 256
    with pytest.raises(DeviceError, match=r"256 EmotiBits answer.*and 248 more") as caught:
        choose(boards, "", 1.0)
    assert len(str(caught.value)) < 1000


def test_a_name_server_that_does_not_answer_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(name: str) -> None:
        time.sleep(3.0)
        raise socket.gaierror

    monkeypatch.setattr(socket, "gethostbyname_ex", ask)
    began_s = time.monotonic()
    assert "127.0.0.1" in lookup.broadcast_addresses()
    assert time.monotonic() - began_s < 1.0
