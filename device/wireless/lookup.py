"""Which EmotiBits answer on this network.

A board answers a greeting on UDP port 3131 with its name and with the port to which it sends its
data, -1 while nobody is connected to it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import time
from dataclasses import dataclass

from device.errors import DeviceError, PortNotFoundError
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram
from device.text import clean, listed
from device.together import run_together

Address = tuple[str, int]

_GREET_EVERY_S = 0.25
# Its own are shorter; what is longer is from somebody else, and not looked at.
_LONGEST = 4 * emotibit.MAX_DATAGRAM
_LONGEST_NAME = 64
# A network has fewer boards: whoever answers with more addresses makes them up.
_MOST_BOARDS = 256
# So many datagrams are read before the clock is looked at again: a flood must not hold it up.
_AT_ONCE = 64
# How long this computer may take to say its own addresses.
_NAME_S = 0.25
_LIMITED_BROADCAST = "255.255.255.255"


@dataclass(frozen=True)
class FoundEmotibit:
    """A board that answered.

    Attributes
    ----------
    address : tuple of (str, int)
        Where it answers.
    name : str
        Its device id; empty for old firmware, which does not say it.
    data_port : int
        Where it sends its data; `device.protocols.emotibit.AVAILABLE` while to nobody.
    """

    address: Address
    name: str
    data_port: int

    @property
    def is_free(self) -> bool:
        """Whether nobody is connected to it."""
        return self.data_port == emotibit.AVAILABLE

    @property
    def port(self) -> str:
        """What `--port` takes."""
        host, port = self.address
        return f"emotibit:{host}" + ("" if port == emotibit.PORT else f":{port}")

    def describe(self) -> str:
        """Say in a few words what it is."""
        busy = "" if self.is_free else f", connected to another program (port {self.data_port})"
        return clean(f"EmotiBit {self.name}".strip() + f" at {self.address[0]}{busy}")


def find(timeout_s: float = 1.0, where: str = "") -> list[FoundEmotibit]:
    """Return the EmotiBits that answer, by address.

    Parameters
    ----------
    timeout_s : float
        How long to listen; where one address was named, no longer than until it answers.
    where : str
        An IPv4 address, with or without a port; a device id; empty for all of this network.

    Raises
    ------
    DeviceError
        If there is no network to ask on, or a port in `where` is none.
    """
    named = parse_address(where)
    targets = [named] if named else [(host, emotibit.PORT) for host in broadcast_addresses()]
    until_s = time.monotonic() + timeout_s
    found: dict[Address, FoundEmotibit] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        next_s, number = 0.0, 0
        while (now_s := time.monotonic()) < until_s and not (named and found):
            if now_s >= next_s:
                next_s, number = now_s + _GREET_EVERY_S, number + 1
                greet(link, targets, number)
            select.select([link], [], [], min(next_s, until_s) - now_s)
            for board in answers(link):
                is_meant = named is None or board.address[0] == named[0]
                if is_meant and (board.address in found or len(found) < _MOST_BOARDS):
                    found[board.address] = board
    boards = sorted(found.values(), key=lambda board: board.address)
    return [b for b in boards if named or not where or b.name.lower() == where.lower()]


def parse_address(where: str) -> Address | None:
    """Return `1.2.3.4` or `1.2.3.4:5` as an address; None for anything else: a device id, or none.

    Raises
    ------
    DeviceError
        If the port is none.
    """
    host, colon, port = where.partition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return None
    if colon and not (port.isdecimal() and 0 < int(port) < 65536):
        raise DeviceError(f"{where!r} has no port after the colon; expected: 1 to 65535")
    return host, int(port) if colon else emotibit.PORT


def greet(link: socket.socket, targets: list[Address], number: int) -> None:
    """Ask who is there; raise DeviceError where no network lets it."""
    failure: OSError | None = None
    sent = 0
    hello = Packet(0, number % emotibit.NUMBER_MODULUS, emotibit.HELLO_BOARD).to_bytes()
    for target in targets:
        try:
            link.sendto(hello, target)
            sent += 1
        except OSError as error:
            failure = error
    if not sent:
        raise DeviceError(f"An EmotiBit cannot be asked for: {failure}. Is there a network?")


def datagrams(link: socket.socket) -> list[tuple[bytes, Address]]:
    """Return what waits on a socket, with its senders; some of it where there is much."""
    out: list[tuple[bytes, Address]] = []
    for _ in range(_AT_ONCE):
        try:
            data, sender = link.recvfrom(_LONGEST + 1)
        except OSError:  # nothing waits; or, on Windows, a port from which nothing answered
            break
        if len(data) <= _LONGEST:
            out.append((data, sender))
    return out


def answers(link: socket.socket) -> list[FoundEmotibit]:
    """Return the boards whose answers wait on a socket."""
    boards = []
    for data, sender in datagrams(link):
        for packet in parse_datagram(data)[0]:
            port = packet.port(emotibit.DATA_PORT)
            if packet.tag == emotibit.HELLO_HOST and port is not None:
                name = packet.labelled(emotibit.DEVICE_ID) or ""
                boards.append(FoundEmotibit(sender, name[:_LONGEST_NAME], port))
    return boards


def broadcast_addresses() -> list[str]:
    """Return where to ask for boards: this computer itself, and all of its networks.

    Many home networks are of 256 addresses, the last of which reaches all of them; the general
    broadcast address reaches those of the default route.
    """
    hosts = ["127.0.0.1", _LIMITED_BROADCAST]
    for local in _local_addresses():
        network = ipaddress.ip_network(f"{local}/24", strict=False)
        hosts.append(str(network.broadcast_address))
    return list(dict.fromkeys(hosts))


def local_towards(address: Address) -> str:
    """Return this computer's own address on the way to another; raise DeviceError for none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            link.connect(address)  # sends nothing
        except OSError as error:
            raise DeviceError(f"There is no way to {address[0]}: {error}") from error
        return str(link.getsockname()[0])


def choose(boards: list[FoundEmotibit], where: str, waited_s: float) -> FoundEmotibit:
    """Return the one board that is meant.

    Raises
    ------
    PortNotFoundError
        If none answered; it says which others did.
    DeviceError
        If several did.
    """
    if len(boards) == 1:
        return boards[0]
    if boards:
        names = listed([f"{board.describe()}: --port {board.port}" for board in boards])
        raise DeviceError(f"{len(boards)} EmotiBits answer. Name one: {names}")
    others = find(_GREET_EVERY_S * 2) if where else []
    seen = listed([board.describe() for board in others]) or "none at all"
    whom = f"EmotiBit at {where}" if parse_address(where) else f"EmotiBit {where}".strip()
    how = " Where the network passes no broadcasts on, give its address: --port emotibit:ADDRESS."
    raise PortNotFoundError(
        f"No {whom} answered within {waited_s:g} s; those that do: {seen}. Is it switched on, and "
        f"in the same network as this computer?{'' if parse_address(where) else how}"
    )


def _local_addresses() -> list[str]:
    found: list[str] = []

    def ask() -> None:
        with contextlib.suppress(OSError):
            found.extend(socket.gethostbyname_ex(socket.gethostname())[2])

    # Where a computer's own name is not in its files, a name server is asked: without a network
    # that takes many seconds.
    run_together([ask], _NAME_S)
    with contextlib.suppress(DeviceError):
        found.append(local_towards(("192.0.2.1", 9)))  # an address that nobody has (RFC 5737)
    return [host for host in list(found) if not host.startswith("127.")]
