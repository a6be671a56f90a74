"""Intervals of money cover at 95%: by token, by hour and by joule, with blocks and without."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, basis
from wattbench_reports.metrics.money import MACHINE, REQUESTS, TOKENS
from wattbench_reports.metrics.money.money_sums import MoneySums, money_basis, money_table
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

NAMES = ("by token", "by hour", "by joule")
ACCURACY = np.array([0.9, 0.75, 0.5])
PER_TOKEN, PER_SECOND, PER_REQUEST, PER_JOULE = 1e-6, 2e-4, 5e-5, 1e-6
TOKENS_MEAN, SECONDS_MEAN, JOULES_MEAN = 400.0, 1.5, 80.0
PER_JOULES = np.array([0.0, 0.0, PER_JOULE])


@dataclass(frozen=True)
class MoneyWorld:
    """How much answers and blocks differ."""

    items: int = 60
    blocks: int = 0
    """0: a run without blocks."""
    log_sd: float = 0.7
    """Of tokens, seconds and joules between items, and in part shared by the systems."""
    block_sd: float = 0.1
    """Of the speed of a block, in the logarithm."""


def per_request() -> NDArray[np.float64]:
    """Return the true mean money of a request of each system."""
    return np.array([TOKENS_MEAN * PER_TOKEN, SECONDS_MEAN * PER_SECOND, PER_REQUEST + JOULES_MEAN * PER_JOULE])


def per_correct() -> NDArray[np.float64]:
    """Return the true money of a correct answer of each system."""
    return np.asarray(per_request() / ACCURACY)


def drawn(world: MoneyWorld, rng: np.random.Generator) -> Basis:
    """Draw a run, and return its money as a basis that intervals are taken of."""
    shape = (world.items, len(NAMES))
    hard = rng.normal(size=(world.items, 1))
    work = np.exp(world.log_sd * (0.8 * hard + 0.6 * rng.normal(size=shape)) - world.log_sd**2 / 2)
    correct = (rng.random(shape) < _chance(hard)).astype(np.float64)
    speed, block_of = np.ones((world.items, 1)), None
    if world.blocks:
        block = rng.permutation(world.items) % world.blocks
        speeds = np.exp(world.block_sd * rng.normal(size=world.blocks) - world.block_sd**2 / 2)
        speed, block_of = speeds[block][:, None], np.broadcast_to(block[:, None], shape).astype(np.int64)
    column = np.eye(len(NAMES))
    tokens = work * TOKENS_MEAN * PER_TOKEN * column[0]
    hours = work * speed * SECONDS_MEAN * PER_SECOND * column[1]
    requests = np.full(shape, PER_REQUEST) * column[2]
    one = np.ones(shape)
    domains = Labels.of(np.repeat(["a", "b"], [world.items // 2, world.items - world.items // 2]))
    table = ItemTable(
        NAMES, domains, domains, one, correct, one, correct, work * speed * JOULES_MEAN * column[2], block_of
    )
    sums = MoneySums(
        money=tokens + hours + requests,
        priced=one,
        correct=correct,
        parts={TOKENS: tokens, MACHINE: hours, REQUESTS: requests},
    )
    return money_basis(basis(table, **sums.kinds), money_table(table, sums, PER_JOULES), PER_JOULES)


def _chance(hard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that each system answers each item correctly; its mean is the system's accuracy."""
    room = np.minimum(ACCURACY, 1 - ACCURACY)
    easy = 0.5 * (1 + np.vectorize(math.erf)(-hard / math.sqrt(2)))
    return np.asarray(ACCURACY + room * (2 * easy - 1))


MONEY = {"energy_j": 1.0}


def coverage(world: MoneyWorld, runs: int, seed: int, shares: np.ndarray | None = None) -> np.ndarray:
    """Return how often the intervals per request and per correct answer hold the truth, shape (2, systems)."""
    rng = np.random.default_rng(seed)
    hits = np.zeros((2, 3))
    for _ in range(runs):
        base = drawn(world, rng)
        for row, truth in enumerate((per_request(), per_correct())):
            found = intervals(base, MONEY, shares, per_correct=bool(row))
            hits[row] += [each.low <= true <= each.high for each, true in zip(found, truth, strict=True)]
    return hits / runs


@pytest.mark.slow
@pytest.mark.parametrize("world", [MoneyWorld(60), MoneyWorld(60, blocks=8), MoneyWorld(300, blocks=8, block_sd=0.2)])
def test_money_is_covered(world: MoneyWorld) -> None:
    shares = np.array([0.7, 0.3]) if world.items == 60 else None
    found = coverage(world, 300, 11, shares)
    assert found.min() > 0.91, found
    assert found.mean() > 0.93, found
