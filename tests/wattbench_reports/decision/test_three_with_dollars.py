"""A table of three systems with dollars, of which every figure of a decision is computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

from wattbench.importers import read_sources, write_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.decision import Decision, Qualifies, decide
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionChoice

ITEMS = 200
SYSTEMS = {"small": (120, 0.001), "medium": (160, 0.004), "large": (180, 0.02)}
"""Right answers of 200, and dollars per request: .60, .80 and .90 correct."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dollars")
    rows = [
        f"{name},{item},{int(item < right)},{cost},USD"
        for name, (right, cost) in SYSTEMS.items()
        for item in range(ITEMS)
    ]
    (folder / "table.csv").write_text("system,item,score,cost,currency\n" + "\n".join(rows))
    return write_run(read_sources([folder / "table.csv"]), folder / "runs", "table", ["wattbench", "import"])


def decided(run: Path, **choice) -> Decision:
    from wattbench.records import read_run

    return decide(analyse(read_run(run), Assumptions(decision=DecisionChoice(**choice))))


def test_the_cost_of_a_right_answer_is_exact(run: Path) -> None:
    decision = decided(run)
    assert (decision.unit, decision.label) == (CostUnit.MONEY, "USD")
    # .001 / .6, .004 / .8 and .02 / .9 dollars
    exact = {"small": 1 / 600, "medium": 0.005, "large": 2 / 90}
    for name, cost in exact.items():
        figure = decision.of(name).cost_per_correct
        assert figure.estimate == pytest.approx(cost, rel=1e-12)
        assert figure.low < cost < figure.high
        assert decision.of(name).cost_per_request.estimate == pytest.approx(SYSTEMS[name][1], rel=1e-12)


def test_each_further_right_answer_has_its_price(run: Path) -> None:
    decision = decided(run)
    # .003 / .2 and .016 / .1 dollars
    assert [(step.cheaper, step.dearer, step.price.estimate) for step in decision.hull] == [
        ("small", "medium", pytest.approx(0.015)),
        ("medium", "large", pytest.approx(0.16)),
    ]
    # .2 +- 1.972 sqrt(.2 x .8 / 199 + what the added answers add); 1.972 = t(199)
    low, high = (0.003 / (0.2 + side * 1.972 * 0.0286) for side in (1, -1))
    assert decision.hull[0].price.low == pytest.approx(low, rel=0.05)
    assert decision.hull[0].price.high == pytest.approx(high, rel=0.05)
    assert [(leader.system, leader.from_worth) for leader in decision.leaders] == [
        ("small", 0.0), ("medium", pytest.approx(0.015)), ("large", pytest.approx(0.16)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("required", "chosen", "qualify"),
    [("0.5", "small", "yyy"), ("0.7", "medium", "nyy"), ("0.82", "large", "nmy"), ("0.97", None, "nnn")],
)
def test_the_cheapest_that_meets_the_accuracy_is_advised(run: Path, required: str, chosen: str, qualify: str) -> None:
    decision, bound = decided(run, min_accuracy=required), float(required)
    assert decision.chosen == chosen
    outcomes = {"y": Qualifies.YES, "m": Qualifies.MAY, "n": Qualifies.NO}
    for (name, (right, _)), outcome in zip(SYSTEMS.items(), qualify, strict=True):
        check = decision.of(name).checks[0]
        p_value = binomtest(right, ITEMS, bound, "greater").pvalue
        assert check.least_risk == (pytest.approx(p_value, rel=1e-6, abs=1e-12) if p_value < 0.499 else 1.0)
        assert decision.of(name).qualifies is outcomes[outcome]


def test_a_price_is_kept_or_not_for_certain(run: Path) -> None:
    """Prices are exact, so that they are met or not, at the very bound too."""
    decision = decided(run, max_cost_per_request=0.004)
    assert [decision.of(name).qualifies for name in SYSTEMS] == [Qualifies.YES, Qualifies.YES, Qualifies.NO]


def test_the_most_net_benefit_is_advised(run: Path) -> None:
    """.05 x accuracy - .01 x (1 - accuracy) - cost: .025, .034 and .024 dollars per request."""
    decision = decided(run, worth_right=0.05, cost_wrong=0.01)
    benefits = [decision.of(name).benefit.estimate for name in SYSTEMS]
    assert (decision.chosen, benefits) == ("medium", pytest.approx([0.025, 0.034, 0.024]))
