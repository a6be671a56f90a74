"""Count the spending of a run: prices of its systems, its budget, and what earlier parts of it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.clock import now_s
from wattbench.config import AskingSystem, EndpointSystem, Resolved
from wattbench.config.apis import Budget
from wattbench.errors import UserError
from wattbench.measure.code_to_run import with_members
from wattbench.records import RunRecords, RunWriter
from wattbench.records.rows.spending import spent
from wattbench.systems.spending import Spending, Tariff


def spending_of(resolved: Resolved, records: RunRecords, writer: RunWriter) -> Spending:
    """Return the counter of what a run spends, continued from its record."""
    tariffs = tariffs_of(resolved.with_judges)
    budget = None if resolved.suite.max_cost is None else Budget.of(resolved.suite.max_cost)
    rows = records.spending()
    return Spending(
        tariffs,
        most=None if budget is None else budget.most,
        spent=0.0 if budget is None else spent(rows).get(budget.currency, 0.0),
        first_number=max((row.number for row in rows), default=-1) + 1,
        record=writer.append_spent,
        now_s=now_s,
    )


def tariffs_of(systems: Mapping[str, Any]) -> dict[str, Tariff]:
    """Return the tariff of each endpoint and each agent with a price, members of hybrids included."""
    return {
        name: tariff
        for name, config in with_members(systems).items()
        if isinstance(config, EndpointSystem | AskingSystem) and (tariff := Tariff.of(config.price)) is not None
    }


def check_budget(resolved: Resolved) -> None:
    """Check that a budget can be kept: every system with a price is an endpoint or an agent, in the budget's currency.

    Raises:
        UserError: it cannot.
    """
    if resolved.suite.max_cost is None:
        return
    where, budget = f"{resolved.path}: max_cost", Budget.of(resolved.suite.max_cost)
    if resolved.suite.measure.load is not None:
        raise UserError(f"{where}: under scenario: load requests arrive whatever they cost. Leave max_cost out")
    for name, config in with_members(resolved.with_judges).items():
        tariff = Tariff.of(config.price)
        if tariff is None:
            if isinstance(config, EndpointSystem) and config.service is not None:
                raise UserError(
                    f"{where}: system {name!r} has no price of tokens or requests, so that what it costs cannot be "
                    "counted. Give it a price:"
                )
            continue
        if isinstance(config, AskingSystem) and config.max_cost is None:
            raise UserError(
                f"{where}: system {name!r} is an agent, and what one attempt may cost is not bounded: write max_cost "
                "there, too"
            )
        if not isinstance(config, EndpointSystem | AskingSystem):
            raise UserError(
                f"{where}: system {name!r} has a price, and only requests of engine endpoint are counted as they are "
                f"sent (here: {config.engine}). Leave max_cost out, or leave the system out"
            )
        if tariff.currency != budget.currency:
            raise UserError(
                f"{where}: it is in {budget.currency}, and the price of system {name!r} in {tariff.currency}; none is "
                "converted. State both in one currency"
            )
