"""Simulated runs that stop asking arms are as they say, and decide as whole runs of the product do."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.adversaries.figures import rate_of, read, worlds_of
from benchmarks.adversaries.grid_runs import GridRun, Machine, costs_of, grid, grid_run, true_accuracies, true_costs
from benchmarks.adversaries.stopping import (
    APART,
    SETUPS,
    Wanted,
    decided,
    dropped_at,
    figures_of,
    outcomes,
    truth_of,
)
from benchmarks.adversaries.whole_runs import analysis_of
from tests.made_up.noisy_runs import NAMES
from tests.made_up.records import call_on
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision import Objective, decide
from wattbench_reports.decision.dropping import levels_of, look
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings

RECORDED = read("stopping")
EIGHT = np.array([2, 3, 4, 8, 9, 12, 14, 21])
"""Arms of the grid for which whole runs are made: low, medium and high efforts of several quantisations."""


@pytest.mark.slow
def test_the_code_gives_the_recorded_rates() -> None:
    """The first runs of some worlds, in which a rate is as recorded within four of its errors."""
    for world in worlds_of("stopping")[::5]:
        found = [world.run(seed) for seed in range(6)]
        for rate in RECORDED:
            if rate.world == world.name and (share := rate_of(rate.claim, found)) is not None:
                assert share.share == pytest.approx(rate.rate.share, abs=4 * share.error), (rate.claim, world.name)


def test_runs_are_those_of_their_seed() -> None:
    assert outcomes(3, "joules, 8 blocks") == outcomes(3, "joules, 8 blocks")
    assert len({tuple(sorted(outcomes(seed, "joules, 8 blocks").items())) for seed in range(4)}) > 1


def test_arms_are_as_accurate_and_as_dear_as_they_are_said_to_be() -> None:
    arms, machine = grid(), Machine()
    run = grid_run(np.random.default_rng(1), arms, machine, 40_000, 400)
    assert run.right.mean(axis=0) == pytest.approx(true_accuracies(arms), abs=0.01)
    sums = run.sums()
    for unit in CostUnit:
        cost = sum(
            coefficient * sums[kind].sum(axis=(0, 1)) / run.right.shape[0]
            for kind, coefficient in costs_of(arms, unit).parts.items()
        )
        assert cost == pytest.approx(true_costs(arms, machine, unit), rel=0.02), unit


@pytest.mark.parametrize("setup", APART)
def test_each_objective_has_a_best_arm_with_a_near_tie(setup: str) -> None:
    truth, made = truth_of(setup), SETUPS[setup]
    loss = truth.cost - made.wanted.worth * truth.accuracy
    near = np.flatnonzero(loss <= loss[truth.best] + 0.03 * truth.cost[truth.best]).tolist()
    assert len(near) > 1 and truth.best in truth.as_good
    if made.wanted.requirements:
        short = made.wanted.requirements[0].bound - truth.accuracy
        assert any(0 < each < 0.01 for each in short) and short[truth.best] < -0.1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("objective", ["cost", "prices"])
def test_looks_and_decisions_are_those_of_whole_runs(seed: int, objective: Objective) -> None:
    """Eight arms, of whose answers a whole run is made: read, measured, looked at and decided by the product."""
    run = grid_run(np.random.default_rng(seed), grid().only(EIGHT, NAMES), Machine(), 640, 16)
    requirements = SETUPS["joules"].wanted.requirements if objective == "cost" else ()
    wanted = Wanted(objective, CostUnit.JOULES, requirements)
    settings = DecisionSettings(requirements, minimise=CostUnit.JOULES)
    levels, everyone, dropped = levels_of(0.05, 3, 8, len(requirements), objective), np.ones(8, dtype=np.bool_), []
    for blocks in (7, 10, 14):
        part = _first(run, blocks)
        analysis = analysis_of(blocks, part.seconds, part.joules, part.right, part.block)
        made = call_on(look, analysis, settings, error=0.05, looks=3, choice_of=8)
        expected = dropped_at(figures_of(run, run.sums(), wanted, blocks), levels, everyone)
        assert made.levels == levels and made.objective == objective
        dropped.append({row.system: row.rival for row in made.dropped})
        assert dropped[-1] == {
            NAMES[arm]: None if drop.rival is None else NAMES[drop.rival] for arm, drop in expected.items()
        }
    assert dropped[-1] if objective == "cost" else not dropped[0]
    if objective == "cost":
        analysis = analysis_of(16, run.seconds, run.joules, run.right, run.block)
        decision, chosen = (
            call_on(decide, analysis, settings),
            decided(figures_of(run, run.sums(), wanted, 16), everyone, ALPHA),
        )
        assert decision.chosen == (None if chosen.best is None else NAMES[chosen.best])
        assert decision.best == tuple(NAMES[arm] for arm in chosen.tied)


@pytest.mark.parametrize("seed", range(4))
def test_more_data_of_the_same_kind_asks_no_system_again(seed: int) -> None:
    run, wanted = grid_run(np.random.default_rng(seed), grid(), Machine(), 250, 16), SETUPS["joules"].wanted
    twice = GridRun(
        run.arms, np.concatenate([run.block, run.block + 16]), np.tile(run.domain, 2), np.tile(run.right, (2, 1)),
        np.tile(run.joules, (2, 1)), np.tile(run.seconds, (2, 1)),
    )  # fmt: skip
    levels, everyone = levels_of(0.05, 8, 24, 1, "cost"), np.ones(24, dtype=np.bool_)
    once, more = (
        set(dropped_at(figures_of(each, each.sums(), wanted, each.blocks), levels, everyone)) for each in (run, twice)
    )
    assert once and once <= more


def _first(run: GridRun, blocks: int) -> GridRun:
    seen = run.block < blocks
    return GridRun(run.arms, run.block[seen], run.domain[seen], run.right[seen], run.joules[seen], run.seconds[seen])
