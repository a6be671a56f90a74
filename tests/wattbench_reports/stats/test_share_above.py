"""The probability of a share above a bound, against the beta distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc

from wattbench_reports.stats.share_above import probability_above


@pytest.mark.parametrize(("bound", "off"), [(0.9, 0.004), (0.95, 0.004), (0.99, 0.004)])
@pytest.mark.parametrize("trials", [1, 3, 20, 59.5, 150, 4e3, 1e6])
def test_it_is_that_of_the_beta_distribution(trials: float, bound: float, off: float) -> None:
    for share in np.linspace(0, 1, 301):
        exact = 1 - betainc(share * trials + 1, (1 - share) * trials + 1, bound)
        found = probability_above(share * trials, trials, bound)
        assert found == pytest.approx(exact, abs=0.001 if trials > 1000 else off)


@given(st.floats(0.5, 1e6), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99))
def test_more_successes_are_more_probable(trials: float, share: float, more: float, bound: float) -> None:
    low, high = sorted((share, more))
    one, other = (probability_above(each * trials, trials, bound) for each in (low, high))
    assert 0 <= one <= 1
    assert one <= other + 2e-3
