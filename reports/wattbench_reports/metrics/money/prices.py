"""Look up the price of each system: as the suite recorded it, or as a reader has it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.suite_defaults import PRICES
from wattbench_reports.tables.price_record import PriceRecord
from wattbench_reports.tables.suite_record import SuiteRecord

READER = "the reader"
"""The source of a price that a reader set and gave no source for."""

_NUMBERS = (*PRICES, "gpus", "utilisation")
KEYS = (*_NUMBERS, "currency", "source", "date", "electricity")


@dataclass(frozen=True)
class Prices:
    """The prices at which a run is read."""

    by_system: Mapping[str, PriceRecord]
    """Of each system that has one, those that only a hybrid asks included."""
    chosen: frozenset[str]
    """Systems whose price the reader set."""


def prices_of(suite: SuiteRecord, systems: Iterable[str], choice: Iterable[str] = ()) -> Prices:
    """Return the price of each system that has one.

    Args:
        suite: of the run.
        systems: of the run.
        choice: the reader's prices, each ``system:key=value,key=value``; a key that is not named stays as recorded.

    Raises:
        UserError: a price on record is damaged, or a reader's names no system or is no price.
    """
    known = dict.fromkeys([*systems, *(name for each in suite.systems.values() for name in each.asks)])
    prices, chosen = dict(suite.prices), set()
    for text in choice:
        name, named = _parsed(text, list(known))
        prices[name] = _with(prices.get(name), named, name)
        chosen.add(name)
    return Prices(prices, frozenset(chosen))


def _parsed(text: str, known: list[str]) -> tuple[str, dict[str, Any]]:
    # A system's name has no colon, and may be that of an import, which can hold anything else.
    name = next((each for each in sorted(known, key=len, reverse=True) if text.startswith(f"{each}:")), None)
    if name is None:
        given = text.partition(":")[0]
        raise UserError(
            f"system-price: {text!r:.80} is not SYSTEM:KEY=VALUE,...: no system {given!r:.60} in this run"
            f"{nearest(given, known)}"
        )
    named: dict[str, Any] = {}
    for part in text[len(name) + 1 :].split(","):
        key, sign, value = (each.strip() for each in part.partition("="))
        if not sign and next(reversed(named), "") == "source":  # a source may hold commas
            named["source"] += f", {key}"
            continue
        if not sign or key not in KEYS:
            raise UserError(f"system-price: {name}: {key!r:.60} is no key of a price{nearest(key, KEYS)}")
        if key in named:
            raise UserError(f"system-price: {name}: {key} is named twice")
        named[key] = _number(f"system-price: {name}: {key}", value) if key in _NUMBERS else value
    return name, named


def _number(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UserError(f"{where} is {text!r:.60}: it must be a number") from error


def _with(recorded: PriceRecord | None, named: dict[str, Any], system: str) -> PriceRecord:
    """Return a price with some keys set anew."""
    before = (
        {}
        if recorded is None
        else {name: getattr(recorded, name) for name in (*_NUMBERS, "currency", "source", "date")}
    )
    if recorded is not None:
        before["electricity"] = "added" if recorded.electricity_added else "included"
        if "currency" in named and named["currency"] != recorded.currency and not _every_price(recorded, named):
            raise UserError(
                f"system-price: {system}: its prices on record are in {recorded.currency}; to change the currency, "
                "name all of them"
            )
    if "currency" not in before | named:
        raise UserError(f"system-price: {system}: name its currency too, such as currency=USD")
    electricity = (before | named).get("electricity", "included")
    if electricity not in ("included", "added"):
        raise UserError(f"system-price: {system}: electricity is {electricity!r:.60}: it must be included or added")
    price = PriceRecord.of(before | named, f"system-price: {system}")
    assert price is not None  # a mapping was given
    return price if price.source is not None and "source" in named else replace(price, source=READER)


def _every_price(recorded: PriceRecord, named: Mapping[str, Any]) -> bool:
    return all(getattr(recorded, name) is None or name in named for name in PRICES)
