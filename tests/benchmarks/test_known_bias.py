"""The interval of a simulated person's bias: where it holds, and where an assumption is broken."""

from dataclasses import replace

from benchmarks.common.known_bias import SETTINGS, Setting, coverage


def test_the_bias_is_recovered_where_the_assumptions_hold() -> None:
    found = coverage(Setting(labels=10), people=200)
    # 95 % of 200, give or take three standard errors of it.
    assert 0.90 <= found["covered"] <= 0.99
    assert abs(found["error"]) < 3 * found["deviation"] / 200**0.5


def test_a_broken_assumption_shows() -> None:
    sure = replace(SETTINGS["a block stands for four answers"], labels=10)
    far = replace(SETTINGS["everybody's bias is 3"], labels=10)
    for setting in (sure, far):
        assert coverage(setting, people=100)["covered"] < 0.85
    assert coverage(far, people=100)["error"] < -0.5  # drawn towards the stranger's answer
