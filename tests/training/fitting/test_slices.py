from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.fitting.test_fit import CONFIG, CPU, SETTINGS, sides, waves
from training.fitting.fit import fit
from training.fitting.slices import draw, stretched


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0), st.integers(2, 200))
def test_a_slice_is_the_signal_between_its_ends(seed: int, least: float, length: int) -> None:
    rng = np.random.default_rng(seed)
    windows = rng.normal(size=(2, 5, 3, length))
    slices = draw(rng, 10, least).reshape(2, 5, 2)
    out = stretched(torch.from_numpy(windows), torch.from_numpy(slices)).numpy()
    assert out.shape == windows.shape
    time = np.linspace(0.0, 1.0, length)
    for k in range(2):
        for n in range(5):
            start, share = slices[k, n].astype(float)
            assert start >= 0
            assert least - 1e-6 <= share <= 1
            assert start + share <= 1 + 1e-6
            place = np.clip(start + share * time, 0, 1)
            for c in range(3):
                wanted = np.interp(place, time, windows[k, n, c])
                np.testing.assert_allclose(out[k, n, c], wanted, atol=1e-4 * length)


def test_the_whole_is_the_window_itself() -> None:
    windows = torch.randn(1, 4, 3, 500)
    whole = torch.tensor([0.0, 1.0]).expand(1, 4, 2)
    torch.testing.assert_close(stretched(windows, whole), windows, atol=1e-3, rtol=0)


def test_fits_learn_from_slices_and_are_evaluated_on_windows() -> None:
    data = waves(60)
    task = sides(data, 0, 40, 20)
    whole, sliced, again = (
        fit(CONFIG, [task], replace(SETTINGS, epochs=1, least_slice=least), CPU)[0][1][0]
        for least in (1.0, 0.5, 0.5)
    )
    assert sliced.train_loss != whole.train_loss
    assert sliced == again
