"""The money of tokens: one formula for a budget and for a bill."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wattbench.records.token_bill import TokenPrices

ALL = TokenPrices(input=2.0, cached_input=0.5, cache_write=2.5, output=10.0)


@pytest.mark.parametrize(
    ("prices", "counts", "expected"),
    [
        (ALL, (1000, 400, 100, 50), 500 * 2 + 400 * 0.5 + 100 * 2.5 + 50 * 10),
        (ALL, (1000, math.nan, math.nan, 50), 1000 * 2 + 50 * 10),
        (ALL, (1000, 2000, 500, 0), 1000 * 0.5),  # a part is never more than its whole
        (TokenPrices(input=2.0, output=10.0), (1000, 400, 100, 50), 1000 * 2 + 50 * 10),
        (TokenPrices(output=10.0), (math.nan, math.nan, math.nan, 50), 500),
        (TokenPrices(), (1000, 0, 0, 50), 0),
    ],
)
def test_the_money_of_an_answer(prices: TokenPrices, counts: tuple[float, ...], expected: float) -> None:
    assert float(prices.money(*counts)) == pytest.approx(expected / 1e6)


def test_arrays_are_billed_answer_by_answer() -> None:
    money = ALL.money(*(np.array([value, value]) for value in (1000.0, 400.0, 100.0, 50.0)))
    assert money == pytest.approx([0.00195, 0.00195])


def test_tokens_that_are_not_known_have_no_money() -> None:
    assert math.isnan(ALL.money(math.nan, math.nan, math.nan, 50))
