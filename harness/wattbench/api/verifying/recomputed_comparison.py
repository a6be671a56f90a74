"""Compute what `compare --format json` prints a second time, from tables that are built from the lines of a run."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError
from wattbench.records.layout import RunLayout

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import RunRecords

_RELATIVE = 1e-6
"""A processor with wider vectors adds in another order, and intervals are of sums of sums."""


def comparison_differences(records: RunRecords, rebuilt: Rebuilt) -> Iterator[str]:
    """Yield a sentence for each figure, text or row of the comparison that is not that of the lines.

    Args:
        records: of a finished run.
        rebuilt: its tables, from its lines.
    """
    with tempfile.TemporaryDirectory(prefix="wattbench-verify-") as folder:
        printed, by_lines = _printed(records), _printed(_with_tables(records, rebuilt, Path(folder)))
    for where, one, other in _differing("", printed, by_lines):
        yield f"compare prints {where} {_short(one)}, and the lines give {_short(other)}"


@dataclass(frozen=True)
class _OtherTables(RunLayout):
    """A run whose tables are in another folder."""

    folder: Path

    @property
    def items_table(self) -> Path:  # type: ignore[override]
        return self.folder / super().items_table.name

    @property
    def windows_table(self) -> Path:  # type: ignore[override]
        return self.folder / super().windows_table.name


def _with_tables(records: RunRecords, rebuilt: Rebuilt, folder: Path) -> RunRecords:
    from wattbench.records.tables.run_tables import items_parquet, windows_parquet

    layout = _OtherTables(records.layout.root, folder)
    layout.items_table.write_bytes(items_parquet(rebuilt.items))
    layout.windows_table.write_bytes(windows_parquet(rebuilt.windows))
    return replace(records, layout=layout, check_digests=False)


def _printed(records: RunRecords) -> Any:
    """Return the comparison as programs read it, or why there is none. What is next to the run is left out."""
    from wattbench_reports.export import render
    from wattbench_reports.export.compared_runs import compare_runs
    from wattbench_reports.metrics.assumptions import ALONE

    try:
        compared = compare_runs([records], assumptions=ALONE)
    except UserError as error:
        return str(error).replace(str(records.layout.root), "")
    return json.loads(render(compared.comparison, "json", compared.decided))


def _differing(where: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differing(f"{where}.{key}" if where else str(key), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            name = first.get("system") if isinstance(first, dict) else None
            yield from _differing(f"{where}[{number if name is None else name}]", first, second)
    elif not _same(one, other):
        yield where, one, other


def _same(one: Any, other: Any) -> bool:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    if numbers:
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12)
    return bool(one == other)


def _short(value: Any) -> str:
    return f"{value!r:.60}"
