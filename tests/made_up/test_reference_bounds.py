"""The reference bounds hold as often as they say: exactly over all counts, and by simulation where blocks differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta as beta_of
from scipy.stats import binom, norm

from tests.made_up.reference_bounds import Bounds, clopper_pearson, wilson, wilson_by_blocks

RISK = 0.1


def wrong(bounds: list[Bounds], items: int, share: float) -> tuple[float, float]:
    """How often the lower bound is above the truth, and the upper one below it: summed over all counts."""
    chances = binom.pmf(np.arange(items + 1), items, share)
    return (
        float(chances @ [each.low > share for each in bounds]),
        float(chances @ [each.high < share for each in bounds]),
    )


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
def test_exact_bounds_are_never_wrong_more_often_than_the_risk(items: int, share: float, risk: float) -> None:
    bounds = [clopper_pearson(right, items, risk) for right in range(items + 1)]
    assert max(wrong(bounds, items, share)) <= risk + 1e-9


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.05, 0.1]))
def test_exact_bounds_are_where_the_counts_become_too_rare(right: int, more: int, risk: float) -> None:
    items = right + more
    bounds = clopper_pearson(right, items, risk)
    assert right == 0 or binom.sf(right - 1, items, bounds.low) == pytest.approx(risk)
    assert binom.cdf(right, items, bounds.high) == pytest.approx(risk)


@pytest.mark.parametrize("items", [16, 64, 256])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.75, 0.9])
def test_score_bounds_are_nearly_right(items: int, share: float) -> None:
    """Some counts too often, on average over shares as often as they say."""
    quantile = float(norm.ppf(1 - RISK))
    bounds = [wilson(right / items, items, quantile) for right in range(items + 1)]
    assert max(wrong(bounds, items, share)) <= RISK + (0.05 if items > 16 else 0.1)
    near = [wrong(bounds, items, each) for each in np.linspace(share - 0.05, share + 0.05, 41)]
    assert np.mean(near, axis=0) == pytest.approx([RISK, RISK], abs=0.02 if items > 16 else 0.05)


@pytest.mark.parametrize("alike", [0.0, 0.07, 0.2])
def test_bounds_by_blocks_hold_where_answers_of_a_block_are_alike(alike: float) -> None:
    """Beta-binomial blocks; bounds that ignore them are wrong more often."""
    rng, share, blocks, size, runs = np.random.default_rng(1), 0.7, 8, 16, 1500
    weight = 1 / alike - 1 if alike else np.inf
    chances = (
        beta_of.rvs(share * weight, (1 - share) * weight, size=(runs, blocks), random_state=rng) if alike else share
    )
    right = rng.binomial(size, chances, (runs, blocks)).astype(float)
    items = np.full(blocks, float(size))
    bounds = [wilson_by_blocks(each, items, RISK) for each in right]
    above, below = (
        float(np.mean(each)) for each in ([b.low > share for b in bounds], [b.high < share for b in bounds])
    )
    assert max(above, below) <= RISK + 0.03
    ignoring = [wilson(float(each.sum()) / (blocks * size), blocks * size, float(norm.ppf(1 - RISK))) for each in right]
    if alike == 0.2:
        assert np.mean([each.low > share for each in ignoring]) > RISK + 0.1
