"""Grids as the record has them, and the main effects of their settings."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.standard_runs import grid_run
from wattbench_reports.analyses.grid import Axis, Grid, GridEffects, grid_effects, grids_of
from wattbench_reports.metrics.costs import joule_costs
from wattbench_reports.metrics.domain_sums import BlockSums
from wattbench_reports.tables.suite_record import SuiteRecord


def suite(*arms: tuple[str, dict[str, str]], grid: str = "llama") -> SuiteRecord:
    systems = {name: {"arm": {"grid": grid, "labels": labels}} for name, labels in arms}
    return SuiteRecord.of({"systems": systems | {"other": {"kind": "generalist"}}}, "run", "run.json")


def test_a_grid_has_the_axes_and_settings_of_its_suite_in_order() -> None:
    recorded = suite(*((f"{one}{two}", {"effort": one, "n_ctx": two}) for one in ("low", "high") for two in "84"))
    (grid,) = grids_of(recorded, {"low8", "low4", "high8", "high4", "other"})
    assert grid.axes == (Axis("effort", ("low", "high")), Axis("n_ctx", ("8", "4")))
    assert grid.arms["high", "4"] == "high4"
    assert grids_of(recorded, {"low8"}) == grids_of(recorded, set()) == ()


def test_labels_that_are_missing_or_twice_are_no_error() -> None:
    recorded = suite(("a", {"x": "1", "y": "1"}), ("b", {"x": "2"}), ("c", {"x": "2", "y": ""}), ("d", {}))
    (grid,) = grids_of(recorded, {"a", "b", "c", "d"})
    assert grid.arms == {("1", "1"): "a", ("2", ""): "b"}


def effects(
    grid: Grid, accuracy: np.ndarray, joules: np.ndarray, *, costed: bool = True, looks: int = 1
) -> GridEffects | None:
    """Estimate effects from figures of shape (blocks, arms), with ten answers of each arm in each block."""
    blocks, arms = accuracy.shape
    counts = np.full((blocks, 1, arms), 10.0)
    kinds = {
        "scores": 10 * accuracy[:, None], "trials": counts, "energy_j": 10 * joules[:, None], "metered": counts,
        "correct": 10 * accuracy[:, None],
    }  # fmt: skip
    totals = {name: values.sum(axis=0) for name, values in kinds.items()}
    basis: Any = SimpleNamespace(
        systems=grid.systems,
        blocks=BlockSums(kinds) if blocks > 1 else None,
        totals=totals,
        metered=totals["metered"],
        correct=totals["scores"],
        trials=totals["trials"],
    )
    measured: Any = SimpleNamespace(basis=basis, shares=None)
    costs = joule_costs(grid.systems, totals["metered"]) if costed else None
    return grid_effects(grid, measured, costs, "" if costed else "they differ", of=blocks + 3, looks=looks)


def grid_of(*sizes: int) -> Grid:
    axes = tuple(Axis(f"axis{number}", tuple(map(str, range(size)))) for number, size in enumerate(sizes))
    return Grid("g", axes, {labels: "-".join(labels) for labels in product(*(axis.labels for axis in axes))})


SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=3).filter(lambda sizes: 1 < np.prod(sizes) <= 24)


@given(SIZES, st.integers(2, 6), st.integers(0, 2**32))
def test_effects_that_add_up_are_estimated_exactly_and_without_interactions(
    sizes: list[int], blocks: int, seed: int
) -> None:
    rng, grid = np.random.default_rng(seed), grid_of(*sizes)
    of_label = [rng.uniform(0, 0.2, size) for size in sizes]
    of_log = [rng.uniform(-1, 1, size) for size in sizes]
    position = np.array(list(product(*map(range, sizes))))
    accuracy, log = (sum(each[position[:, axis]] for axis, each in enumerate(of)) for of in (of_label, of_log))
    of_block = rng.uniform(0, 0.2, (blocks, 1))
    found = effects(grid, accuracy + of_block, np.exp(log + of_block))
    assert found is not None and found.interactions == ()
    assert (found.blocks, found.of) == (blocks, blocks + 3)
    for each in found.settings:
        axis, label = int(each.axis.removeprefix("axis")), int(each.label)
        if label == 0:
            assert each.accuracy_difference is each.cost_ratio is None
            continue
        assert each.accuracy_difference is not None and each.cost_ratio is not None
        expected = of_label[axis][label] - of_label[axis][0]
        assert each.accuracy_difference.estimate == pytest.approx(expected, abs=1e-9)
        assert each.accuracy_difference.low == pytest.approx(expected, abs=1e-9)
        assert each.cost_ratio.estimate == pytest.approx(np.exp(of_log[axis][label] - of_log[axis][0]))
    assert {each.axis for each in found.settings} == {f"axis{number}" for number, size in enumerate(sizes) if size > 1}


def test_an_effect_is_the_mean_of_the_differences_within_blocks() -> None:
    """A 2 x 2 factorial by hand: Box, Hunter and Hunter, chapter 5."""
    accuracy = np.array([[0.1, 0.2, 0.5, 0.8], [0.2, 0.2, 0.6, 1.0], [0.0, 0.3, 0.4, 0.9]])
    found = effects(grid_of(2, 2), accuracy, np.ones((3, 4)))
    assert found is not None
    first, second = (each.accuracy_difference for each in found.settings if each.accuracy_difference is not None)
    of_block = (accuracy[:, 2] + accuracy[:, 3] - accuracy[:, 0] - accuracy[:, 1]) / 2
    half = 4.302652729911275 * of_block.std(ddof=1) / 3**0.5  # t of two degrees of freedom
    assert (first.estimate, first.low, first.high) == pytest.approx(
        (of_block.mean(), of_block.mean() - half, of_block.mean() + half)
    )
    assert second.estimate == pytest.approx((0.4 + 0.4 + 0.8) / 6)


def test_an_effect_that_depends_on_another_axis_is_said_with_both_values() -> None:
    rng = np.random.default_rng(2)
    accuracy = np.array([0.3, 0.3, 0.3, 0.8]) + rng.normal(0, 0.01, (6, 4))
    found = effects(grid_of(2, 2), accuracy, np.ones((6, 4)))
    assert found is not None
    (shown,) = found.interactions
    assert (shown.figure, shown.axis, shown.other, shown.at) == ("accuracy", "axis0", "axis1", ("0", "1"))
    assert shown.effects == pytest.approx((0.0, 0.5), abs=0.03)
    assert shown.p_value < 0.001


def test_no_interaction_is_said_of_noise() -> None:
    """Of 200 grids of alike arms, about one in twenty shows any, whatever the number of contrasts."""
    rng, grid = np.random.default_rng(3), grid_of(3, 2, 2)
    shown = sum(
        bool(found.interactions)
        for _ in range(200)
        if (found := effects(grid, 0.5 + rng.normal(0, 0.05, (8, 12)), np.ones((8, 12)))) is not None
    )
    assert shown <= 20


def test_more_looks_widen_intervals_and_move_no_estimate() -> None:
    accuracy = np.random.default_rng(1).uniform(0, 1, (6, 4))
    one, many = (effects(grid_of(2, 2), accuracy, np.ones((6, 4)), looks=looks) for looks in (1, 5))
    assert one is not None and many is not None
    for narrow, wide in zip(one.settings, many.settings, strict=True):
        if narrow.accuracy_difference is not None and wide.accuracy_difference is not None:
            assert narrow.accuracy_difference.estimate == wide.accuracy_difference.estimate
            assert wide.accuracy_difference.low < narrow.accuracy_difference.low


def test_blocks_that_some_arm_was_not_asked_are_left_out() -> None:
    accuracy = np.random.default_rng(1).uniform(0.2, 0.8, (6, 4))
    lacking = accuracy.copy()
    lacking[4:, 1] = np.nan
    found, whole = (
        effects(grid_of(2, 2), lacking, np.ones((6, 4))),
        effects(grid_of(2, 2), accuracy[:4], np.ones((4, 4))),
    )
    assert found is not None and whole is not None
    assert (found.blocks, found.settings) == (4, whole.settings)
    assert effects(grid_of(2, 2), accuracy * np.nan, np.ones((6, 4))) is None


def test_a_run_without_blocks_has_estimates_alone() -> None:
    found = effects(grid_of(2), np.array([[0.2, 0.6]]), np.array([[1.0, 3.0]]))
    assert found is not None and found.blocks == 1
    effect = found.settings[1]
    assert effect.accuracy_difference is not None and effect.cost_ratio is not None
    assert (effect.accuracy_difference.estimate, effect.accuracy_difference.low) == (pytest.approx(0.4), None)
    assert effect.cost_ratio.estimate == pytest.approx(3.0)


def test_costs_that_are_not_compared_or_are_nothing_have_no_effect() -> None:
    accuracy = np.full((3, 2), 0.5)
    for found, why in (
        (effects(grid_of(2), accuracy, np.ones((3, 2)), costed=False), "they differ"),
        (effects(grid_of(2), accuracy, np.zeros((3, 2))), "no block has a cost above 0 of each"),
    ):
        assert found is not None and found.why_no_cost == why
        assert [each.cost for each in found.settings] == [None, None]


def test_combinations_that_lack_an_arm_are_left_out_of_a_mean() -> None:
    grid = grid_of(2, 2)
    arms = {labels: name for labels, name in grid.arms.items() if labels != ("1", "1")}
    found = effects(replace(grid, arms=arms), np.array([[0.1, 0.3, 0.6]] * 2), np.ones((2, 3)))
    assert found is not None
    by_axis = {(each.axis, each.label): each.accuracy for each in found.settings}
    assert by_axis == pytest.approx(
        {("axis0", "0"): 0.1, ("axis0", "1"): 0.6, ("axis1", "0"): 0.1, ("axis1", "1"): 0.3}
    )
    diagonal = replace(grid, arms={labels: name for labels, name in grid.arms.items() if labels[0] == labels[1]})
    found = effects(diagonal, np.array([[0.1, 0.6]] * 2), np.ones((2, 2)))
    assert found is not None and found.settings == ()


def test_a_made_up_run_has_its_grid(analysed) -> None:
    analysis = analysed(grid_run())
    dropped = {each.system for each in analysis.comparison.dropped.systems}
    (grid,) = grids_of(analysis.measured.frames.record.suite, {*analysis.measured.frames.systems, *dropped})
    assert len(grid.arms) == 6
    assert "rule" not in grid.systems
