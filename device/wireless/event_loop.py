"""bleak is asynchronous: an event loop in a thread of its own, to wait for from others."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from device.errors import DeviceError

_T = TypeVar("_T")
END_S = 5.0


class EventLoop:
    """An event loop in a thread of its own, to wait for from others."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="ble")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], timeout_s: float) -> _T:
        """Return the result; raise DeviceError for what bleak or the system says against it."""
        from bleak.exc import BleakError

        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except (concurrent.futures.TimeoutError, TimeoutError) as error:
            future.cancel()
            raise DeviceError(f"Bluetooth did not answer within {timeout_s:g} s") from error
        except (BleakError, OSError) as error:
            # On Linux, where no system bus runs to ask.
            said = "no D-Bus" if isinstance(error, FileNotFoundError) else error
            raise DeviceError(
                f"Bluetooth says: {said}. Is it there and switched on (on Linux: bluetoothctl "
                "power on), and may this user use it?"
            ) from error

    def end(self) -> None:
        """Stop the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self) -> EventLoop:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
