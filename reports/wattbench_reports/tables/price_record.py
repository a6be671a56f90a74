"""Read the price of a system by type; a price that is damaged or out of range is a named error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError
from wattbench.records.suite_defaults import PRICES
from wattbench.records.token_bill import TokenPrices
from wattbench_reports.tables.json_values import mapping_or_error, number_or_error, text_or_error

MOST = 1e12
"""Money per whatever it is; more is a slip."""


@dataclass(frozen=True)
class PriceRecord:
    """The prices of a system's tokens, requests and hours."""

    currency: str
    """ISO 4217."""
    input_per_million: float | None = None
    """Money for a million tokens of prompts. None: nothing, as in all the others."""
    cached_input_per_million: float | None = None
    """For those that the server had in its cache; None: as `input_per_million`."""
    cache_write_per_million: float | None = None
    """For those that the server wrote to its cache; None: as `input_per_million`."""
    output_per_million: float | None = None
    per_request: float | None = None
    per_gpu_hour: float | None = None
    gpus: float = 1
    per_machine_hour: float | None = None
    utilisation: float = 1.0
    """The share of its paid hours in which it answers."""
    source: str | None = None
    date: str | None = None
    """ISO 8601."""
    electricity_added: bool = False
    """Electricity is not in the prices, and is added to them."""

    @property
    def per_second(self) -> float:
        """Return the price of a second in which the system answers; 0 where no hours are paid for."""
        hour = (self.per_gpu_hour or 0.0) * self.gpus + (self.per_machine_hour or 0.0)
        return hour / 3600 / self.utilisation

    @property
    def tokens(self) -> TokenPrices:
        """Return the prices of tokens."""
        return TokenPrices(
            self.input_per_million,
            self.cached_input_per_million,
            self.cache_write_per_million,
            self.output_per_million,
        )

    @property
    def by_time(self) -> bool:
        """Return whether hours have a price."""
        return self.per_gpu_hour is not None or self.per_machine_hour is not None

    @property
    def by_token(self) -> bool:
        """Return whether tokens have a price."""
        return self.input_per_million is not None or self.output_per_million is not None

    @classmethod
    def of(cls, recorded: object, where: str) -> PriceRecord | None:
        """Read a system's block ``price``; None where it has none.

        Raises:
            UserError: a value is of another type or out of range; `where` names its file and key.
        """
        given = mapping_or_error(where, recorded)
        if given is None:
            return None
        currency = text_or_error(f"{where}.currency", given.get("currency"))
        if currency is None or not re.fullmatch("[A-Z]{3}", currency):
            raise UserError(f"{where}.currency is {currency!r:.60}: it must be three letters, such as USD (ISO 4217)")
        prices = {name: _in_range(given, name, where) for name in PRICES}
        if all(price is None for price in prices.values()):
            raise UserError(f"{where}: name at least one of {', '.join(PRICES)}")
        utilisation, gpus = (_or_one(_in_range(given, name, where)) for name in ("utilisation", "gpus"))
        if not 0 < utilisation <= 1:
            raise UserError(f"{where}.utilisation is {utilisation:g}: it must be above 0 and at most 1")
        return cls(
            currency,
            **prices,
            gpus=gpus,
            utilisation=utilisation,
            source=text_or_error(f"{where}.source", given.get("source")),
            date=text_or_error(f"{where}.date", given.get("date")),
            electricity_added=text_or_error(f"{where}.electricity", given.get("electricity")) == "added",
        )


def _in_range(given: Mapping[str, Any], name: str, where: str) -> float | None:
    value = number_or_error(f"{where}.{name}", given.get(name))
    if value is not None and not 0 <= value <= MOST:
        raise UserError(f"{where}.{name} is {value:g}: it must be a number of 0 or more")
    return value


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value
