"""The errors of simulation that the budgets promise, and that there is one table of them."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import wattbench_reports
from wattbench_reports.stats.budgets import MAX_UNITS, PERMUTATIONS, RESAMPLES, CappedDraws

_BUDGETS = {"seed", "resamples", "max_units", "permutations"}


@pytest.mark.parametrize(("draws", "error"), [(RESAMPLES, 0.042), (2000, 0.060), (1000, 0.085)])
def test_a_bound_is_known_as_well_as_said(draws: int, error: float) -> None:
    sample = np.random.default_rng(5).normal(size=(600, draws))
    assert np.quantile(sample, 0.025, axis=1).std() == pytest.approx(error, rel=0.12)


def test_a_p_value_is_known_as_well_as_said() -> None:
    shares = np.random.default_rng(5).binomial(PERMUTATIONS, 0.05, size=20_000) / PERMUTATIONS
    assert shares.std() == pytest.approx(0.0049, rel=0.05)


def test_a_standard_error_from_groups_is_known_as_well_as_said() -> None:
    spreads = np.random.default_rng(5).normal(size=(600, MAX_UNITS)).std(axis=1)
    assert spreads.std() == pytest.approx(0.01, rel=0.12)


def test_draws_that_cost_more_become_fewer() -> None:
    budget = CappedDraws(most=2000, fewest=1000, budget=100_000)
    assert [budget.count(cost) for cost in (1, 50, 80, 100, 10**9)] == [2000, 2000, 1250, 1000, 1000]


@pytest.mark.slow
def test_no_budget_is_a_number_of_its_own() -> None:
    """Seeds and numbers of draws are names of the table wherever they are passed or defaulted."""
    root = Path(wattbench_reports.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            passed = [(each.arg, each.value) for each in node.keywords] if isinstance(node, ast.Call) else []
            if isinstance(node, ast.FunctionDef):
                passed += zip((arg.arg for arg in node.args.kwonlyargs), node.args.kw_defaults, strict=True)
                named = node.args.args[len(node.args.args) - len(node.args.defaults) :]
                passed += zip((arg.arg for arg in named), node.args.defaults, strict=True)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "default_rng":
                passed += [("seed", value) for value in node.args]
            found += [
                f"{path.relative_to(root)}:{value.lineno} {name}"
                for name, value in passed
                if name in _BUDGETS and isinstance(value, ast.Constant) and value.value is not None
            ]
    assert found == []
