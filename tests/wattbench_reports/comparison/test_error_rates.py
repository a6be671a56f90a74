"""How often the comparisons of a report call alike systems different, on machines whose speed strays over time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.noisy_machine import NOISES
from tests.made_up.noisy_runs import ALIKE, SYSTEMS, Run, answers_to, run
from wattbench_reports.comparison.paired_tests import EqualPairs, Pairs, WeighedPairs
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

pytestmark = pytest.mark.slow

NAMES = tuple(f"s{number}" for number in range(SYSTEMS))
RUNS = 100


def table_of(each: Run, *, in_blocks: bool) -> ItemTable:
    """A run's items in two domains of unlike size."""
    items = len(each.item_joules)
    domains = Labels.of(np.where(np.arange(items) % 3 == 0, "small", "large"))
    one, correct = np.ones((items, SYSTEMS)), each.answers.correct
    blocks = np.repeat(each.block_of[:, None], SYSTEMS, axis=1) if in_blocks else None
    return ItemTable(NAMES, domains, domains, one, correct, one, correct, each.item_joules, blocks)


def called_different(pairs: Pairs) -> int:
    """How many of the alike pairs are called different by joules per correct answer."""
    p_values = [pairs.joules(NAMES[one], [NAMES[other]], detectable=False)[0].p_value for one, other in ALIKE]
    return sum(p_value is not None and p_value <= ALPHA for p_value in p_values)


@pytest.mark.parametrize("noise", ["still", "drift over 300 s", "bursts"])
@pytest.mark.parametrize("mixed", [False, True])
def test_in_blocks_alike_systems_are_seldom_called_different(noise: str, mixed: bool) -> None:
    """400 pairs: 5%, within three standard errors of the simulation (3.3 points)."""
    rng, errors = np.random.default_rng(21), 0
    for _ in range(RUNS):
        table = table_of(run(rng, NOISES[noise], answers_to(rng, 64), deals=20), in_blocks=True)
        errors += called_different(
            WeighedPairs(table, basis(table), np.array([0.3, 0.7])) if mixed else EqualPairs(table)
        )
    assert errors / (RUNS * len(ALIKE)) < 0.083


def test_system_after_system_they_are_called_different_far_too_often() -> None:
    """What blocks are for: the same items and bursts, compared over items alone."""
    rng, errors = np.random.default_rng(22), 0
    for _ in range(RUNS):
        errors += called_different(
            EqualPairs(table_of(run(rng, NOISES["bursts"], answers_to(rng, 64), blocks=1), in_blocks=False))
        )
    assert errors / (RUNS * len(ALIKE)) > 0.15
