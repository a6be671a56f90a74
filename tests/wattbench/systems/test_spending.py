"""What is spent and what is reserved together never exceed a budget."""

from __future__ import annotations

import math
import threading

import pytest

from wattbench.records.rows.answers import TokenCounts
from wattbench.records.rows.spending import SpentRow, spent
from wattbench.records.token_bill import TokenPrices
from wattbench.systems.spending import BudgetReachedError, Spending, Tariff

TARIFF = Tariff(TokenPrices(input=1.0, cached_input=0.1, output=4.0), per_request=0.001, currency="USD")

NOTHING = TokenCounts(prompt_tokens=0, output_tokens=0)


def spending(most: float | None, *, before: float = 0.0, rows: list[SpentRow] | None = None) -> Spending:
    return Spending(
        {"api": TARIFF},
        most=most,
        spent=before,
        first_number=0,
        record=(rows if rows is not None else []).append,
        now_s=lambda: 5.0,
    )


def test_a_request_is_reserved_at_its_most_and_billed_at_what_it_used() -> None:
    rows: list[SpentRow] = []
    run = spending(1.0, rows=rows)
    account = run.account("api")
    assert account is not None
    reserved = account.reserve(1000, 500)
    assert reserved.most == pytest.approx(0.001 + 0.002 + 0.001)
    assert run.spent == 0
    account.settle(reserved, TokenCounts(prompt_tokens=800, cached_tokens=300, output_tokens=100))
    assert run.spent == pytest.approx((500 * 1.0 + 300 * 0.1 + 100 * 4.0) / 1e6 + 0.001)
    assert [(row.number, row.known) for row in rows] == [(0, False), (0, True)]
    assert spent({row.number: row for row in rows}.values()) == {"USD": pytest.approx(run.spent)}


def test_writing_a_prompt_to_the_cache_is_reserved_where_that_costs_more() -> None:
    tariff = Tariff(TokenPrices(input=1.0, cache_write=1.25, output=4.0), 0.0, "USD")
    assert tariff.most(1_000_000, 0) == pytest.approx(1.25)
    assert TARIFF.most(1_000_000, 0) == pytest.approx(1.001)


@pytest.mark.parametrize("counts", [None, TokenCounts(output_tokens=5), TokenCounts(prompt_tokens=5)])
def test_what_is_not_known_counts_as_all_that_was_reserved(counts: tuple[int | None, ...] | None) -> None:
    run = spending(1.0)
    account = run.account("api")
    assert account is not None
    reserved = account.reserve(1000, 500)
    account.settle(reserved, counts)  # type: ignore[arg-type]
    assert run.spent == reserved.most


def test_a_refused_request_costs_nothing() -> None:
    run = spending(1.0)
    account = run.account("api")
    assert account is not None
    account.settle(
        account.reserve(1000, 500),
        NOTHING,
        requests=0,
    )
    assert run.spent == 0


def test_the_next_request_must_fit_and_what_was_spent_before_counts() -> None:
    account = spending(0.01, before=0.007).account("api")
    assert account is not None
    with pytest.raises(
        BudgetReachedError, match=r"0\.00700 USD of 0\.0100 USD are spent.*'api' could cost 0\.00400 USD"
    ) as reached:
        account.reserve(1000, 500)
    assert reached.value.exit_code == 4
    assert account.reserve(1000, 250).most == pytest.approx(0.003)  # to the last cent


def test_a_request_waits_for_those_under_way() -> None:
    """Each could cost half of the budget, and costs a tenth: four threads send as many as fit."""
    run = spending(0.02)
    account = run.account("api")
    assert account is not None
    highest, sent = [0.0], [0]

    def work() -> None:
        try:
            while True:
                reserved = account.reserve(5000, 1000)  # 0.01
                highest[0] = max(highest[0], run.spent)
                sent[0] += 1
                account.settle(reserved, NOTHING)  # 0.001
        except BudgetReachedError:
            return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert sent[0] == 11  # 0.001 each until less than 0.01 of 0.02 is left
    assert run.spent == pytest.approx(0.011)
    assert highest[0] <= 0.02


def test_without_a_budget_only_what_was_spent_is_recorded() -> None:
    rows: list[SpentRow] = []
    run = spending(None, rows=rows)
    account = run.account("api")
    assert account is not None
    account.settle(account.reserve(10**9, 10**9), TokenCounts(prompt_tokens=10, cached_tokens=0, output_tokens=1))
    account.settle(
        account.reserve(1, 1),
        NOTHING,
        requests=0,
    )
    run.close()
    account.settle(account.reserve(1, 1), TokenCounts(prompt_tokens=1, output_tokens=1))
    assert [row.number for row in rows] == [0]
    assert run.account("own") is None
    assert math.isfinite(run.spent)
