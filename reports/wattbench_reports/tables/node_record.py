"""Read which machines measured a run, and which blocks each of them asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattbench.errors import UserError
from wattbench_reports.tables.run_tables import NODE, Frames

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class NodeRecord:
    """One machine of a run."""

    node: str
    """As `wattbench.machine.environment` names it: 12 hexadecimal digits; empty in an older record."""
    environment: Mapping[str, Any]
    """As a header has it. So `meters`, component to provenance."""
    meters: Mapping[str, Any]
    blocks: tuple[int, ...]
    """Those whose answers count that it asked; none in a run without blocks."""
    windows: pd.DataFrame
    """Its measured windows, columns ``co_runners`` and ``shared``; missing in older records."""


def node_records(frames: Frames) -> tuple[NodeRecord, ...]:
    """Return the machines of a run, in the order of their first blocks; empty for an imported run.

    Raises:
        UserError: a block was measured by several machines, so that its pairs are not of one.
    """
    if frames.record.imported is not None:
        return ()
    header, windows = frames.run.header, frames.windows
    measured = windows[windows["purpose"] == "measured"]
    in_block = measured[measured["block"].notna()]
    by_block = in_block.groupby(in_block["block"].astype(int))[NODE].unique()
    blocks: dict[str, list[int]] = {}
    for block, nodes in zip(by_block.index.tolist(), by_block, strict=True):
        if len(nodes) > 1:
            raise UserError(
                f"{frames.run.layout.windows_table}: windows of block {block} are of several machines "
                f"({', '.join(map(str, nodes))}), but a block is asked whole on one; the record is damaged"
            )
        blocks.setdefault(str(nodes[0]), []).append(block)
    for node in pd.unique(measured[NODE]):
        blocks.setdefault(str(node), [])
    known = header.machines
    slots = frames.metering[["co_runners", "shared"]].loc[measured.index]
    return tuple(
        NodeRecord(
            node=node,
            environment=_part(known, node, "environment") if known else header.environment,
            meters=_part(known, node, "meters") if known else header.meters,
            blocks=tuple(of_node),
            windows=slots[measured[NODE] == node],
        )
        for node, of_node in blocks.items()
    )


def _part(machines: Mapping[str, Any], node: str, name: str) -> Mapping[str, Any]:
    part = machines.get(node, _EMPTY).get(name)
    return part if isinstance(part, Mapping) else _EMPTY
