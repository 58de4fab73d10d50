"""Reading a sensor in a thread of its own, so that no computation ever delays the port."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from dataclasses import dataclass

import numpy as np

from device.errors import DeviceError, RecordingEndedError, SensorDisconnectedError
from device.samples import Samples
from device.sensor import Sensor
from device.timing.now import SleepWatch, now_s
from runtime.session.resolution import Resolution
from runtime.sinks.events import Status

_LOG = logging.getLogger(__name__)
_POLL_S = 0.2
_RETRY_S = 0.2
_SILENCE_S = 5.0
_OPEN_S = 2.0


@dataclass(frozen=True)
class Chunk:
    """Samples and the time (s, `device.timing.now.now_s`) at which they arrived."""

    samples: Samples
    arrival_s: float


@dataclass(frozen=True)
class Failure:
    """The end: the sensor cannot be read any more."""

    error: Exception


Event = Chunk | Status | Failure


class Reader(threading.Thread):
    """Read an open sensor until told to stop.

    Parameters
    ----------
    sensor : Sensor
        Already open; closed when the thread ends.
    reconnect : bool
        Whether to wait for a sensor that goes away; otherwise that is the end.
    capacity : int
        Chunks that may wait for the pipeline. What arrives beyond it is dropped and counted.
    lossless : bool
        Whether the sensor can wait, as a recording can: then nothing is dropped.

    Attributes
    ----------
    events : Queue of Event
        What the thread found.
    overrun : int
        Samples dropped because nobody took them.
    """

    def __init__(
        self,
        sensor: Sensor,
        *,
        reconnect: bool = True,
        capacity: int = 10_000,
        lossless: bool = False,
    ) -> None:
        super().__init__(name="rtcan-reader", daemon=True)
        self.events: queue.Queue[Event] = queue.Queue(capacity)
        self.overrun = 0
        self._sensor = sensor
        self._reconnect = reconnect
        self._lossless = lossless
        self._stopping = threading.Event()
        self._sleep = SleepWatch()

    def stop(self) -> None:
        """Ask the thread to end, and wait until the sensor is closed."""
        self._stopping.set()
        self.join(timeout=5.0)

    def run(self) -> None:
        """Read; called by `start`."""
        try:
            self._loop()
        except RecordingEndedError:
            _LOG.info("the recording has ended")
        except Exception as error:  # noqa: BLE001 - handed to the main thread, which reports it
            self._tell(Failure(error))
        finally:
            self._sensor.close()

    def _loop(self) -> None:
        heard_s, told = time.monotonic(), False
        resolution = Resolution(getattr(self._sensor, "step_us", None))
        valued_s: float | None = None
        while not self._stopping.is_set():
            try:
                samples = self._sensor.read(_POLL_S)
            except SensorDisconnectedError as error:
                if not self._reconnect:
                    raise
                self._tell(Status("disconnected", f"{error}; waiting for it to come back"))
                self._sensor.close()
                if not self._wait_for_return():
                    return
                heard_s, told = time.monotonic(), False
                continue
            at_s, arrival_s = time.monotonic(), now_s()
            self._tell_sleep(self._sleep.take())
            if len(samples):
                heard_s, told = at_s, False
                self._tell(Chunk(samples, arrival_s))
                if (coarse := resolution.push(samples)) is not None:
                    self._tell(coarse)
                if valued_s is None or not np.isnan(samples.eda_us).all():
                    valued_s = at_s
                elif at_s - valued_s > _OPEN_S:
                    valued_s = math.inf  # said once
                    text = f"no value for {_OPEN_S:.0f} s: electrodes off the skin, or saturated"
                    self._tell(Status("electrodes", text))
            elif at_s - heard_s > _SILENCE_S and not told:
                told = True
                port = self._sensor.describe().port
                text = f"{port} is open, but has sent nothing usable for {_SILENCE_S:.0f} s"
                self._tell(Status("silent", text))

    def _tell_sleep(self, slept_s: float) -> None:
        if slept_s and not self._lossless:
            text = f"the computer slept for {slept_s:.0f} s: nothing is known of that time"
            self._tell(Status("suspended", text))

    def _wait_for_return(self) -> bool:
        while not self._stopping.wait(_RETRY_S):
            try:
                self._sensor.open()
            except DeviceError as error:
                _LOG.debug("not back yet: %s", error)
                continue
            port = self._sensor.describe().port
            self._tell(Status("reconnected", f"{port} is back"))
            return True
        return False

    def _tell(self, event: Event) -> None:
        while True:
            try:
                self.events.put(event, block=self._lossless, timeout=_POLL_S)
                return
            except queue.Full:
                if self._lossless and not self._stopping.is_set():
                    continue
                if isinstance(event, Chunk):
                    self.overrun += len(event.samples)
                else:
                    self.events.put(event)
                return
