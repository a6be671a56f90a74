"""Add up what shards record in sums: joules by phase, and what was estimated of requests to services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from wattbench.distributed.merging.found_shards import Shard
from wattbench.prefill_decode import add_phases
from wattbench.records import EstimateRow, PhaseRow
from wattbench.records.rows.phases import TOTAL


def merged_phases(shards: Sequence[Shard], system: str) -> Iterator[PhaseRow]:
    """Yield the joules of a system by phase and component, of all shards together.

    Each shard has divided its own, as watts are those of its machine. A component that some shards lack, such as the
    GPU of another slot, is of the answers of the others, which its number of items says.
    """
    of_shards = [
        {row.component: row for row in shard.records.phases() if row.system == system and row.task is None}
        for shard in shards
    ]
    known = [rows for rows in of_shards if any(row.energy_j is not None for row in rows.values())]
    if not known:  # without joules there is a reason alone
        yield from next(filter(None, of_shards), {}).values()
        return
    components = dict.fromkeys(name for rows in known for name in rows if name != TOTAL)
    for component in [*components, TOTAL]:
        yield add_phases([rows[component] for rows in known if component in rows])


def merged_estimates(shards: Iterable[Shard]) -> list[EstimateRow]:
    """Return what was estimated of the requests of each cell to each service, of all shards together."""
    by_key: dict[tuple[str, str, str], list[EstimateRow]] = {}
    for shard in shards:
        for row in shard.records.estimates():
            by_key.setdefault((row.system, row.task, row.answered_by), []).append(row)
    return [_sum(rows) for rows in by_key.values()]


def _sum(rows: Sequence[EstimateRow]) -> EstimateRow:
    estimated = [row for row in rows if row.estimated]
    like = (estimated or rows)[0]
    return replace(
        like,
        requests=sum(row.requests for row in rows),
        estimated=sum(row.estimated for row in rows),
        energy_j=_added([row.energy_j for row in estimated]),
        co2_g=_added([row.co2_g for row in estimated]),
        water_l=_added([row.water_l for row in estimated]),
        notes=list(dict.fromkeys(note for row in rows for note in row.notes)),
    )


def _added(ranges: Sequence[Sequence[float]]) -> list[float]:
    """Add ranges, lowest and highest; where one of them is empty, a figure is missing, and so is the sum."""
    return [sum(each[side] for each in ranges) for side in (0, 1)] if ranges and all(ranges) else []
