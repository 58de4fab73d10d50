"""A simulated EmotiBit on the network: it answers, lets itself be connected, sends datagrams."""

from __future__ import annotations

import contextlib
import socket
import time

from device.errors import DeviceError
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram

# As its firmware has it: a host that has not been heard for so long is given up.
_TIMEOUT_S = 10.0
# From its reset until it is in the network again; a real one takes some seconds.
_BOOT_S = 1.0
_CONNECT_S = 1.0
_PIECE = 4096


class EmotibitPort:
    """The board's three channels, in place of a pseudo-terminal.

    Parameters
    ----------
    host : str
        IPv4 address of this computer on which it answers.
    port : int
        UDP port on which it answers; 3131 is where programs look.
    device_id : str
        The name that it gives itself.

    Raises
    ------
    DeviceError
        If something answers there already.
    """

    datagrams = True
    resets_board = False

    def __init__(
        self, host: str = "127.0.0.1", port: int = emotibit.PORT, device_id: str = "MD-V5-SIM0001"
    ) -> None:
        self._host, self._port, self._id = host, port, device_id
        self._number = 0
        self._advertising: socket.socket | None = None
        self._control: socket.socket | None = None
        self._data: socket.socket | None = None
        self._forsaken: list[socket.socket] = []
        self._back_s = 0.0
        self._forget()
        self.plug_in()

    @property
    def path(self) -> str:
        """What `--port` takes."""
        return f"emotibit:{self._host}" + ("" if self._port == emotibit.PORT else f":{self._port}")

    def plug_in(self) -> None:
        """Begin to answer."""
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            link.bind((self._host, self._port))
        except OSError as error:
            link.close()
            raise DeviceError(
                f"{self._host} port {self._port} cannot be used: {error}. Another simulated "
                "EmotiBit? Choose another address with --address, such as 127.0.0.2."
            ) from error
        link.setblocking(False)
        self._advertising = link

    def unplug(self) -> None:
        """Vanish from the network, as a board does whose battery is empty: nobody is told."""
        if self._advertising is not None:
            self._advertising.close()
            self._advertising = None
        self._hang_up(told=False)

    def restart(self) -> float | None:
        """Be connected to nobody, and away while the board boots; return for how long (s)."""
        self._hang_up(told=False)
        self._back_s = time.monotonic() + _BOOT_S
        return _BOOT_S

    def receive(self) -> bytes | None:
        """Answer who asks; return what the host said. None while no host is connected."""
        self._advertise()
        if self._control is None or self._data is None:
            return None
        said = b""
        with contextlib.suppress(BlockingIOError):
            try:
                got = self._control.recv(_PIECE)
            except OSError as error:
                if isinstance(error, BlockingIOError):
                    raise
                got = b""
            if not got:
                self._hang_up(told=True)
                return None
            said += got
        with contextlib.suppress(OSError):
            said += self._data.recv(_PIECE)
        leaves = any(packet.tag == emotibit.DISCONNECT for packet in parse_datagram(said)[0])
        if leaves or time.monotonic() - self._heard_s > _TIMEOUT_S:
            self._hang_up(told=True)
            return None
        return said

    def write(self, data: bytes) -> None:
        """Send a datagram to the host."""
        if self._data is not None and data:
            with contextlib.suppress(OSError):  # nobody waits for it there: such is UDP
                self._data.send(data)

    def drained(self) -> bool:
        """Return True: what has been sent is on its way."""
        return True

    def close(self) -> None:
        """Leave nothing behind."""
        self.unplug()
        for link in self._forsaken:
            link.close()
        self._forsaken.clear()

    def _advertise(self) -> None:
        if self._advertising is None:
            return
        with contextlib.suppress(OSError):
            while True:
                data, sender = self._advertising.recvfrom(_PIECE)
                if time.monotonic() < self._back_s:
                    continue
                for packet in parse_datagram(data)[0]:
                    self._answer(packet, sender)

    def _answer(self, packet: Packet, sender: tuple[str, int]) -> None:
        port = str(self._host_data_port)
        if packet.tag == emotibit.HELLO_BOARD:
            payload = (emotibit.DATA_PORT, port, emotibit.DEVICE_ID, self._id)
            answer = self._said(emotibit.HELLO_HOST, payload).split(b",", 3)
            # Its firmware leaves the length at 0.
            self._send(b",".join([*answer[:2], b"0", answer[3]]), sender)
        elif packet.tag == emotibit.CONNECT:
            if self._control is None:
                self._connect(packet, sender[0])
            if self._control is not None and sender[0] == self._host_address:
                self._pong(sender)
        elif packet.tag == emotibit.PING and self._control is not None:
            ours = packet.port(emotibit.DATA_PORT) == self._host_data_port
            if ours and sender[0] == self._host_address:
                self._pong(sender)

    def _connect(self, packet: Packet, host: str) -> None:
        control, data = packet.port(emotibit.CONTROL_PORT), packet.port(emotibit.DATA_PORT)
        if control is None or data is None or data == emotibit.AVAILABLE:
            return
        try:
            self._control = socket.create_connection(
                (host, control), timeout=_CONNECT_S, source_address=(self._host, 0)
            )
        except OSError:
            self._control = None
            return
        self._control.setblocking(False)
        self._data = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._data.bind((self._host, 0))
        self._data.connect((host, data))
        self._data.setblocking(False)
        self._host_address, self._host_data_port = host, data
        self._heard_s = time.monotonic()

    def _pong(self, sender: tuple[str, int]) -> None:
        self._heard_s = time.monotonic()
        self._send(
            self._said(emotibit.PONG, (emotibit.DATA_PORT, str(self._host_data_port))), sender
        )

    def _said(self, tag: str, payload: tuple[str, ...]) -> bytes:
        self._number = (self._number + 1) % emotibit.NUMBER_MODULUS
        stamp = round(1e3 * time.monotonic()) % emotibit.TICK_MODULUS
        return Packet(stamp, self._number, tag, payload).to_bytes()

    def _send(self, data: bytes, to: tuple[str, int]) -> None:
        if self._advertising is not None:
            with contextlib.suppress(OSError):
                self._advertising.sendto(data, to)

    def _hang_up(self, *, told: bool) -> None:
        """End the connection; a host that is not told finds out by itself."""
        if self._data is not None:
            self._data.close()
        if self._control is not None:
            if told:
                self._control.close()
            else:
                self._forsaken.append(self._control)
        self._forget()

    def _forget(self) -> None:
        self._control = self._data = None
        self._host_address, self._host_data_port = "", emotibit.AVAILABLE
        self._heard_s = 0.0
