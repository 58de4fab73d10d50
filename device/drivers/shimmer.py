"""Shimmer3 and Shimmer3R GSR+: set up command by command, each acknowledged, then started."""

from __future__ import annotations

from device.calibration import ShimmerCalibration
from device.drivers.driver import Batch, DecodingDriver, DriverOptions
from device.errors import DeviceError
from device.protocols import shimmer
from device.protocols.shimmer import ShimmerDecoder, parse_inquiry, parse_version
from device.timing.counter import TickClock

DEFAULT_RATE_HZ = 64.0
# Bluetooth answers within a few tenths of a second.
_PATIENCE_S = 0.7
_TRIES = 2
# A lone acknowledgement, followed by nothing for this long, is one.
_QUIET_S = 0.1
# A board that has been silent this long is set up again: it was reset, or missed a command.
_SILENCE_S = 1.5
_CRC_SIZE = 2
_NAMES = {shimmer.SHIMMER3: "Shimmer3 GSR+", shimmer.SHIMMER3R: "Shimmer3R GSR+"}


class ShimmerDriver(DecodingDriver):
    """Packets with a 24-bit clock.

    Parameters
    ----------
    options : DriverOptions
        `rate_hz` (1 to 1024; default 64; the nearest that divides 32768 is set).

    Raises
    ------
    DeviceError
        For a rate that the board does not have, or a calibration.
    """

    key = "shimmer"
    name = _NAMES[shimmer.SHIMMER3]
    baud = 115200
    known_rate = True
    trusted = False
    _decoder: ShimmerDecoder

    def __init__(self, options: DriverOptions) -> None:
        rate_hz = options.rate_hz or DEFAULT_RATE_HZ
        if not 1 <= rate_hz <= 1024:
            raise DeviceError(f"Shimmer cannot sample at {rate_hz:g} Hz. Give --rate 1 to 1024.")
        if options.calibration:
            raise DeviceError(
                "Shimmer's calibration is fixed; leave --calibration out, or name another sensor "
                "with --sensor."
            )
        self._period = shimmer.divider(rate_hz)
        self.calibration = ShimmerCalibration()
        self._clock = TickClock(shimmer.TICK_MODULUS, shimmer.TICK_HZ)
        self._decoder = ShimmerDecoder(self._period, _CRC_SIZE)
        self.lost = 0
        self.begin(0.0)

    def begin(self, now_s: float) -> None:
        """Plan the set-up."""
        self._plan = [
            shimmer.COMMAND_STOP,
            shimmer.COMMAND_VERSION,
            shimmer.command_rate(shimmer.TICK_HZ / self._period),
            shimmer.COMMAND_SENSORS_GSR,
            shimmer.command_range(),
            shimmer.command_crc(_CRC_SIZE),
            shimmer.COMMAND_INQUIRY,
            shimmer.COMMAND_START,
        ]
        self._sent_s: float | None = None
        self._tries = 0
        self._answer = b""
        self._crc_size = _CRC_SIZE
        self._hardware = shimmer.SHIMMER3
        self._channels: tuple[int, ...] = (shimmer.GSR_CHANNEL,)
        self._clock.reset()
        self._last: int | None = None
        self._heard_s = now_s

    def poll(self, now_s: float) -> bytes:
        """Return the next command, or the last one again when nothing answered it."""
        if not self._plan:
            if now_s - self._heard_s > _SILENCE_S:
                self.begin(now_s)
            return b""
        if self._sent_s is not None:
            if self._stopped(now_s - self._sent_s):
                self._advance()
                return self.poll(now_s)
            if now_s - self._sent_s < _PATIENCE_S:
                return b""
            if self._tries >= _TRIES and self._may_do_without():
                self._advance()
                return self.poll(now_s)
        self._sent_s = now_s
        self._tries += 1
        self._answer = b""
        return self._plan[0]

    def push(self, data: bytes, now_s: float, final: bool = False) -> list[Batch]:
        """Return the samples; during the set-up, take the answers."""
        if self._plan:
            data = self._listen(data, now_s)
        if self._plan or (not data and not final):
            return []
        readings = self._decoder.push(data, final)
        if len(readings) == 0:
            return []
        self._heard_s = now_s
        ticks, restarted = self._clock.push(readings.ticks, now_s)
        first = int(ticks[0]) if restarted or self._last is None else self._last + self._period
        self._last = int(ticks[-1])
        self.lost += max(round((self._last - first) / self._period) + 1 - ticks.size, 0)
        position_s = ticks / shimmer.TICK_HZ
        value = readings.value[-ticks.size :]
        return [Batch.of(self.calibration, value, position_s, restarted)]

    def end(self) -> bytes:
        """Return the command that stops the board."""
        return shimmer.COMMAND_STOP

    def rate_hz(self, pace: float | None) -> float | None:
        """Return the rate that was set."""
        return shimmer.TICK_HZ / self._period

    def details(self) -> str:
        """Say the checksum and the calibration."""
        return f"{self.calibration.describe()}, CRC of {self._crc_size} bytes"

    def expects(self) -> str:
        """Say what the packets should be."""
        return (
            "data packets of a Shimmer3. Is it paired, and its firmware LogAndStream or BtStream? "
            "Or name the sensor that it is with --sensor"
        )

    def _may_do_without(self) -> bool:
        """Say whether the command at hand may stay unanswered; if so, live with that."""
        if self._plan[0] == shimmer.command_crc(_CRC_SIZE):
            self._crc_size = 0  # an older firmware, which has no checksum
            return True
        # A board that does not stream has nothing to stop; an old one may not say what it is.
        return self._plan[0] in (shimmer.COMMAND_STOP, shimmer.COMMAND_VERSION)

    def _stopped(self, waited_s: float) -> bool:
        if self._plan[0] != shimmer.COMMAND_STOP:
            return False
        if self._answer == bytes([shimmer.ACK]):
            return waited_s >= _QUIET_S
        # Packets that were still on their way may hold an ACK's byte: let them pass first.
        return shimmer.ACK in self._answer and waited_s >= _PATIENCE_S / 2

    def _advance(self) -> None:
        self._plan.pop(0)
        self._sent_s, self._tries, self._answer = None, 0, b""
        if not self._plan:
            take = self._channels.index(shimmer.GSR_CHANNEL)
            self._decoder = ShimmerDecoder(
                self._period,
                self._crc_size,
                len(self._channels),
                take,
                good=self.good,
                bad=self.damaged,
            )

    def _listen(self, data: bytes, now_s: float) -> bytes:
        """Look for the answer to the command at hand; return what follows the last answer."""
        if self._sent_s is None:
            return b""
        self._answer = (self._answer + data)[-512:]
        command = self._plan[0]
        if command == shimmer.COMMAND_INQUIRY:
            inquiry = parse_inquiry(self._answer, self._hardware)
            if inquiry is not None and shimmer.GSR_CHANNEL in inquiry.channels:
                self._period, self._channels = inquiry.divider, inquiry.channels
                self._advance()
            return b""
        if command == shimmer.COMMAND_VERSION:
            version = parse_version(self._answer)
            if version is not None:
                self._hardware = version
                self.name = _NAMES.get(version, _NAMES[shimmer.SHIMMER3])
                self._advance()
            return b""
        at = self._answer.find(bytes([shimmer.ACK]))
        if at < 0 or command == shimmer.COMMAND_STOP:
            return b""
        following = self._answer[at + 1 :]
        self._advance()
        self._heard_s = now_s
        return b"" if self._plan else following
