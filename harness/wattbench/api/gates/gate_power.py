"""Say what a gate of a suite can find, before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wattbench.api.gates.judge_gate import as_reports_know_it, calibrated_noise

if TYPE_CHECKING:
    from wattbench.config import GatePolicy
    from wattbench.measure.plan import Planned
    from wattbench.scenarios.interleaved.paid_by import PaidBy


def items_by_domain(cells: Iterable[Planned]) -> dict[str, int] | None:
    """Return domain to how many items the suite has of it; None where that is not known of some task."""
    of_task = {cell.choice.task: (cell.choice.domain, cell.items) for cell in cells}
    numbers: dict[str, int] = {}
    for domain, items in of_task.values():
        if items is None:
            return None
        numbers[domain] = numbers.get(domain, 0) + items
    return numbers


def what_a_gate_finds(
    policy: GatePolicy,
    items: Mapping[str, int] | None,
    meters: Mapping[str, str],
    environment: Mapping[str, Any] | None = None,
    paid: PaidBy | None = None,
) -> list[str]:
    """Return what a gate finds with its items, in sentences; first a warning where it can never pass.

    Args:
        policy: of the gate.
        items: domain to how many items the suite has of it, of `items_by_domain`; with None nothing is said.
        meters: component to the provenance of its joules.
        environment: of this machine, whose noise is taken from the calibration that the policy names.
        paid: what the money of its systems is made of; None: they have no price.
    """
    from wattbench.scenarios.interleaved.gate import judges_joules
    from wattbench.scenarios.interleaved.paid_by import PaidBy
    from wattbench_reports.gate.decision.detectable import detectable, layout_in_turns, undecidable
    from wattbench_reports.gate.metrics import ENERGY, MONEY
    from wattbench_reports.wording.gate import finds_text, undecidable_text

    whole = sum((items or {}).values())
    if not items or not whole:
        return []
    most = min(policy.max_items or whole, whole)
    judged = as_reports_know_it(policy)
    paid = PaidBy.NOTHING if paid is None else paid
    unjudged: tuple[str, ...] = () if judges_joules(policy, meters, paid) else ENERGY
    if paid is PaidBy.NOTHING or (paid is PaidBy.JOULES and unjudged):
        unjudged = (*unjudged, *MONEY)
    judged = replace(judged, rules=tuple(rule for rule in judged.rules if rule.metric not in unjudged))
    layout = layout_in_turns(judged, most, money_by_joules=paid is PaidBy.JOULES)
    domains = {domain: number * most // whole for domain, number in items.items()}
    warning = undecidable_text(undecidable(judged, most, layout=layout, domains=domains), most)
    noise = calibrated_noise(judged, environment or {})
    sizes = detectable(judged, most, noise=noise, layout=layout)
    finds = finds_text(sizes, [rule.metric for rule in judged.rules], judged, most)
    return [*([f"WARNING: {warning}"] if warning else []), *([finds] if finds else [])]
