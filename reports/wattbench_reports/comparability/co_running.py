"""Find with how many other device slots of the machine a system was measured, and what of its joules they shared.

Conventions. Several slots of a machine measure at once, and a block's systems follow one another on one slot: what the
others do hits all systems alike, and changes a little from window to window, as slots begin and end. So a system is
said to have been measured with the median number of other slots over its windows. Seconds of a loaded host are compared
with those of a host that was as loaded; joules are so only if a shared component is among them, as a GPU's are its own.

Machines are of one class, within which seconds and joules may be pooled, if they agree in device, driver, power limit,
meter and how many slots measured at once, the parts that forbid a ranking by joules between runs
(`wattbench_reports.comparability.rules`). What one of them does not record equals nothing of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import NOT_RECORDED, Part, machine_parts, part
from wattbench.records.rows.components import within_slot
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting.units import named, plural
from wattbench_reports.tables.node_record import NodeRecord
from wattbench_reports.tables.run_tables import Frames

ALONE = part({"other slots": 0}, "")
"""The part `co_runners` of a system that had the machine alone; older records and imports say nothing else."""
PARTS = ("device", "driver", "power_limit", "meter", "co_runners")


def co_runners_part(windows: pd.DataFrame) -> Part:
    """Return the part `co_runners` of a system's fingerprint.

    Args:
        windows: its measured windows, with the column `co_runners`, which may lack values.
    """
    return part({"other slots": typical(windows["co_runners"])}, "") if len(windows) else ALONE


def typical(co_runners: pd.Series) -> int:
    """Return the median of the numbers of other slots, rounded up; a missing number counts as 0."""
    numbers = _numbers(co_runners)
    return int(np.ceil(np.median(numbers))) if len(numbers) else 0


def _numbers(co_runners: pd.Series) -> NDArray[np.float64]:
    numbers = co_runners.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(numbers), 0.0, numbers)


def shared_ways(ways: Mapping[str, str], windows: pd.DataFrame) -> dict[str, str]:
    """Add to the provenance of shared components by how many slots they were shared.

    Args:
        ways: component to provenance.
        windows: those of which the joules are, with the columns `co_runners` and `shared` (lists of components).
    """
    shared = {name for row in windows["shared"] if row is not None for name in row}
    others = typical(windows["co_runners"])
    return {
        name: f"{how}, a part of what {others + 1} slots shared" if name in shared and others else how
        for name, how in ways.items()
    }


def slots_caveat(frames: Frames) -> Iterator[Caveat]:
    """State that several slots of a machine measured a run at once, and what follows. Nothing where none did.

    Args:
        frames: the tables of the run.
    """
    others, shared_by = _numbers(frames.metering["co_runners"]).tolist(), frames.metering["shared"].tolist()
    rows_of = {
        name: rows
        for name in frames.systems
        if (rows := [row for row in frames.all_measured_rows.get(name, []) if others[row] > 0])
    }
    if not rows_of:
        return
    every = [row for rows in rows_of.values() for row in rows]
    names = tuple(rows_of)
    shared = sorted({name for row in every if shared_by[row] is not None for name in shared_by[row]})
    at_once = plural(int(max(others[row] for row in every)) + 1, "slot")
    text = (
        f"{at_once} of a machine measured at once, at most: seconds of {named(names)} are those of a loaded host, and "
        "are ranked only against those of as many."
    )
    if shared:
        text += f" Joules of {named(shared)} are each slot's part of what all used, by CPU seconds."
    yield Caveat("several-slots", text, names)


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
