"""Say which systems a run stopped asking, when, and why.

The bounds in these sentences hold together over all looks of the run (`wattbench.records.rows.looks`).
"""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.records import BoundedRow, DroppedRow, LookRow
from wattbench_reports.formatting import units
from wattbench_reports.metrics.decision_settings import Requirement
from wattbench_reports.wording.decision.costs import money_words
from wattbench_reports.wording.decision.requirements import full_text, quantity_text, required_text, value_text

_UNITS = {"joules": "J", "grams": "g", "seconds": "s"}
_OF_ANSWERS = ("accuracy", "benefit")
"""What is better where it is higher."""


def dropped_lines(look: LookRow, blocks: int) -> list[str]:
    """Return a line for each system that a look drops, with the reason.

    Args:
        look: a line of `looks.jsonl`.
        blocks: how many the run has.
    """
    return [
        f"after block {look.blocks} of {blocks}: {row.system} is not asked any more: {reason(row, look)}"
        for row in look.dropped
    ]


def reason(row: DroppedRow, look: LookRow) -> str:
    """Say why a system is not asked any more, as a clause: ``its accuracy is at most 61.0%, and ... is required``.

    Args:
        row: the system.
        look: that dropped it.
    """
    if row.rival is not None:
        return _worse_than(row, row.rival, look)
    if row.quantity is None or row.bound is None:
        return "other systems, or mixes of two, cost less and answer more correctly"
    required = Requirement(row.quantity, row.bound, row.domain)
    currency = look.currency or ""
    least = row.quantity == "accuracy"
    known = None if row.figure is None else row.figure.high if least else row.figure.low
    if known is None:
        return f"it does not meet {full_text(required, currency)}"
    side = "at most" if least else "at least"
    shown = f"its {quantity_text(required)} is {side} {value_text(required, known, currency)}"
    return f"{shown}, and {required_text(required, currency)} is required"


def left_out_line(looks: Sequence[LookRow], systems: int, left_out: int, of: int) -> str | None:
    """Say which systems a run did not ask to the end, and how many requests that left out; None if there are none.

    Args:
        looks: of the run.
        systems: how many it began with.
        left_out: answers that were not asked for.
        of: how many there would be with all systems asked to the end.
    """
    groups = [(look.blocks, [row.system for row in look.dropped]) for look in looks if look.dropped]
    if not groups:
        return None
    number = sum(len(names) for _, names in groups)
    when = "; ".join(f"after block {blocks}: {units.named(names)}" for blocks, names in groups)
    return (
        f"{number} of {units.plural(systems, 'system')} could not be chosen any more and {_were(number)} not asked to "
        f"the end ({when}): {left_out:,} of {units.plural(of, 'request')} left out"
    )


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _worse_than(row: DroppedRow, rival: str, look: LookRow) -> str:
    loss = look.objective if look.objective in _OF_ANSWERS else "cost"
    by = row.worse.get(loss)
    if by is None:
        return f"{rival} is better in what the choice depends on"
    amount = _amount(loss, _least(by), look)
    clause = {
        "accuracy": f"its accuracy is at least {amount} lower than that of {rival}",
        "benefit": f"its net benefit is at least {amount} lower than that of {rival}",
        "cost": f"it costs at least {amount} more than {rival}",
    }[loss]
    if loss == "cost" and look.objective == "cost" and "accuracy" not in row.worse:
        return f"{clause}, which meets what is required"
    others = [name for name, each in row.worse.items() if name != loss and _least(each) >= 0]
    return clause + "".join(f", and its {name} is no {'higher' if name in _OF_ANSWERS else 'lower'}" for name in others)


def _least(by: BoundedRow) -> float:
    return by.estimate if by.low is None else by.low


def _amount(quantity: str, value: float, look: LookRow) -> str:
    if quantity == "accuracy":
        return units.points(value)
    if quantity == "benefit" or look.unit == "money":
        words = money_words(look.currency or "", [value])
        return words.of_requests(words.amount(value))
    return f"{units.quantity(value, _UNITS.get(look.unit or '', ''))} per request"
