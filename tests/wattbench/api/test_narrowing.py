"""Arguments that select systems, tasks and items."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wattbench
from wattbench.api.narrowing import limit_of, names_of


@given(st.lists(st.text()))
def test_any_list_of_texts_is_a_list_of_names(names: list[str]) -> None:
    assert names_of(names, "systems") == tuple(names)
    assert names_of(iter(names), "systems") == tuple(names)


@given(st.text() | st.integers() | st.none() | st.lists(st.integers(), min_size=1))
def test_anything_else_is_refused_by_its_argument(given: object) -> None:
    with pytest.raises(wattbench.UserError, match=r"^systems: .* is not a list of names$"):
        names_of(given, "systems")


@given(st.integers(max_value=0) | st.floats() | st.booleans() | st.text())
def test_a_limit_is_a_number_of_items(limit: object) -> None:
    with pytest.raises(wattbench.UserError, match=r"^limit: .* is not a number of items$"):
        limit_of(limit, "limit")


def test_run_refuses_what_it_would_ignore(tmp_path: Path) -> None:
    with pytest.raises(wattbench.UserError, match="one of the two"):
        wattbench.run()
    with pytest.raises(wattbench.UserError, match="one of the two"):
        wattbench.run("quick", resume=tmp_path)
    with pytest.raises(wattbench.UserError, match="a resumed one keeps its own"):
        wattbench.run(resume=tmp_path, limit=3)


@pytest.mark.parametrize("budget", ["5", "USD", "-5 USD", "nan USD", 5])
def test_a_budget_is_an_amount_and_a_currency(budget: object) -> None:
    suite = Path(__file__).parents[3] / "examples/sums/suite.yaml"
    with pytest.raises(wattbench.UserError, match="is not an amount and a currency, such as '5 USD'"):
        wattbench.run(suite, max_cost=budget)  # type: ignore[arg-type]
