"""From which count on a decision says that a required accuracy is met, or failed, held against exact binomials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from benchmarks.adversaries.requirements import TOLERANCE
from benchmarks.adversaries.whole_runs import analysis_of
from tests.made_up.noisy_runs import NAMES, SYSTEMS
from tests.made_up.records import call_on
from wattbench_reports.decision import Qualifies, decide
from wattbench_reports.metrics.decision_settings import RISK, DecisionSettings, Requirement

pytestmark = pytest.mark.slow

BOUNDS = (0.5, 0.7, 0.75, 0.9)
SIZES = (16, 64, 256)


def said(items: int, bound: float) -> dict[int, Qualifies]:
    """What is said of a system with any number of right answers of so many items, near the bound or beyond it."""
    rng = np.random.default_rng(items)
    reach = int(4 * (items * bound * (1 - bound)) ** 0.5) + 2
    counts = range(max(0, round(items * bound) - reach), min(items, round(items * bound) + reach) + 1)
    settings, ones = DecisionSettings((Requirement("accuracy", bound),)), np.ones((items, SYSTEMS))
    outcomes: dict[int, Qualifies] = {}
    for first in counts[::SYSTEMS]:
        eight = [min(first + each, counts[-1]) for each in range(SYSTEMS)]
        right = np.column_stack([rng.permutation(np.arange(items) < each) for each in eight]).astype(float)
        decision = call_on(decide, analysis_of(1, ones, ones, right, np.zeros(items, dtype=np.int64)), settings)
        outcomes |= {eight[NAMES.index(each.system)]: each.qualifies for each in decision.systems}
    return outcomes


@pytest.mark.parametrize("items", SIZES)
@pytest.mark.parametrize("bound", BOUNDS)
def test_of_independent_items_an_outcome_is_wrong_no_more_often_than_the_risk(items: int, bound: float) -> None:
    outcomes = said(items, bound)
    for right, outcome in outcomes.items():
        exact = binomtest(right, items).proportion_ci(1 - 2 * (RISK + TOLERANCE), method="exact")
        if outcome == Qualifies.YES:
            assert exact.low >= bound, f"{right} of {items} meet {bound}"
        elif outcome == Qualifies.NO:
            assert exact.high <= bound, f"{right} of {items} fail {bound}"
    ranked = [[Qualifies.NO, Qualifies.MAY, Qualifies.YES].index(outcomes[right]) for right in sorted(outcomes)]
    assert ranked == sorted(ranked), "more right answers never count against a system"


@pytest.mark.parametrize("bound", [0.5, 0.7, 0.75, 0.85])
def test_with_256_items_a_system_10_points_above_is_found(bound: float) -> None:
    least = min(right for right, outcome in said(256, bound).items() if outcome == Qualifies.YES)
    assert binom.sf(least - 1, 256, bound + 0.1) >= 0.8
