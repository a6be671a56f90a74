"""Say which systems a run stopped asking, when, and why.

The bounds in these sentences hold together over all looks of the run (`wattbench.records.rows.looks`).
"""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.records import BoundedRow, DroppedRow, LookRow
from wattbench_reports.decision.model import SHARE
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
    """Say why a system is not asked any more, as a clause.

    ``its accuracy is at most 61.0%, and at least 80% is required``;
    ``it costs at least 2.1 J per request more than small, which meets what is required``.

    Args:
        row: the system.
        look: that dropped it.
    """
    if row.rival is not None:
        return _worse_than(row, row.rival, look)
    if row.quantity is None or row.bound is None:
        return "it does not meet what is required"
    required, currency = Requirement(row.quantity, row.bound, row.domain), look.currency or ""
    if row.figure is None or row.figure.high is None or row.figure.low is None:
        return f"it does not meet {full_text(required, currency)}"
    if row.quantity == "p95":
        share, limit = units.percent(row.figure.high), value_text(required, row.bound, currency)
        return f"at most {share} of its requests end within {limit}, and {units.percent_of(SHARE)} are required to"
    least = row.quantity == "accuracy"
    side, known = ("at most", row.figure.high) if least else ("at least", row.figure.low)
    verb = "are" if row.quantity in ("joules", "grams") else "is"
    shown = f"its {quantity_text(required)} {verb} {side} {value_text(required, known, currency)}"
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
    others = [name for name in row.worse if name != loss]
    clause = _by_how_much(loss, row.worse.get(loss), rival, look)
    if row.meets:
        clause += f", which meets what {'else ' if others else ''}is required"
    return clause + "".join(f", and its {_named(name)} is {_worse(name)}" for name in others)


def _by_how_much(loss: str, by: BoundedRow | None, rival: str, look: LookRow) -> str:
    if by is None or by.low is None:
        return f"it is worse than {rival}"
    if loss == "accuracy":
        return f"its accuracy is at least {units.points(by.low)} lower than that of {rival}"
    if loss == "benefit":
        return f"its net benefit is at least {_amount(by.low, look)} lower than that of {rival}"
    return f"it costs at least {_amount(by.low, look)} more than {rival}"


def _amount(value: float, look: LookRow) -> str:
    if look.currency is not None:
        words = money_words(look.currency, [value])
        return words.of_requests(words.amount(value))
    return f"{units.quantity(value, _UNITS.get(look.unit or '', ''))} per request"


def _named(key: str) -> str:
    """Name what is compared, by its key in `DroppedRow.worse`: ``accuracy in code``."""
    quantity, _, domain = key.partition(":")
    return f"{quantity} in {domain}" if domain else quantity


def _worse(key: str) -> str:
    return "lower" if key.partition(":")[0] in _OF_ANSWERS else "higher"
