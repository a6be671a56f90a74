"""Bill each answer of a hybrid: every system that it used at that system's price, and the hybrid's own price.

So the answers that a cascade rejected are billed, and a language model that the router asked is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.schema.price import Price
from wattbench_reports.formatting.units import listed
from wattbench_reports.metrics.money.answer_columns import AnswerColumns
from wattbench_reports.metrics.money.price_bill import (
    Bill,
    Parts,
    by_price,
    cache_notes,
    parts_at,
    unknown_tokens,
)
from wattbench_reports.tables.suite_record import SystemSettings

PriceOf = Mapping[str, Price]
"""System to its price."""


def of_hybrid(answers: AnswerColumns, name: str, settings: SystemSettings, prices: PriceOf) -> Bill:
    """Bill a hybrid of which at least one system that it asks has a price.

    A system that it asks and that has no price is paid for by its electricity.
    """
    itself = prices.get(name)
    bill = _empty(name, settings, prices)
    number = answers.number(name)
    if why := why_not_billed([prices[each] for each in settings.asks if each in prices], itself):
        return bill.without(why)
    used: pd.DataFrame | None = answers.usage(name)
    if used is None or used["answer"].nunique() < number:
        used = None if settings.reader in prices else answers.usage_of_older(name)
    if used is None:
        return bill.without("this older run does not record what each system that it asked used")
    bills = [_of_asked(system, rows, prices[system], name) for system, rows in _by_system(used) if system in prices]
    if itself is not None:
        bills.append(by_price(answers, name, itself))
    if why := next((each.why_none for each in bills if each.why_none), ""):
        return bill.without(why)
    places = [*(rows["answer"].to_numpy() for system, rows in _by_system(used) if system in prices)]
    places += [np.arange(number)] if itself is not None else []
    return replace(
        bill,
        parts=_added([each.parts for each in bills], places, number),
        notes=tuple(note for each in bills for note in each.notes),
    )


def _by_system(used: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    return ((str(system), rows) for system, rows in used.groupby("system", sort=False))


def _empty(name: str, settings: SystemSettings, prices: PriceOf) -> Bill:
    """Return a hybrid's bill without its sums."""
    paid = {each: prices[each] for each in (*settings.asks, name) if each in prices}
    by_joules = any(each not in prices for each in settings.asks)
    return Bill(
        {},
        next(price.currency for price in paid.values()),
        by_joules or any(price.electricity_added for price in paid.values()),
        "; ".join(f"{each}: {price.source}" for each, price in paid.items() if price.source),
        "; ".join(dict.fromkeys(str(price.date) for price in paid.values() if price.date)),
    )


def why_not_billed(members: Sequence[Price], itself: Price | None) -> str:
    """Say why the prices of a hybrid and its members cannot make one bill, as a clause; empty where they can.

    Args:
        members: of the systems that a hybrid asks.
        itself: its own price; None: it has none.
    """
    currencies = list(dict.fromkeys(price.currency for price in (*members, itself) if price is not None))
    if len(currencies) > 1:
        return f"what it asks is billed in {listed(currencies)}"
    if itself is not None and itself.by_token and any(price.by_token for price in members):
        return "its own price and those of its members both bill tokens, so that some would be billed twice"
    return ""


def _of_asked(system: str, rows: pd.DataFrame, price: Price, hybrid: str) -> Bill:
    """Bill the requests of a hybrid to one system."""
    bill, counts = Bill(currency=price.currency), rows if price.by_token else None
    if counts is not None and (why := unknown_tokens(counts, price)):
        return bill.without(f"of {system}, which it asks, {why}")
    seconds = rows["seconds"].to_numpy(dtype=np.float64) if price.by_time else None
    if seconds is not None and np.isnan(seconds).any():
        return bill.without(f"the hours of {system}, which it asks, have a price, and its seconds are not recorded")
    parts = parts_at(price, len(rows), counts, seconds)
    return replace(bill, parts=parts, notes=cache_notes(f"{system} in {hybrid}", price, counts))


def _added(bills: Iterable[Parts], answers_of: Iterable[NDArray[np.int64]], number: int) -> Parts:
    """Add the money of rows to the answers that the rows belong to."""
    sums: dict[str, NDArray[np.float64]] = {}
    for parts, answer in zip(bills, answers_of, strict=True):
        for part, money in parts.items():
            of_answers = np.bincount(answer, weights=money, minlength=number)
            sums[part] = sums.get(part, np.zeros(number)) + of_answers
    return sums
