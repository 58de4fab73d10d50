import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from device.quantiles import median, quantile

NUMBERS = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))


@given(NUMBERS, st.floats(0, 1))
def test_they_are_numpys_to_the_bit(values: np.ndarray, share: float) -> None:
    assert median(values) == np.median(values)
    assert median(values.tolist()) == np.median(values)
    for wanted in (share, 0.0, 0.5, 0.9, 0.99, 1.0):
        assert quantile(values, wanted) == np.quantile(values, wanted)
