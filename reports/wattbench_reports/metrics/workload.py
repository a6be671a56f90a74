"""Read what the systems are to be run for: the mix of domains, the requests of a year and the price of a kWh."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench.errors import UserError, nearest
from wattbench.records.schema.workload import Workload as WorkloadSettings
from wattbench_reports.formatting.units import percent, plain


@dataclass(frozen=True)
class WorkloadChoice:
    """How a reader wants a run restated. What is None stays as the suite has it."""

    mix: str | None = None
    """``arithmetic=3,text=1``: weights of domains, none of which is left out; ``items`` for every item alike."""
    requests_per_year: float | None = None
    price_per_kwh: float | None = None
    currency: str | None = None
    """Of that price."""

    def as_options(self) -> list[str]:
        """Return the choice as options of the command line."""
        options = {
            "--mix": self.mix,
            "--requests": None if self.requests_per_year is None else plain(self.requests_per_year),
            "--price": None if self.price_per_kwh is None else plain(self.price_per_kwh),
            "--currency": self.currency,
        }
        return [word for name, value in options.items() if value is not None for word in (name, value)]


WORKLOAD_AS_IN_SUITE = WorkloadChoice()
"""Nothing said: all as the suite asks for."""

EVERY_ITEM = "items"


@dataclass(frozen=True)
class Workload:
    """The suite's workload as a reader has it."""

    mix: tuple[tuple[str, float], ...] | None
    """Domain and its share of the requests, for every domain of the run; they sum to 1. None: every item counts the
    same, so that a domain counts by its items."""
    requests_per_year: float
    price_per_kwh: float | None
    """In `currency`; None: no bill is stated."""
    currency: str

    @property
    def shares(self) -> Mapping[str, float] | None:
        """Return `mix` as a mapping."""
        return None if self.mix is None else dict(self.mix)

    def describe_mix(self) -> str:
        """Describe the mix: ``arithmetic 75.0%, text 25.0%``."""
        if self.mix is None:
            return "every item counts the same"
        return ", ".join(f"{name} {percent(share)}" for name, share in self.mix)


def workload(
    settings: WorkloadSettings, domains: Sequence[str], choice: WorkloadChoice = WORKLOAD_AS_IN_SUITE
) -> Workload:
    """Return a suite's block ``workload``, where a reader sets no other.

    Args:
        settings: the block.
        domains: those of the run.
        choice: the reader's.

    Raises:
        UserError: an unknown domain, weights that are none, or a figure that is impossible.
    """
    weights: Mapping[str, float] | None = settings.mix
    if choice.mix is not None:
        weights = None if choice.mix.strip() == EVERY_ITEM else _parsed(choice.mix, domains)
    price = settings.price_per_kwh if choice.price_per_kwh is None else choice.price_per_kwh
    requests = settings.requests_per_year if choice.requests_per_year is None else choice.requests_per_year
    return Workload(
        mix=None if weights is None else _shares(weights, domains),
        requests_per_year=_number("requests_per_year", requests, above=0),
        price_per_kwh=None if price is None else _number("price_per_kwh", price),
        currency=settings.currency if choice.currency is None else _currency(choice.currency),
    )


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise UserError(f"currency is {text!r:.60}: it must be three letters, such as USD (ISO 4217)")
    return text


def _parsed(text: str, domains: Sequence[str]) -> dict[str, float]:
    weights_of: dict[str, float] = {}
    for part in text.split(","):
        name, sign, weight = part.rpartition("=")
        name = name.strip()
        if not sign or not name:
            raise UserError(f"mix: {part.strip()!r:.60} is not domain=weight, such as {domains[0]}=3")
        if name not in domains:
            raise UserError(f"mix: no domain {name!r:.60} in this run{nearest(name, domains)}")
        if name in weights_of:
            raise UserError(f"mix: domain {name!r:.60} is named twice")
        try:
            weights_of[name] = float(weight)
        except ValueError as error:
            raise UserError(f"mix: {weight.strip()!r:.60} is not a number, for {name!r:.60}") from error
    if missing := [name for name in domains if name not in weights_of]:
        raise UserError(f"mix: no weight for {', '.join(missing)}; name every domain, with 0 where it is not asked")
    return weights_of


def _shares(weights: Mapping[str, float], domains: Sequence[str]) -> tuple[tuple[str, float], ...]:
    # A suite's mix may name domains that a narrowed run has not.
    weight_of = {name: _number(f"mix: {name}", weights.get(name, 0.0)) for name in domains}
    total = 0.0
    for weight in weight_of.values():  # from the left, as the browser adds them: the digits are to be the same
        total += weight
    if total <= 0:
        raise UserError(f"mix: no domain of this run ({', '.join(domains)}) has a weight above 0")
    return tuple((name, weight / total) for name, weight in weight_of.items())


def _number(name: str, value: float, above: float | None = None) -> float:
    if not math.isfinite(value) or value < 0 or (above is not None and value <= above) or value > 1e15:
        raise UserError(f"{name} is {value!r:.60}: it must be a number {'above 0' if above == 0 else 'of 0 or more'}")
    return float(value)
