"""What nights did to all systems is taken off, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.history.night_effects import WEEKDAYS_FROM, night_effects

SD = 0.01


def adjusted(values: np.ndarray, systems: list[int], first_weekday: int = 0) -> np.ndarray:
    weekdays = (np.arange(values.shape[1]) + first_weekday) % 7
    effects, effect, _ = night_effects(values, [()] * len(values), np.array(systems), weekdays, 0.0)
    return effects.adjusted(values, effect, weekdays)


def noise(seed: int, systems: int, nights: int = 120) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, SD, (systems, nights))


@pytest.mark.parametrize("systems", [2, 3, 4, 6])
def test_a_shared_effect_is_taken_off_and_a_change_of_one_system_stays(systems: int) -> None:
    shared = np.random.default_rng(1).normal(0.0, 0.08, 120)
    values = noise(2, systems) + shared
    values[0, 100:] += 0.05
    left = adjusted(values, list(range(systems)))
    assert left.std(axis=1).max() < 3.5 * SD
    assert left[0, 100:].mean() - left[0, :100].mean() == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("systems", "most"), [(3, 2.5), (4, 1.2), (5, 1.2), (6, 1.2)])
def test_a_change_of_one_system_is_not_charged_to_another(systems: int, most: float) -> None:
    """A tenth, and not known yet; with three systems a fifth of it may be for some nights."""
    shared = np.random.default_rng(1).normal(0.0, 0.08, 240)
    values = noise(3, systems, 240) + shared
    values[0, 200:] -= 0.1
    left = adjusted(values, list(range(systems)))[1:]
    assert np.abs(left[:, 200:].mean(axis=1) - left[:, :200].mean(axis=1)).max() < most * SD


def test_systems_load_unlike() -> None:
    """A busy machine slows one system by half as much as the others."""
    shared = np.where(np.random.default_rng(5).random(200) < 0.2, 0.2, 0.0)
    loads = np.array([0.5, 1.0, 1.0, 1.1, 0.9, 1.0])
    left = adjusted(noise(6, 6, 200) + loads[:, None] * shared, list(range(6)))
    busy = shared > 0
    assert np.abs(left[:, busy].mean(axis=1) - left[:, ~busy].mean(axis=1)).max() < 0.6 * SD


def test_where_nights_share_nothing_hardly_anything_is_taken_off() -> None:
    values = noise(7, 6, 300)
    assert np.abs(adjusted(values, list(range(6))) - values).max() < 0.4 * SD


def test_one_system_keeps_its_figures() -> None:
    values = noise(8, 3, 40)
    assert adjusted(values, [0, 0, 0]) == pytest.approx(values)


def test_weekdays_are_taken_off_from_eight_weeks_on() -> None:
    weekend = np.where((np.arange(WEEKDAYS_FROM + 28) + 3) % 7 >= 5, 0.06, 0.0)
    values = noise(9, 4, len(weekend))
    values[0] += weekend
    after = adjusted(values, [0, 1, 2, 3], first_weekday=3)[0]
    before = adjusted(values[:, : WEEKDAYS_FROM - 1], [0, 1, 2, 3], first_weekday=3)[0]
    for left, expected in ((after, 0.0), (before, 0.06)):
        busy = weekend[: len(left)] > 0
        assert left[busy].mean() - left[~busy].mean() == pytest.approx(expected, abs=1.2 * SD)


@given(seed=st.integers(0, 1000), systems=st.integers(1, 5), missing=st.floats(0.0, 0.4))
@settings(max_examples=30)
def test_missing_figures_stay_missing_and_others_stay_finite(seed: int, systems: int, missing: float) -> None:
    values = noise(seed, systems, 70)
    values[np.random.default_rng(seed).random(values.shape) < missing] = np.nan
    left = adjusted(values, list(range(systems)))
    assert (np.isfinite(left) == np.isfinite(values)).all()
