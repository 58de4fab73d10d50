"""Responses come out of a driver as they were put in."""

from __future__ import annotations

import numpy as np
import pytest

from runtime.preprocessing.events.responses import Responses, find, noise_us

PEAK_S = np.log(2.0 / 0.7) * 2.0 * 0.7 / (2.0 - 0.7)  # of the Bateman response after its impulse
HEIGHT = float(np.exp(-PEAK_S / 2.0) - np.exp(-PEAK_S / 0.7))


def driver(rate_hz: float, bursts: list[tuple[float, float]], seconds: float = 60.0) -> np.ndarray:
    """Return a driver of impulses, each (time, amplitude of its response)."""
    values = np.zeros(round(seconds * rate_hz))
    for time_s, amplitude_us in bursts:
        values[round(time_s * rate_hz)] += amplitude_us / HEIGHT * rate_hz
    return values


@pytest.mark.parametrize("rate_hz", [4.0, 8.0, 32.0])
def test_an_impulse_is_one_response_of_known_shape(rate_hz: float) -> None:
    found = find(driver(rate_hz, [(10.0, 0.5)]), rate_hz)
    assert len(found) == 1
    assert found.onset_s[0] == pytest.approx(10.0, abs=1 / rate_hz)
    assert found.peak_s[0] == pytest.approx(10.0 + PEAK_S, abs=0.05)
    assert found.amplitude_us[0] == pytest.approx(0.5, rel=0.02)
    assert found.rise_s[0] == pytest.approx(PEAK_S, abs=0.05)
    assert found.area_us_s[0] == pytest.approx(0.5 / HEIGHT, rel=1e-9)
    # Half of the peak is left when exp(-t/2) - exp(-t/0.7) has come down to half of its top.
    time_s = np.arange(0, 20, 1e-3)
    curve = np.exp(-time_s / 2.0) - np.exp(-time_s / 0.7)
    half_s = time_s[(time_s > PEAK_S) & (curve <= HEIGHT / 2)][0] - PEAK_S
    assert found.half_recovery_s[0] == pytest.approx(half_s, abs=0.06)


def test_overlapping_responses_keep_their_own_amplitudes() -> None:
    """The second stands on the shoulder of the first; trough to peak it would be far smaller."""
    found = find(driver(8.0, [(10.0, 0.8), (12.0, 0.4), (13.5, 0.3)]), 8.0)
    assert found.amplitude_us == pytest.approx([0.8, 0.4, 0.3], rel=0.02)
    assert found.onset_s == pytest.approx([10.0, 12.0, 13.5], abs=0.13)


def test_a_burst_that_lasts_is_one_response() -> None:
    values = np.zeros(480)
    values[80:88] = 0.5
    found = find(values, 8.0)
    assert len(found) == 1 and found.onset_s[0] == pytest.approx(10.0, abs=0.15)
    assert found.rise_s[0] > PEAK_S


def test_small_ones_are_left_out_by_amplitude_and_beside_large_ones() -> None:
    values = driver(8.0, [(10.0, 1.0), (13.0, 0.06), (30.0, 0.06), (45.0, 0.04)])
    assert find(values, 8.0).amplitude_us == pytest.approx([1.0, 0.06], rel=0.02)
    assert len(find(values, 8.0, min_amplitude_us=0.01)) == 3
    assert len(find(values, 8.0, min_amplitude_us=0.5)) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 10])
def test_nothing_comes_of_nothing(n: int) -> None:
    assert len(find(np.zeros(n), 8.0)) == 0


def test_a_response_at_either_end_is_found() -> None:
    found = find(driver(8.0, [(0.0, 0.5), (59.8, 0.5)]), 8.0)
    assert found.onset_s == pytest.approx([0.0, 59.8], abs=0.13)


def test_responses_of_stretches_are_joined_and_moved() -> None:
    one = find(driver(8.0, [(10.0, 0.5)]), 8.0)
    both = Responses.joined([one, one.later(60.0)])
    assert both.onset_s == pytest.approx([10.0, 70.0], abs=0.13)
    np.testing.assert_array_equal(both.rise_s, np.repeat(one.rise_s, 2))
    assert len(both.where(both.onset_s > 50)) == 1


def test_noise_is_measured_beside_a_signal() -> None:
    rng = np.random.default_rng(0)
    slow = 5 + np.sin(np.arange(4000) / 200)
    assert noise_us(slow + rng.normal(0, 0.02, slow.size)) == pytest.approx(0.02, rel=0.1)
    assert noise_us(slow) < 1e-5
    assert noise_us(slow[:5]) == 0.0
