"""Compute a run a second time: its tables from its lines, what `compare` prints from those, and its scores."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.verifying.check import Check, check, not_made
from wattbench.api.verifying.plain_figures import figure_differences
from wattbench.errors import UserError
from wattbench.measure.rebuilt_tables import rebuild, table_differences
from wattbench.progress.notices import stdout_to_stderr
from wattbench.records.layout import RunLayout
from wattbench.records.tables.run_tables import items_parquet, windows_parquet
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.metrics.assumptions import ALONE

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import RunRecords, WindowRow

_RELATIVE = 1e-6
"""A processor with wider vectors adds in another order, and intervals are of sums of sums."""


def tables(records: RunRecords) -> tuple[Check, Rebuilt | None]:
    """Compare the run's tables with tables rebuilt from its lines.

    Return the check, and the rebuilt tables if they are equal.
    """
    if records.header.imported is not None:
        return not_made("tables", "tables and figures: an imported run has no lines behind them"), None

    rebuilt: list[Rebuilt] = []

    def differences() -> Iterator[str]:
        rebuilt.append(rebuild(*as_finished(records)))
        yield from table_differences(records, rebuilt[0])

    made = check("tables", "items.parquet and windows.parquet, from the lines", differences, records.layout.root)
    return made, rebuilt[0] if rebuilt and not made.problems else None


def as_finished(records: RunRecords) -> tuple[RunRecords, Sequence[WindowRow]]:
    """Return the records without the interrupted rounds of a gate, and the windows as the scenario ended them."""
    if records.header.gate is not None:
        rounds = CompleteRounds.of(records.layout)
        return rounds, rounds.windows()
    from wattbench.scenarios.closed_loop import with_abandoned

    return records, with_abandoned(records)


def figures(records: RunRecords, rebuilt: Rebuilt) -> Check:
    """Check all that `compare` prints against plain sums of the lines, and against the rebuilt tables."""

    def differences() -> Iterator[str]:
        yield from figure_differences(records, rebuilt.items)
        yield from comparison_differences(records, rebuilt)

    return check("figures", "all that compare prints, from the lines", differences, records.layout.root)


def scores(records: RunRecords, *, run_code: bool, allow_unsafe_code: bool) -> Check:
    """Compare the recorded scores with new scores of the same answers, for the tasks that may be loaded."""
    with stdout_to_stderr():
        from wattbench.tasks.loading import forget_task_files, quiet_lm_eval

        quiet_lm_eval()  # before anything else imports it
        from wattbench.measure.score_again import score_again

        forget_task_files()
        finished, _ = as_finished(records)
        scored = score_again(finished, run_code=run_code, allow_unsafe_code=allow_unsafe_code)
    left_out = tuple(f"scores of {task}: {why}" if task else f"scores: {why}" for task, why in scored.left_out.items())
    if not scored.answers:
        return not_made("scores", "; ".join(left_out) or "scores: there is no answer")
    said = f"scores of {scored.answers:,} answers, from their texts"
    made = check("scores", said, lambda: scored.differences, records.layout.root)
    return Check("scores", made.said, made.problems, left_out=left_out)


def comparison_differences(records: RunRecords, rebuilt: Rebuilt) -> Iterator[str]:
    """Yield a sentence for each part of the comparison that differs from the comparison of the rebuilt tables.

    Args:
        records: of a finished run.
        rebuilt: its tables, from its lines.
    """
    with tempfile.TemporaryDirectory(prefix="wattbench-verify-") as folder:
        printed, by_lines = _printed(records), _printed(_with_tables(records, rebuilt, Path(folder)))
    for where, one, other in _differing("", printed, by_lines):
        yield f"compare prints {where} {one!r:.60}, and the lines give {other!r:.60}"


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
    layout = _OtherTables(records.layout.root, folder)
    layout.items_table.write_bytes(items_parquet(rebuilt.items))
    layout.windows_table.write_bytes(windows_parquet(rebuilt.windows))
    return replace(records, layout=layout, check_digests=False)


def _printed(records: RunRecords) -> Any:
    """Return the comparison of the run alone as parsed JSON, or the text of the error if there is none."""
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
    elif all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other)):
        if not math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12):
            yield where, one, other
    elif one != other:
        yield where, one, other
