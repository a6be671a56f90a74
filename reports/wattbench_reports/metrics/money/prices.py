"""Look up the price of each system: as the suite recorded it, or as a reader has it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.schema.price import PRICES, Price
from wattbench.records.schema.recorded import chosen as chosen_block
from wattbench_reports.tables.suite_record import SuiteRecord

READER = "the reader"
"""The source of a price that a reader set and gave no source for."""

_NUMBERS = (*PRICES, "gpus", "utilisation")
KEYS = tuple(Price.model_fields)


@dataclass(frozen=True)
class Prices:
    """The prices at which a run is read."""

    by_system: Mapping[str, Price]
    """Of each system that has one, judges and those that only a hybrid or an agent asks included. An agent without a
    price of its own has that of the system whose server it asks."""
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
    servers = {name: each.server_name for name, each in suite.systems.items() if each.server_name is not None}
    pools = [name for each in suite.systems.values() for name in each.asks]
    known = dict.fromkeys([*systems, *pools, *servers.values(), *suite.judges])
    prices, chosen = dict(suite.prices), set()
    for text in choice:
        name, named = _parsed(text, list(known))
        prices[name] = _with(prices.get(name), named, name)
        chosen.add(name)
    for agent, server in servers.items():
        if agent not in prices and server in prices:
            prices[agent] = prices[server]
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
    return name, _named(text[len(name) + 1 :], f"system-price: {name}")


def written_price(text: str, where: str) -> Price:
    """Return the price that a text ``key=value,key=value`` states.

    Args:
        text: with the keys of a price in a suite.
        where: what a message begins with.

    Raises:
        UserError: it is no price, or lacks its currency.
    """
    named = _named(text, where)
    if "currency" not in named:
        raise UserError(f"{where}: name its currency too, such as currency=USD")
    return chosen_block(Price, named, where)


def _named(text: str, where: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for part in text.split(","):
        key, sign, value = (each.strip() for each in part.partition("="))
        if not sign and next(reversed(named), "") == "source":  # a source may hold commas
            named["source"] += f", {key}"
            continue
        if not sign or key not in KEYS:
            raise UserError(f"{where}: {key!r:.60} is no key of a price{nearest(key, KEYS)}")
        if key in named:
            raise UserError(f"{where}: {key} is named twice")
        named[key] = _number(f"{where}: {key}", value) if key in _NUMBERS else value
    return named


def _number(where: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"{where} is {text!r:.60}: it must be a number") from error
    return int(number) if number.is_integer() else number


def _with(recorded: Price | None, named: dict[str, Any], system: str) -> Price:
    """Return a price with some keys set anew."""
    other = recorded is not None and named.get("currency", recorded.currency) != recorded.currency
    if recorded is not None and other and not _every_price(recorded, named):
        raise UserError(
            f"system-price: {system}: its prices on record are in {recorded.currency}; to change the currency, "
            "name all of them"
        )
    before = {} if recorded is None else recorded.model_dump(mode="json")
    if "currency" not in before | named:
        raise UserError(f"system-price: {system}: name its currency too, such as currency=USD")
    price = chosen_block(Price, before | named, f"system-price: {system}")
    return price if price.source is not None and "source" in named else price.model_copy(update={"source": READER})


def _every_price(recorded: Price, named: Mapping[str, Any]) -> bool:
    return all(getattr(recorded, name) is None or name in named for name in PRICES)
