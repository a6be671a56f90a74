"""The errors of simulation that the budgets promise, and that there is one table of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import wattbench_reports
from wattbench_reports.stats.budgets import CappedDraws

_BUDGETS = {"seed", "resamples", "max_units", "permutations"}


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
