"""Count what requests cost, and refuse those that could exceed a budget.

Before a request is sent, the most that it can cost is reserved; when it has ended, that becomes what it did cost. What
is spent and what is reserved together never exceed the budget.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from wattbench import quantities
from wattbench.errors import UserError
from wattbench.records.rows.answers import TokenCounts
from wattbench.records.rows.spending import SpentRow
from wattbench.records.schema.price import Price
from wattbench.records.token_bill import TokenPrices

EXIT_BUDGET = 4
"""The exit code of a command whose budget is reached."""

_ROUNDING = 1e-9
"""By which part of a budget sums of money may exceed it: they are rounded."""


@dataclass(frozen=True)
class Tariff:
    """The prices of a system's tokens and requests."""

    tokens: TokenPrices
    per_request: float
    currency: str

    @classmethod
    def of(cls, price: Price | None) -> Self | None:
        """Return the prices of tokens and requests in a price; None if it has none."""
        if price is None or not price.by_use:
            return None
        return cls(price.tokens, price.per_request or 0.0, price.currency)

    def money(self, counts: TokenCounts, requests: int = 1) -> float:
        """Return the cost of a request; NaN if it is not known."""
        of = counts
        numbers = (of.prompt_tokens, of.cached_tokens, of.cache_write_tokens, of.output_tokens)
        known = (math.nan if each is None else float(each) for each in numbers)
        return float(self.tokens.money(*known)) + requests * self.per_request

    def most(self, prompt_tokens: int, output_tokens: int) -> float:
        """Return the most that a request can cost: its prompt is not cached, or is all written to the cache."""
        least = TokenCounts(prompt_tokens=prompt_tokens, output_tokens=output_tokens)
        return max(self.money(least), self.money(replace(least, cache_write_tokens=prompt_tokens)))


class BudgetReachedError(UserError):
    """The next request could cost more than is left of the budget. What was answered is recorded."""

    exit_code: ClassVar[int] = EXIT_BUDGET

    def __init__(self, message: str, *, spent: float, most: float, currency: str) -> None:
        super().__init__(message)
        self.spent, self.most, self.currency = spent, most, currency

    def with_more(self, more: str) -> BudgetReachedError:
        """Return the same error with a further sentence."""
        return BudgetReachedError(f"{self}. {more}", spent=self.spent, most=self.most, currency=self.currency)


class Spending:
    """The money that a run spends, over all systems and threads."""

    def __init__(
        self,
        tariffs: Mapping[str, Tariff],
        *,
        most: float | None,
        spent: float,
        first_number: int,
        record: Callable[[SpentRow], None],
        now_s: Callable[[], float],
    ) -> None:
        """Continue from the money that was spent before.

        Args:
            tariffs: system to what it costs; those that are free are left out.
            most: money that may be spent in all, in the one currency of the tariffs; None: there is no budget.
            spent: money that earlier parts of the run spent.
            first_number: of the requests.
            record: writes a row; called by one thread at a time.
            now_s: seconds since the epoch.
        """
        self.tariffs, self.most, self.spent = tariffs, most, spent
        self._reserved: dict[int, float] = {}
        """Number of each request under way, and the most that it can cost."""
        self._number = first_number
        self._record, self._now_s = record, now_s
        self._closed = False
        self._changed = threading.Condition()

    def close(self) -> None:
        """Stop recording. With a budget, requests under way are on record with the most that they can cost."""
        with self._changed:
            self._closed = True

    def account(self, system: str) -> Account | None:
        """Return the account of a system's requests; None if they cost nothing."""
        tariff = self.tariffs.get(system)
        return None if tariff is None else Account(self, system, tariff)

    def reserve(self, system: str, tariff: Tariff, most: float) -> Reserved:
        """Reserve money for a request, once the requests under way leave enough of the budget.

        Raises:
            BudgetReachedError: nothing is under way, and not enough is left.
        """
        with self._changed:
            while self.most is not None and self._with(most) > self.most * (1 + _ROUNDING):
                if not self._reserved:
                    spent, all_of_it, next_one = (
                        quantities.money(each, tariff.currency) for each in (self.spent, self.most, most)
                    )
                    raise BudgetReachedError(
                        f"max_cost: {spent} of {all_of_it} are spent, and the next request of system {system!r} could "
                        f"cost {next_one}",
                        spent=self.spent,
                        most=self.most,
                        currency=tariff.currency,
                    )
                self._changed.wait()
            reserved = Reserved(self._number, most)
            self._reserved[reserved.number] = most
            self._number += 1
            if self.most is not None and not self._closed:  # a killed run then counts what was under way
                self._write(reserved, system, tariff, most, TokenCounts(), known=False)
        return reserved

    def settle(
        self, system: str, tariff: Tariff, reserved: Reserved, counts: TokenCounts | None, requests: int
    ) -> None:
        """Replace reserved money by the request's cost, or by all that was reserved if the cost is not known."""
        money = math.nan if counts is None else tariff.money(counts, requests)
        known = not math.isnan(money)
        money = money if known else reserved.most
        with self._changed:
            del self._reserved[reserved.number]
            self.spent += money
            if not self._closed and (self.most is not None or requests):
                self._write(reserved, system, tariff, money, counts or TokenCounts(), known=known)
            self._changed.notify_all()

    def _with(self, most: float) -> float:
        """Return the money that is spent, reserved and needed for one more request, in total."""
        return math.fsum((self.spent, *self._reserved.values(), most))

    def _write(
        self, reserved: Reserved, system: str, tariff: Tariff, money: float, counts: TokenCounts, *, known: bool
    ) -> None:
        self._record(
            SpentRow(
                number=reserved.number,
                system=system,
                cost=money,
                currency=tariff.currency,
                at_s=self._now_s(),
                known=known,
                **counts.counts,
            )
        )


@dataclass(frozen=True)
class Reserved:
    """Money that is kept for a request."""

    number: int
    most: float


@dataclass(frozen=True)
class Account:
    """The account from which the requests of one system are paid."""

    spending: Spending
    system: str
    tariff: Tariff

    def reserve(self, prompt_tokens: int, output_tokens: int) -> Reserved:
        """Reserve the most that a request can cost; waits while others are under way.

        Raises:
            BudgetReachedError: not enough is left.
        """
        return self.spending.reserve(self.system, self.tariff, self.tariff.most(prompt_tokens, output_tokens))

    def reserve_money(self, most: float) -> Reserved:
        """Reserve an amount, for several requests that may cost it at most. Waits and raises as `reserve`."""
        return self.spending.reserve(self.system, self.tariff, most)

    def settle(self, reserved: Reserved, counts: TokenCounts | None, requests: int = 1) -> None:
        """Bill a request that has ended.

        Args:
            reserved: for it.
            counts: its tokens; None, or a count that has a price and is None: not known, and all of it counts.
            requests: 0 if it was refused.
        """
        self.spending.settle(self.system, self.tariff, reserved, counts, requests)
