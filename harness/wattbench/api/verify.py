"""Verify a run: that it is still what was written, and that its figures follow from its lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import RunRecords, WindowRow
    from wattbench.records.finish_record import FinishRecord

MOST_ROWS = 1_000_000
"""Rows of a table that are checked one by one, each in memory: of more, digests and lines alone are checked."""

_SHOWN = 10
"""Problems of one check that are listed; the rest are counted."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    """``digests``, ``lines``, ``traces``, ``invariants``, ``tables`` or ``figures``."""
    said: str
    """What was found, in a clause; of a check that could not be made: why."""
    problems: tuple[str, ...] = ()
    """A sentence for each; empty if all is well."""
    made: bool = True
    """Whether it could be made."""


@dataclass(frozen=True)
class Verified:
    """What was found of a run."""

    run: Path
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check has found a problem."""
        return not any(check.problems for check in self.checks)


def verify(run: str | os.PathLike[str]) -> Verified:
    """Check a finished run against its digests and itself. Nothing is written.

    Args:
        run: its directory.

    Raises:
        UserError: it is not the directory of a run, or is not finished.
    """
    from wattbench.records import read_run
    from wattbench.records.finish_record import read_finish
    from wattbench_reports.tables.run_tables import check_finished

    root = Path(run)
    records = replace(read_run(root), check_digests=False)  # a check of its own: the others then go on
    check_finished(records)
    try:
        record = read_finish(records.layout)
    except UserError as error:
        return Verified(root, (Check("digests", "cannot be read", (_without_path(str(error), root),)),))
    checks = [_digests(records, record), _lines(records), *_spoiled_traces(records)]
    if not checks[1].problems:
        rows = _rows(records)
        if rows > MOST_ROWS:
            checks.append(Check("invariants", f"not checked: {rows:,} rows, and at most {MOST_ROWS:,} are", made=False))
        else:
            checks.append(_invariants(records, record))
            checks += _recomputed(records)
    return Verified(root, tuple(checks))


def _rows(records: RunRecords) -> int:
    """Return the rows of `items.parquet`; 0 where it cannot be read, which the checks say."""
    from wattbench.records.tables.table_columns import TableColumns

    try:
        with TableColumns(records.layout.items_table) as table:
            return table.rows
    except UserError:
        return 0


def _digests(records: RunRecords, record: FinishRecord) -> Check:
    from wattbench.records.verified_files import changed_files

    if record.sha256 is None:
        return Check(
            "digests",
            "none: the run is of an older wattbench. A change that keeps it consistent is not found",
            made=False,
        )
    return _check(
        "digests",
        f"{len(record.sha256)} files are as they were written",
        lambda: changed_files(records.layout, record),
        records.layout.root,
    )


def _lines(records: RunRecords) -> Check:
    """Read every line of the run: each field has its type and range."""
    return _check(
        "lines",
        "every field has its type and is in its range",
        lambda: _problems_of_lines(records),
        records.layout.root,
    )


def _problems_of_lines(records: RunRecords) -> Iterable[str]:
    readers: list[Callable[[], object]] = [
        records.systems, records.windows, records.passes, records.block_plan, records.blocks, records.open_windows,
        records.loads, records.rounds, records.phases, records.spending, records.estimates, records.summaries,
    ]  # fmt: skip
    for read in readers:
        try:
            read()
        except UserError as error:
            yield _without_path(str(error), records.layout.root)
    for cell in records.header.cells:
        system, task = str(cell.get("system")), str(cell.get("task"))
        for of_cell in (records.answers_of_all_attempts, records.scores, _checked_experts(records)):
            try:
                of_cell(system, task)
            except UserError as error:
                yield _without_path(str(error), records.layout.root)


def _checked_experts(records: RunRecords) -> Callable[[str, str], object]:
    from wattbench.records.reader import read_rows
    from wattbench.records.rows.experts import ExpertRow

    return lambda system, task: read_rows(records.layout.experts(system, task), ExpertRow)


def _spoiled_traces(records: RunRecords) -> list[Check]:
    """Name the power traces that reports leave out: no figure but those drawn of them is less true without."""
    from wattbench.records.finish_record import run_files
    from wattbench_reports.tables.power_trace import trace_table

    root = records.layout.root
    names = [name for name in run_files(records.layout) if name.startswith("power/")]
    spoiled = [_without_path(said, root) for name in names if (said := trace_table(root / name)[1]) is not None]
    more = f", and {len(spoiled) - 1} more" if len(spoiled) > 1 else ""
    return [Check("traces", f"cannot be read, and are not shown: {spoiled[0]}{more}", made=False)] if spoiled else []


def _invariants(records: RunRecords, record: FinishRecord) -> Check:
    from wattbench.records.invariants import table_problems
    from wattbench.records.line_checks import line_problems

    what = (
        "no row and no window is there twice, all answers are of the same documents, and joules of items sum to their"
    )
    said = f"{what} windows'" if records.header.imported is None else "no row is there twice, and scores are possible"

    def problems() -> Iterable[str]:
        yield from line_problems(records)
        yield from table_problems(records, record.items, record.windows)

    return _check("invariants", said, problems, records.layout.root)


def _recomputed(records: RunRecords) -> list[Check]:
    """Build the tables from the lines, and what `compare` prints from those."""
    root = records.layout.root
    if records.header.imported is not None:
        return [Check("tables", "not recomputed: an imported run has no lines behind its tables", made=False)]
    from wattbench.measure.rebuilt_tables import rebuild, table_differences

    rebuilt: list[Rebuilt] = []

    def differences() -> Iterable[str]:
        counted, windows = _as_finished(records)
        rebuilt.append(rebuild(counted, windows))
        return table_differences(records, rebuilt[0])

    tables = _check("tables", "each figure is that of the lines", differences, root)
    if tables.problems or not rebuilt:
        return [tables]
    return [tables, _figures(records, rebuilt[0])]


def _as_finished(records: RunRecords) -> tuple[RunRecords, Sequence[WindowRow]]:
    """Return the run without what was interrupted, and its windows, as its scenario ended."""
    if records.header.gate is not None:
        from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds

        rounds = CompleteRounds.of(records.layout)
        return rounds, rounds.windows()
    from wattbench.scenarios.closed_loop import with_abandoned

    return records, with_abandoned(records)


def _figures(records: RunRecords, rebuilt: Rebuilt) -> Check:
    from wattbench.api.plain_figures import figure_differences
    from wattbench.api.recomputed_comparison import comparison_differences

    def differences() -> Iterable[str]:
        yield from figure_differences(records, rebuilt.items)
        yield from comparison_differences(records, rebuilt)

    said = "all that compare prints is that of the lines; accuracy, seconds, tokens and joules are plain sums of them"
    return _check("figures", said, differences, records.layout.root)


def _check(name: str, said: str, problems: Callable[[], Iterable[str]], root: Path) -> Check:
    """Make a check. What cannot be read is its problem."""
    sentences: list[str] = []
    try:
        for problem in problems():
            sentences.append(problem)  # noqa: PERF402  # what was found before an error counts
    except UserError as error:
        sentences.append(_without_path(str(error), root))
    if len(sentences) > _SHOWN:
        sentences = [*sentences[:_SHOWN], f"{len(sentences) - _SHOWN} more"]
    return Check(name, said if not sentences else "failed", tuple(sentences))


def _without_path(text: str, root: Path) -> str:
    return text.replace(f"{root}{os.sep}", "").replace(f"{root}: ", "")
