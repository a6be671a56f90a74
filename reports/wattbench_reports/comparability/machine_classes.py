"""Divide the machines of a run into classes, within which seconds and joules may be pooled.

Machines are of one class if they agree in device, driver, power limit, meter and how many slots measured at once, the
parts that forbid a ranking by joules between runs (`wattbench_reports.comparability.rules`). What one of them does not
record equals nothing of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.records import NOT_RECORDED, Part, machine_parts, part
from wattbench.records.rows.components import within_slot
from wattbench_reports.comparability.co_running import co_runners_part, shared_ways
from wattbench_reports.tables.node_record import NodeRecord

PARTS = ("device", "driver", "power_limit", "meter", "co_runners")


def parts_of(node: NodeRecord) -> dict[str, Part]:
    """Return the parts of a machine by which it is compared: `PARTS`."""
    machine = machine_parts(node.environment, node.node)
    names = within_slot(node.meters)
    read = {names[component]: str(how) for component, how in sorted(node.meters.items())}
    return {
        **{name: machine[name] for name in PARTS[:3]},
        "meter": part(shared_ways(read, node.windows), node.node),
        "co_runners": co_runners_part(node.windows),
    }


def machine_classes(nodes: Sequence[NodeRecord]) -> tuple[tuple[NodeRecord, ...], ...]:
    """Return the classes of machines, those with the most blocks first. On a tie, the class of the first block."""
    divided: dict[tuple[Part, ...], list[NodeRecord]] = {}
    for node in nodes:
        divided.setdefault(tuple(parts_of(node).values()), []).append(node)
    return tuple(
        tuple(members) for members in sorted(divided.values(), key=lambda each: -sum(len(node.blocks) for node in each))
    )


def in_words(facts: Part, *names: str) -> str:
    """Write the recorded facts of a part in words: ``1 × Example GPU, Example CPU``."""
    values = [facts.fact(name) for name in names or dict(facts.facts)]
    return ", ".join(value for value in values if value not in ("none", NOT_RECORDED, "–"))
