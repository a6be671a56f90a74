"""The figures of a grid are those of the decision and of the looks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made_up.records import call_on
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import grid_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision import decide
from wattbench_reports.decision.grid_figures import ArmFigures, GridFigures, grid_figures
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement

SETTINGS = DecisionSettings((Requirement("accuracy", 0.4),), minimise=CostUnit.JOULES)


def figures_of(analysis: Analysis, settings: DecisionSettings = SETTINGS) -> tuple[GridFigures, ...]:
    decision = decide(analysis.measured, analysis.paid, analysis.weighed, settings)
    return grid_figures(analysis.measured, analysis.weighed, analysis.comparison.dropped, decision)


@pytest.fixture
def arms(analysed) -> dict[str, ArmFigures]:
    (figures,) = figures_of(analysed(grid_run()))
    return {each.system: each for each in figures.arms}


def test_arms_asked_to_the_end_have_the_figures_of_the_decision(analysed, arms) -> None:
    analysis = analysed(grid_run())
    decision = call_on(decide, analysis, settings=SETTINGS)
    for name in ("llama-low-2048", "llama-low-4096", "llama-medium-4096"):
        each = decision.of(name)
        assert (arms[name].accuracy, arms[name].cost) == (each.accuracy, each.cost_per_request)
        assert arms[name].advised == (name == decision.chosen)
        assert arms[name].tied == (name in decision.best)
        assert arms[name].dropped is None


def test_dropped_arms_have_the_figures_of_their_look(analysed, arms) -> None:
    for each in analysed(grid_run()).comparison.dropped.systems:
        arm = arms[each.system]
        assert arm.dropped == each
        assert arm.accuracy.estimate == each.row.accuracy.estimate
        assert (arm.cost.low, arm.cost.high) == (each.row.cost.low, each.row.cost.high)
        assert not arm.advised and not arm.tied and arm.on_front is None


def test_a_cost_in_another_unit_is_left_out(make_run, fake) -> None:
    run = replace(grid_run(), carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.0})
    (figures,) = figures_of(analyse(make_run(run)), DecisionSettings(minimise=CostUnit.GRAMS))
    assert [each.cost is None for each in figures.arms] == [each.dropped is not None for each in figures.arms]


def test_effects_are_of_the_blocks_that_all_arms_answered(analysed) -> None:
    (figures,) = figures_of(analysed(grid_run()))
    assert (figures.effects.blocks, figures.effects.of, figures.why_no_effects) == (5, 8, "")
    assert {each.axis for each in figures.effects.settings} == {"effort", "n_ctx"}
    ratio = next(each.cost_ratio for each in figures.effects.settings if each.label == "high")
    assert ratio.low < ratio.estimate < ratio.high
    assert ratio.estimate == pytest.approx(4.0, rel=0.15)  # 16 and 20 J to 4 and 5 J


def test_arms_of_other_provenance_have_no_cost_effect(analysed) -> None:
    whole = grid_run()
    systems = [replace(each, dropped_after=None) for each in whole.systems]
    systems[3] = replace(systems[3], provenance="modelled")
    (figures,) = figures_of(analysed(replace(whole, systems=tuple(systems))))
    assert figures.effects.why_no_cost
    assert all(each.cost is None for each in figures.effects.settings)
    assert all(each.accuracy > 0 for each in figures.effects.settings)


def test_two_grids_are_two(analysed) -> None:
    whole = grid_run()
    arms = tuple(
        replace(each, dropped_after=None, arm={**each.arm, "grid": "qwen" if "high" in each.name else "llama"})
        for each in whole.systems[:-1]
    )
    figures = figures_of(analysed(FakeRun((*arms, whole.systems[-1]), blocks=4)))
    assert [each.grid.name for each in figures] == ["llama", "qwen"]
    assert [len(each.arms) for each in figures] == [4, 2]


def test_a_run_without_a_grid_has_none(analysed, fake) -> None:
    assert figures_of(analysed(fake.plain())) == ()
