"""Samples: what is refused, and what a lossy sensor may give."""

from __future__ import annotations

import numpy as np
import pytest

from device.drivers.driver import Batch
from device.errors import SignalError
from device.readers.base import in_blocks
from device.samples import Samples
from device.sensor import SensorCounters
from device.sources.delivery import Delivery
from device.timing.clock import CountClock


def test_times_of_another_unit_are_refused_where_the_unit_is_not_known() -> None:
    with pytest.raises(SignalError, match="milliseconds"):
        Samples([0.0, 250.0, 500.0], [1.0, 2.0, 3.0])
    far = Samples([0.0, 250.0, 500.0], [1.0, 2.0, 3.0], known_seconds=True)
    assert far.time_s.tolist() == [0.0, 250.0, 500.0]


def test_a_source_may_deliver_samples_that_lie_far_apart() -> None:
    # Of a stream that sends one now and then, or of which nearly everything is lost.
    delivery = Delivery(SensorCounters(), CountClock())
    for k in range(4):
        batch = Batch(np.array([1.0 + k]), np.array([6.0 * k]), k == 0, np.array([1.0 + k]))
        delivery.take([batch], 100.0)
    assert np.diff(delivery.deliver().time_s).tolist() == [6.0, 6.0, 6.0]


def test_a_recording_with_a_sparse_stretch_is_read_in_blocks() -> None:
    time_s = np.concatenate([np.arange(40.0), 40.0 + 10.0 * np.arange(8)])
    whole = Samples(time_s, np.ones(48), np.arange(48.0))
    blocks = list(in_blocks(whole, 8))
    np.testing.assert_array_equal(np.concatenate([block.time_s for block in blocks]), time_s)
    assert blocks[-1].raw is not None and blocks[-1].raw.tolist() == list(range(40, 48))
