"""The work for which a system is chosen: the `workload:` section of a suite."""

from __future__ import annotations

from typing import Self

from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from wattbench.records.schema.base import DEFAULT_CURRENCY, Currency, Name, Strict

REQUESTS_PER_YEAR = 1_000_000.0
"""A round number, about two a minute."""


class Workload(Strict):
    """The work for which a system is chosen; used only when a run is read, so that it can be changed later."""

    mix: dict[Name, NonNegativeFloat] | None = None
    """The weight of each domain among the requests; a domain that is left out has weight 0. None: every item has the
    same weight, so that a domain is weighted by its number of items."""
    requests_per_year: PositiveFloat = REQUESTS_PER_YEAR
    """The number of requests for which yearly energy, cost and grams are stated."""
    price_per_kwh: NonNegativeFloat | None = None
    """The price of electricity, in `currency`; without it no cost is stated."""
    currency: Currency = DEFAULT_CURRENCY
    """ISO 4217, three letters."""

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.mix is not None and not any(self.mix.values()):
            raise ValueError("mix: every weight is 0; at least one must be above 0")
        return self
