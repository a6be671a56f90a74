"""Say what a gate of a suite can find, before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wattbench.api.gates.judge_gate import calibrated_noise
from wattbench.scenarios.interleaved.gate import PaidBy, judges_joules
from wattbench_reports.gate.decision.case import resolved
from wattbench_reports.gate.decision.outlook import accuracy_can_pass, detectable_before
from wattbench_reports.gate.metrics import SEPARATOR
from wattbench_reports.gate.policy import policy_of
from wattbench_reports.metrics.registry import ACCURACY, ENERGY, MONEY
from wattbench_reports.wording.gate import finds_text, margins_text, undecidable_text

if TYPE_CHECKING:
    from wattbench.config import GatePolicy
    from wattbench.measure.plan import Planned
    from wattbench_reports.gate.policy import Policy


def items_by_domain(cells: Iterable[Planned]) -> dict[str, int] | None:
    """Map each domain to the suite's number of items in it. None if the number of some task is not known."""
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
    """Return sentences on the margins of a gate and the changes that it finds.

    The first is a warning if the gate can never pass. The changes are named where a calibration has the noise of this
    machine.

    Args:
        policy: of the gate.
        items: domain to how many items the suite has of it, of `items_by_domain`; with None nothing is said.
        meters: component to the provenance of its joules.
        environment: of this machine, whose noise is taken from the calibration that the policy names.
        paid: what the money of its systems is made of; None: they have no price.
    """
    whole = sum((items or {}).values())
    if not items or not whole:
        return []
    most = min(policy.max_items or whole, whole)
    judged = resolved(policy_of(policy), most)
    paid = PaidBy.NOTHING if paid is None else paid
    unjudged: tuple[str, ...] = () if judges_joules(policy, meters, paid) else ENERGY
    if paid is PaidBy.NOTHING or (paid is PaidBy.JOULES and unjudged):
        unjudged = (*unjudged, *MONEY)
    judged = replace(judged, rules=tuple(rule for rule in judged.rules if rule.metric not in unjudged))
    warning = undecidable_text(
        _undecidable(judged, most, {of: part * most // whole for of, part in items.items()}), most
    )
    sizes = detectable_before(judged, most, calibrated_noise(judged, environment or {}))
    said = [f"WARNING: {warning}" if warning else "", margins_text(judged, most), finds_text(sizes, judged, most)]
    return [sentence for sentence in said if sentence]


def _undecidable(policy: Policy, items: int, domains: Mapping[str, int]) -> list[str]:
    """Return the names of the accuracies that even an unchanged candidate could not pass."""
    names = []
    for rule in policy.rules:
        if rule.metric == ACCURACY and rule.blocks:
            names += [ACCURACY] * (not accuracy_can_pass(rule.margin, items, policy.beta))
            names += [
                f"{ACCURACY}{SEPARATOR}{domain}"
                for domain, count in domains.items()
                if rule.each_domain is not None and not accuracy_can_pass(rule.each_domain, count, policy.beta)
            ]
    return names
