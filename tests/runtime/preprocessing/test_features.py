import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.preprocessing.features import AMOUNTS, FEATURES, SHAPES, features

RATE_HZ = 8.0
NAMES = list(FEATURES)


def of(eda_us: np.ndarray, phasic_us: np.ndarray | None = None) -> dict[str, float]:
    phasic = np.zeros_like(eda_us) if phasic_us is None else phasic_us
    return dict(zip(NAMES, features(eda_us, eda_us - phasic, phasic, RATE_HZ), strict=True))


def test_levels_are_those_of_the_window() -> None:
    rising = np.linspace(1.0, 2.0, 480)
    found = of(rising)
    assert np.exp(found["level"]) == pytest.approx(1.52)
    assert np.exp(found["lowest level"]) == pytest.approx(1.02)
    assert np.exp(found["highest level"]) == pytest.approx(2.02)
    assert np.exp(found["level at the start"]) < np.exp(found["level at the end"])
    # 1 uS a minute at a level of 1.5 uS and the constant.
    assert found["tonic slope relative to the level"] == pytest.approx(1.002 / 1.52, rel=0.01)
    assert np.exp(found["mean rate of fall"]) == pytest.approx(1e-3)


def test_responses_are_counted_by_their_amplitude() -> None:
    phasic = np.zeros(480)
    for place, amplitude in ((50, 0.3), (150, 0.06), (250, 0.02), (350, 0.004)):
        phasic[place : place + 3] = [amplitude / 2, amplitude, amplitude / 2]
    found = of(1.0 + phasic, phasic)
    assert found["responses per minute"] == pytest.approx(2)
    assert found["small responses per minute"] == pytest.approx(3)
    assert np.exp(found["largest amplitude"]) == pytest.approx(0.301)
    assert np.exp(found["sum of amplitudes"]) == pytest.approx(0.39)


@pytest.mark.parametrize(("hz", "name"), [(0.1, "0.045 to 0.15"), (0.2, "0.15 to 0.25")])
def test_power_stands_in_its_band(hz: float, name: str) -> None:
    wave = 1.0 + 0.1 * np.sin(2 * np.pi * hz * np.arange(480) / RATE_HZ)
    powers = {n: v for n, v in of(wave).items() if n.startswith("power")}
    assert max(powers, key=lambda n: powers[n]) == f"power {name} Hz"


def test_shapes_know_no_gain_and_amounts_do() -> None:
    rng = np.random.default_rng(1)
    eda = 5.0 + np.cumsum(rng.normal(0, 0.05, 480))
    phasic = np.abs(np.cumsum(rng.normal(0, 0.05, 480)))
    once, tenfold = of(eda, phasic), of(10 * eda, 10 * phasic)
    for name in SHAPES:
        # The small constants that keep silence finite are felt a little.
        assert tenfold[name] == pytest.approx(once[name], abs=0.15), name
    for name in ("level", "spread", "phasic mean", "power 0.045 to 0.15 Hz"):
        assert tenfold[name] > once[name] + 2.0
    assert (*AMOUNTS, *SHAPES) == FEATURES


def test_a_rise_and_a_fall_have_a_shape() -> None:
    wave = 5.0 + np.sin(2 * np.pi * 0.1 * np.arange(480) / RATE_HZ)
    assert of(wave)["change relative to the range"] == pytest.approx(0.0, abs=0.01)
    assert of(np.linspace(2.0, 4.0, 480))["change relative to the range"] > 0.8
    assert of(np.linspace(4.0, 2.0, 480))["rise relative to fall"] < -2.0


@given(
    st.integers(3, 2000),
    st.sampled_from([0.5, 4.0, 8.0, 31.25]),
    st.floats(-50, 50),
    st.floats(0, 50),
)
def test_every_window_has_finite_features(
    n: int, rate_hz: float, level: float, size: float
) -> None:
    rng = np.random.default_rng(n)
    eda = level + size * rng.standard_normal(n)
    phasic = np.abs(rng.standard_normal(n)) * size
    found = features(eda, eda - phasic, phasic, rate_hz)
    assert found.shape == (len(FEATURES),)
    assert np.isfinite(found).all()
