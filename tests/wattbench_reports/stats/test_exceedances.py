"""The e-detector of nights beyond a limit: its bets are fair, and no change is shown more often than it says."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from wattbench_reports.stats import ExceedanceDetector, nights_to

LIMITS = (1, 2, 3, 4, 6)
RATES = tuple(Fraction(1 / 20 / limit ** math.log2(10)) for limit in LIMITS)
SHARE = Fraction(9, 10)


def evidence(distances: list[float], counts: bool = True) -> list[float]:
    detector = ExceedanceDetector(1)
    return [float(detector.update(np.array([each]), np.array([counts]))[0]) for each in distances]


def test_the_expected_bet_is_at_most_1_at_its_rates_and_below() -> None:
    for rate in RATES:
        for usual in (rate, rate / 2, Fraction(0)):
            expected = usual * SHARE / rate + (1 - usual) * (1 - SHARE) / (1 - rate)
            assert expected <= 1
            assert (expected == 1) is (usual == rate)


def test_the_first_nights_are_those_of_exact_arithmetic() -> None:
    """Sums of products of bets: Shiryaev-Roberts."""
    beyond = [float(SHARE / rate) for rate in RATES]
    within = [float((1 - SHARE) / (1 - rate)) for rate in RATES]
    far, near = evidence([7.0, 0.5])
    assert far == pytest.approx(np.mean(beyond))
    assert near == pytest.approx(np.mean([(bet + 1) * none for bet, none in zip(beyond, within, strict=True)]))


@pytest.mark.parametrize(("threshold", "nights"), [(300.0, 60), (1000.0, 200), (7300.0, 365)])
def test_without_a_change_it_reaches_a_threshold_no_more_often_than_it_says(threshold: float, nights: int) -> None:
    """Nights beyond as often as is assumed, each limit's among the smaller one's."""
    runs = 2000
    rng = np.random.default_rng(nights)
    detector, reached = ExceedanceDetector(runs), np.zeros(runs, dtype=bool)
    for _ in range(nights):
        chance = rng.random(runs)
        distance = np.select([chance < float(rate) for rate in reversed(RATES)], [7.0, 5.0, 3.5, 2.5, 1.5], 0.5)
        reached |= detector.update(distance, np.ones(runs, dtype=bool)) >= threshold
    most = nights / threshold
    assert reached.mean() <= most + 3 * np.sqrt(most * (1 - most) / runs)


def test_what_is_usual_is_less_evidence() -> None:
    """Every third night is beyond: three more of these say less than after quiet nights."""
    restless, quiet = [1.5, 0.5, 0.5] * 20, [0.5] * 60
    assert evidence([*restless, 1.5, 1.5])[-1] < evidence([*quiet, 1.5, 1.5])[-1] / 10


def test_a_night_that_does_not_count_is_one_within() -> None:
    assert evidence([9.0, 9.0], counts=False) == evidence([0.5, 0.5])


def test_a_night_without_a_figure_changes_nothing() -> None:
    assert evidence([5.0, float("nan"), 5.0])[-1] == pytest.approx(evidence([5.0, 5.0])[-1])


def test_it_begins_anew() -> None:
    detector = ExceedanceDetector(2)
    both = np.array([True, True])
    detector.update(np.array([5.0, 5.0]), both)
    detector.restart(0)
    first, second = detector.update(np.array([5.0, 5.0]), both)
    assert first == pytest.approx(evidence([5.0])[0])
    assert second == pytest.approx(evidence([5.0, 5.0])[-1])


@pytest.mark.parametrize(("distance", "nights"), [(0.9, 0), (1.5, 5), (3.0, 3), (5.0, 2)])
def test_how_many_nights_at_one_distance_it_takes(distance: float, nights: int) -> None:
    assert nights_to(50_000.0, distance) == nights
    if nights:
        assert evidence([distance] * nights)[-1] >= 50_000.0 > evidence([distance] * (nights - 1))[-1]
