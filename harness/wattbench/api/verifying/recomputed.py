"""Compute the tables of a run from its lines, and what `compare` prints from those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wattbench.api.verifying.check import Check, check, not_made

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import RunRecords, WindowRow


def tables(records: RunRecords) -> tuple[Check, Rebuilt | None]:
    """Compare the tables with those that the lines give; return these too, where they are the same."""
    if records.header.imported is not None:
        return not_made("tables", "tables and figures: an imported run has no lines behind them"), None
    from wattbench.measure.rebuilt_tables import rebuild, table_differences

    rebuilt: list[Rebuilt] = []

    def differences() -> Iterator[str]:
        rebuilt.append(rebuild(*as_finished(records)))
        yield from table_differences(records, rebuilt[0])

    made = check("tables", "items.parquet and windows.parquet, from the lines", differences, records.layout.root)
    return made, rebuilt[0] if rebuilt and not made.problems else None


def as_finished(records: RunRecords) -> tuple[RunRecords, Sequence[WindowRow]]:
    """Return the run without what was interrupted, and its windows, as its scenario ended."""
    if records.header.gate is not None:
        from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds

        rounds = CompleteRounds.of(records.layout)
        return rounds, rounds.windows()
    from wattbench.scenarios.closed_loop import with_abandoned

    return records, with_abandoned(records)


def figures(records: RunRecords, rebuilt: Rebuilt) -> Check:
    """Compare what `compare` prints with plain sums of the lines, and with what it prints of their tables."""
    from wattbench.api.verifying.plain_figures import figure_differences
    from wattbench.api.verifying.recomputed_comparison import comparison_differences

    def differences() -> Iterator[str]:
        yield from figure_differences(records, rebuilt.items)
        yield from comparison_differences(records, rebuilt)

    return check("figures", "all that compare prints, from the lines", differences, records.layout.root)
