"""The connection to one EmotiBit: greeted, connected, kept alive; its datagrams as bytes.

Two sockets wait for the board alone: a UDP one for its data and, until it has come, a TCP one for
the connection that it opens for commands. What another host sends to either is not looked at.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time

from device.errors import (
    DeviceError,
    PortBusyError,
    SensorDisconnectedError,
)
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram
from device.timing.now import now_s
from device.wireless.lookup import (
    FoundEmotibit,
    choose,
    datagrams,
    find,
    local_towards,
    parse_address,
)
from device.wireless.ports import bound

# How long a board may take to answer, and to connect.
_FIND_S = 2.0
_CONNECT_S = 4.0
_ASK_EVERY_S = 0.25
# The board gives a host up that has not been heard for ten seconds.
_PING_EVERY_S = 1.0
# Data come several times a second: after this long without, the board may have begun anew.
_SILENCE_S = 0.6
# After this long it is gone.
_GONE_S = 5.0
# The ports of the maker's own program: where a firewall lets that through, this one too.
_FIRST_PORT = emotibit.PORT + 1
_PIECE = 65536
# Datagrams of a burst follow each other faster than this.
_MORE_S = 0.003


class EmotibitTransport:
    """One EmotiBit on the network.

    Parameters
    ----------
    where : str
        Its IPv4 address, with or without a port; its device id; empty for the only one there is.

    Attributes
    ----------
    port, device : str
        As it was named, and as it was found.
    identity : str
        The device id of the board that was opened last.
    baud : int
        0.
    foreign : int
        Datagrams and connections of others, which were ignored.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        parse_address(where)  # a mistake in it is said at once
        self.port = f"emotibit:{where}"
        self.device = self.port
        self.identity = ""
        self.baud = 0
        self.foreign = 0
        self._board: FoundEmotibit | None = None
        self._number = 0
        self._ask: socket.socket | None = None
        self._data: socket.socket | None = None
        self._door: socket.socket | None = None
        self._control: socket.socket | None = None

    def open(self) -> None:
        """Find the board and connect to it.

        Raises
        ------
        PortNotFoundError, PortBusyError, DeviceError
            Each says what to do.
        """
        self.close()
        board = choose(find(_FIND_S, self._where), self._where, _FIND_S)
        if not board.is_free:
            board = self._when_free(board)
        self._board = board
        self.device, self.identity = board.port, board.name
        try:
            self._listen(local_towards(board.address))
            self._await_connection(board)
        except BaseException:
            self.close()
            raise

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        """Return the board's packets that are there, and the time (s, `now_s`) when all were read.

        Raises
        ------
        SensorDisconnectedError
            Nothing was heard of the board for five seconds, or it is not connected.
        """
        if self._data is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        until_s = time.monotonic() + timeout_s
        while True:
            self._keep_alive()
            now = time.monotonic()
            if now - self._heard_s > _GONE_S:
                self.close()
                raise SensorDisconnectedError(f"{self.device} has not been heard for {_GONE_S:g} s")
            self._wait(max(min(until_s - now, _ASK_EVERY_S), 0.0))
            data, at_s = self._take_data(), now_s()
            more = data
            while more and len(data) < _PIECE and select.select([self._data], [], [], _MORE_S)[0]:
                # What comes in a burst is to be seen as one.
                more, at_s = self._take_data(), now_s()
                data += more
            if data or time.monotonic() >= until_s:
                return data, at_s

    def write(self, data: bytes) -> None:
        """Send a datagram to where the board's data come from."""
        if self._data is None:
            raise SensorDisconnectedError(f"{self.port} is not open")
        if self._source is not None:
            with contextlib.suppress(OSError):  # the answer to a question that will be asked again
                self._data.sendto(data, self._source)

    def close(self) -> None:
        """Let the board go; harmless when it is not connected."""
        if self._control is not None:
            self._command(emotibit.DISCONNECT)
        for link in (self._ask, self._data, self._door, self._control):
            if link is not None:
                link.close()
        self._ask = self._data = self._door = self._control = None

    def _when_free(self, board: FoundEmotibit) -> FoundEmotibit:
        """Wait a moment: a board notices within it that the program before has ended."""
        until_s = time.monotonic() + _FIND_S
        while not board.is_free and time.monotonic() < until_s:
            time.sleep(_ASK_EVERY_S)
            found = find(_ASK_EVERY_S, f"{board.address[0]}:{board.address[1]}")
            board = found[0] if found else board
        if not board.is_free:
            raise PortBusyError(
                f"{board.describe()}. End it there; a program that crashed is forgotten after ten "
                "seconds."
            )
        return board

    def _listen(self, local: str) -> None:
        self._ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ask.bind((local, 0))
        self._ask.setblocking(False)
        self._data, self._data_port = bound(local, _FIRST_PORT, socket.SOCK_DGRAM)
        self._control_port = 0
        self._local = local
        self._open_door()
        self._source: tuple[str, int] | None = None
        self._heard_s = self._asked_s = self._pinged_s = time.monotonic()
        self._asked_s -= _ASK_EVERY_S

    def _open_door(self) -> None:
        """Wait for the board's connection; the door is shut again when it has come."""
        if self._door is None:
            first = self._control_port or _FIRST_PORT + 1
            self._door, self._control_port = bound(self._local, first, socket.SOCK_STREAM)
            self._door.listen(1)

    def _await_connection(self, board: FoundEmotibit) -> None:
        until_s = time.monotonic() + _CONNECT_S
        while self._control is None:
            if time.monotonic() > until_s:
                raise DeviceError(
                    f"{board.describe()} answers, but did not connect to this computer within "
                    f"{_CONNECT_S:g} s. Does a firewall keep it from TCP port "
                    f"{self._control_port} and UDP port {self._data_port}?"
                )
            self._ask_to_connect()
            self._wait(_ASK_EVERY_S / 5)

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._control is None or now - self._heard_s > _SILENCE_S:
            # It began anew, or is out of reach: it answers when it is back.
            self._open_door()
            self._ask_to_connect()
        if now - self._pinged_s >= _PING_EVERY_S:
            self._pinged_s = now
            self._say(emotibit.PING, (emotibit.DATA_PORT, str(self._data_port)))

    def _ask_to_connect(self) -> None:
        now = time.monotonic()
        if now - self._asked_s < _ASK_EVERY_S:
            return
        self._asked_s = now
        ports = (emotibit.CONTROL_PORT, str(self._control_port))
        self._say(emotibit.CONNECT, (*ports, emotibit.DATA_PORT, str(self._data_port)))

    def _say(self, tag: str, payload: tuple[str, ...]) -> None:
        assert self._ask is not None and self._board is not None
        self._number = (self._number + 1) % emotibit.NUMBER_MODULUS
        packet = Packet(0, self._number, tag, payload).to_bytes()
        with contextlib.suppress(OSError):  # no network for a moment: it is said again
            self._ask.sendto(packet, self._board.address)

    def _command(self, tag: str) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(Packet(0, 0, tag).to_bytes())

    def _wait(self, timeout_s: float) -> None:
        """Wait for data; receive the board's connection and what it says beside."""
        links = [link for link in (self._data, self._ask, self._door, self._control) if link]
        ready, _, _ = select.select(links, [], [], timeout_s)
        if self._door is not None and self._door in ready:
            self._admit(self._door)
        if self._control is not None and self._control in ready:
            self._hear_control(self._control)
        if self._ask is not None and self._ask in ready:
            self._hear_answers(self._ask)

    def _admit(self, door: socket.socket) -> None:
        try:
            guest, address = door.accept()
        except OSError:
            return
        assert self._board is not None
        if address[0] != self._board.address[0]:
            self.foreign += 1
            guest.close()
            return
        if self._control is not None:
            self._control.close()
        guest.setblocking(False)
        self._control = guest
        door.close()
        self._door = None
        self._source = None
        self._command(emotibit.NORMAL_POWER)

    def _hear_control(self, control: socket.socket) -> None:
        try:
            said = control.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:  # the board has hung up
            control.close()
            self._control = None

    def _hear_answers(self, ask: socket.socket) -> None:
        for data, address in datagrams(ask):
            packets, _ = parse_datagram(data)
            if self._board is None or address != self._board.address:
                self.foreign += 1
            elif any(
                packet.tag == emotibit.PONG and packet.port(emotibit.DATA_PORT) == self._data_port
                for packet in packets
            ):
                # It lives, though it may have nothing to send.
                self._heard_s = max(self._heard_s, time.monotonic() - _SILENCE_S)

    def _take_data(self) -> bytes:
        assert self._data is not None and self._board is not None
        out = []
        for data, address in datagrams(self._data):
            host, known = self._board.address[0], self._source
            if address[0] != host or (known is not None and address != known):
                self.foreign += 1
                continue
            self._source = address
            out.append(data if data.endswith(b"\n") else data + b"\n")
        if out:
            self._heard_s = time.monotonic()
        return b"".join(out)
