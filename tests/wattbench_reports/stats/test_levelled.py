"""What strata differ by is taken off, and what is claimed of the mean over all stays as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wattbench_reports.stats import Strata, levelled, mean_evidence

Values = NDArray[np.float64]

SHARES = np.array([0.3, 0.3, 0.2, 0.2])


def traded(rng: np.random.Generator, moved: tuple[float, ...], count: int = 400) -> tuple[Values, Strata]:
    """Differences of two systems over four tasks in a random order, of which each moved by so much."""
    tasks = rng.permutation(np.repeat(np.arange(4), (count * SHARES).astype(int)))
    shift = np.array(moved)[tasks]
    x = np.sign(shift) * (rng.random(count) < np.abs(shift))
    return x, Strata(tasks, SHARES)


def test_a_trade_scatters_less_and_its_mean_stays() -> None:
    rng = np.random.default_rng(1)
    plain, level = [], []
    for _ in range(200):
        x, tasks = traded(rng, (0.5, 0.5, -0.7, -0.7))
        plain.append(x[:200])
        level.append(levelled(x, tasks).x[:200])
    true = float(SHARES @ [0.5, 0.5, -0.7, -0.7])
    means = np.mean(level, axis=1)
    assert means.mean() == pytest.approx(true, abs=3 * means.std() / math.sqrt(len(means)))
    assert np.var(level) < 0.6 * np.var(plain)
    assert means.std() < 0.9 * np.mean(plain, axis=1).std()


def test_a_trade_without_a_net_change_is_seldom_called_a_change() -> None:
    rng = np.random.default_rng(2)
    paths = [
        mean_evidence(levelled(*traded(rng, (0.4, -0.4, 0.6, -0.6))), 0.0, 0.05, above=bool(number % 2)).max()
        for number in range(600)
    ]
    assert np.mean(np.array(paths) >= math.log(10)) <= 0.1


@given(st.integers(0, 10_000), st.integers(0, 60), st.floats(-0.9, 0.9), st.booleans())
def test_figures_look_only_back_and_stay_within_their_bounds(seed: int, cut: int, null: float, above: bool) -> None:
    rng = np.random.default_rng(seed)
    x, of_figure = rng.uniform(-1, 1, (2, 60)), rng.integers(0, 4, 60)
    whole = levelled(x, Strata(of_figure, SHARES))
    part = levelled(x[:, :cut], Strata(of_figure[:cut], SHARES))
    assert np.allclose(whole.x[:, :cut], part.x)
    assert np.allclose(whole.low[:, : cut + 1], part.low)
    assert ((whole.low[:, :-1] <= whole.x) & (whole.x <= whole.high[:, :-1])).all()
    assert np.isfinite(mean_evidence(whole, null, 0.05, above=above)).all()


def test_the_next_figure_is_bounded_whatever_it_is() -> None:
    of_figure = np.arange(40) % 4
    x = np.where(of_figure < 2, 1.0, -1.0)
    found = levelled(x, Strata(of_figure, SHARES))
    for number, worst in ((0, -1.0), (3, 1.0)):
        one_more = levelled(np.append(x, worst), Strata(np.append(of_figure, number), SHARES)).x[-1]
        assert found.low[-1] <= one_more <= found.high[-1]
    assert found.low[-1] == pytest.approx(levelled(np.append(x, -1.0), Strata(np.append(of_figure, 0), SHARES)).x[-1])


def test_one_stratum_changes_nothing() -> None:
    x = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], 50)
    found = levelled(x, Strata(np.zeros(50, dtype=np.int64), np.ones(1)))
    assert np.allclose(found.x, x)
    assert np.allclose((found.low, found.high), [[-1.0], [1.0]])


def test_wrong_strata_are_refused() -> None:
    with pytest.raises(ValueError, match="stratum"):
        levelled(np.zeros(3), Strata(np.zeros(2, dtype=np.int64), np.ones(1)))
    with pytest.raises(ValueError, match="add up"):
        levelled(np.zeros(3), Strata(np.zeros(3, dtype=np.int64), np.array([0.5, 0.4])))
    with pytest.raises(ValueError, match="between"):
        levelled(np.array([2.0]), Strata(np.zeros(1, dtype=np.int64), np.ones(1)))
