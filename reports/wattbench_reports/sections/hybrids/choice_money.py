"""The money of a hybrid and of other choices of its members."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from wattbench_reports.analyses.hybrids import Choice, Study
from wattbench_reports.formatting import units
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.sections.hybrids.words import choice_name
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.stats import Interval


def money_table(each: Study, money: RunMoney | None) -> Iterable[Table]:
    """Make the table, where the money of the hybrid or of some choice is known."""
    choices = [*each.choices, *each.always]
    if money is None or all(choice.outcome.money_per_request is None for choice in choices):
        return
    factor, scale = units.money_scale(choice.outcome.money_per_request for choice in choices)
    of_correct, scale_of_correct = units.money_scale(
        (choice.outcome.money_per_correct for choice in choices), noun="correct answer"
    )
    base = "replayed" if each.bench.fully_replayable else "live"
    items = len(each.bench.rows)

    def row(choice: Choice) -> tuple[Cell, ...]:
        outcome = choice.outcome
        return (
            Cell(choice_name(choice, items)),
            Cell(units.percent(outcome.accuracy)),
            Cell(_money(outcome.money_per_request, factor, money.currency)),
            Cell(_money(outcome.money_per_correct, of_correct, money.currency)),
            Cell(_saved(choice.saved_money, factor, money.currency)),
        )

    yield Table(
        caption=f"Money of other choices for {each.routing.system}",
        columns=(
            Column("Choice"),
            Column("Accuracy", numeric=True),
            Column(f"{money.currency} per {scale}", numeric=True),
            Column(f"{money.currency} per {scale_of_correct}", numeric=True),
            Column(f"Saved per {scale}", numeric=True),
        ),
        rows=tuple(map(row, choices)),
        note=(
            "Over the same items. Every member that is asked is billed, also where its answer is not taken. Saved: "
            f"the choice compared with the hybrid, {base}, with 95% confidence intervals over the items; below 0 the "
            "hybrid costs less. A dash: the price of a member is not known, or the routing itself pays for tokens or "
            "hours, which other routes would change. The oracles, the random member and always the same member "
            "include no cost of routing."
        ),
    )


def _money(value: float | None, factor: float, currency: str) -> str:
    if value is not None and math.isinf(value):
        return "none correct"
    return units.money(None if value is None else value * factor, currency)


def _saved(saved: Interval | None, factor: float, currency: str) -> str:
    if saved is None:
        return units.NONE
    # Sums of the same prices in another order differ by rounding, which is no saving.
    estimate = saved.estimate if abs(saved.estimate) > 1e-9 * (saved.high - saved.low) else 0.0
    scaled = replace(saved, estimate=estimate).times(factor)
    if math.isinf(scaled.high):
        return f"{units.money(scaled.estimate, currency)} [−∞, ∞]".replace("-", "−")
    return units.money_interval(scaled, currency).replace("-", "−")
