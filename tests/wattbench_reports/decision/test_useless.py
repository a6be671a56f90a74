"""Failing a domain is tested for all domains and systems together: alike ones do not, one that knows nothing does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from wattbench_reports.decision.useless import useless_in
from wattbench_reports.metrics.domain_sums import Basis


def basis(sums: NDArray[np.float64], items: int) -> Basis:
    """What of a run says how many items were answered rightly, of shape (domains, systems)."""
    domains, systems = (tuple(map(str, range(number))) for number in sums.shape)
    counts = SimpleNamespace(
        domains=domains, systems=systems, means=sums, squares=sums, items=np.full(sums.shape, float(items))
    )
    return cast("Basis", counts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("domains", "systems", "items", "accuracy", "spread"),
    [
        (57, 8, 10, 0.4, 0.2), (57, 8, 10, 0.25, 0.2), (57, 8, 60, 0.1, 0.05), (20, 8, 40, 0.1, 0.05),
        (8, 8, 16, 0.3, 0.2), (4, 8, 16, 0.25, 0.1), (1, 8, 10, 0.3, 0.0), (57, 8, 200, 0.05, 0.02),
    ],
)  # fmt: skip
def test_of_alike_systems_one_fails_a_domain_in_few_runs(
    domains: int, systems: int, items: int, accuracy: float, spread: float
) -> None:
    """Domains and items of unlike difficulty. With a test of 5% for each, one failed in 7 to 72% of runs."""
    random = np.random.default_rng(5)
    failing = 0
    for _ in range(200):
        level = np.clip(random.normal(accuracy, spread, (domains, 1, 1)), 0.01, 0.99)
        item = random.beta(2 * level, 2 * (1 - level), (domains, items, 1))
        right = random.random((domains, items, systems)) < item
        failing += bool(useless_in(basis(right.sum(axis=1).astype(float), items)).any())
    assert failing <= 10  # 5%
