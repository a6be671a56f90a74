"""`wattbench.verify`: whether a run is still what was written, and whether its figures follow from its lines."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.verifying.recomputed import figures, scores, tables, verdicts
from wattbench.api.verifying.written import (
    Check,
    digests,
    invariants,
    journal,
    labels,
    lines,
    not_made,
    power,
    signature,
    without_path,
)
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.finish_record import read_finish
from wattbench.records.tables.table_columns import TableColumns
from wattbench_reports.tables.run_tables import check_finished

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import RunRecords

MOST_ROWS = 1_000_000
"""Rows of a table that are checked one by one, each in memory: of more, digests and lines alone are checked."""

MOST_ROWS_AT_ONCE = 20_000
"""Rows of all records of a gate or a merge that are computed again first: each takes 0.3 ms of a processor."""

SIGNATURE = "signature"
_WRITTEN = ("digests", "journal", "lines", "invariants", "labels", SIGNATURE)
"""Checks that compute nothing again."""


@dataclass(frozen=True)
class Verified:
    """The checks of a run."""

    run: Path
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check has found a problem."""
        return not any(check.problems for check in self.checks)

    @property
    def checked(self) -> tuple[str, ...]:
        """Return clauses that name what is unchanged since the run was written."""
        return tuple(check.said for check in self._passed if check.name in _WRITTEN)

    @property
    def recomputed(self) -> tuple[str, ...]:
        """Return clauses that name each figure that was recomputed with the same result, and from what."""
        return tuple(check.said for check in self._passed if check.name not in _WRITTEN)

    @property
    def cannot_know(self) -> tuple[str, ...]:
        """Return clauses on what no check of a record finds, and on what was not checked in this run and why."""
        left_out = [each for check in self.checks for each in (check.left_out if check.made else (check.said,))]
        signed = any(check.name == SIGNATURE for check in self._passed)
        unknown = "how its signer came by it" if signed else "who wrote it"
        return (unknown, "whether the models that it names gave the answers", *left_out)

    @property
    def _passed(self) -> list[Check]:
        return [check for check in self.checks if check.made and not check.problems]


def verify(
    run: str | os.PathLike[str],
    *,
    run_code: bool = False,
    allow_unsafe_code: bool = False,
    signers: str | os.PathLike[str] | None = None,
) -> Verified:
    """Check a finished run against its digests and itself. Nothing is written into it, and no system is asked.

    Args:
        run: its directory, or what `wattbench.read` returns.
        run_code: let tasks run the code of their files, and fetch their documents, to score the answers again.
        allow_unsafe_code: let them also run code that a model wrote.
        signers: a file of OpenSSH keys of which one must have signed the run, as `allowed_signers`. None: any or none.

    Raises:
        UserError: it is not the directory of a run, or is not finished.
    """
    records = _opened(Path(run))
    checks, rebuilt = _of_record(records)
    if rebuilt is not None:
        checks.append(figures(records, rebuilt))
    if any(check.name == "tables" for check in checks):
        checks.append(scores(records, run_code=run_code, allow_unsafe_code=allow_unsafe_code))
        if (of_judges := verdicts(records)) is not None:
            checks.append(of_judges)
    signed = signature(records, None if signers is None else Path(signers))
    return Verified(records.layout.root, (*checks, *([] if signed is None else [signed])))


def require_verified(runs: Iterable[Path]) -> None:
    """Verify runs before anything is concluded from them. Tasks are not loaded, and runs not compared again.

    One without digests, which is older, is checked by its lines alone; of more than `MOST_ROWS_AT_ONCE` rows in all, no
    more is checked than that they are as they were written.

    Raises:
        UserError: one does not verify; its first problem is named.
    """
    opened = [_opened(run) for run in runs]
    few = sum(map(_rows, opened)) <= MOST_ROWS_AT_ONCE
    for records in opened:
        checks = _of_record(records)[0] if few else _as_written(records)
        older = checks[0].name == "digests" and not checks[0].made
        for check in checks:
            for problem in check.problems if check.name in _WRITTEN or not older else ():
                root = records.layout.root
                raise UserError(
                    f"{root}: {problem}. The run was damaged, or changed since it was written; see what else differs "
                    f"with: wattbench runs verify {shlex.quote(str(root))}"
                )


def _opened(root: Path) -> RunRecords:
    records = replace(read_run(root), check_digests=False)  # a check of its own: the others then go on
    check_finished(records)
    return records


def _of_record(records: RunRecords) -> tuple[list[Check], Rebuilt | None]:
    """Return the checks that need the record alone, and the tables rebuilt from its lines.

    No tables if they cannot be rebuilt.
    """
    checks = _as_written(records)
    if len(checks) == 1:  # its end cannot be read
        return checks, None
    checks.append(lines(records))
    if checks[-1].problems:
        return checks, None
    if (rows := _rows(records)) > MOST_ROWS:
        most = f"{rows:,} rows, and at most {MOST_ROWS:,} are checked and recomputed"
        return [*checks, not_made("invariants", f"invariants, tables, joules and scores: {most}")], None
    checks.append(invariants(records, read_finish(records.layout)))
    if (of_people := labels(records)) is not None:
        checks.append(of_people)
    compared, rebuilt = tables(records)
    return [*checks, compared, power(records)], rebuilt


def _as_written(records: RunRecords) -> list[Check]:
    """Check the files of a run against its digests and its journal.

    A run with a damaged end gets the first check alone.
    """
    try:
        record = read_finish(records.layout)
    except UserError as error:
        return [Check("digests", "cannot be read", (without_path(str(error), records.layout.root),))]
    return [digests(records, record), journal(records)]


def _rows(records: RunRecords) -> int:
    """Return the number of rows of `items.parquet`. 0 if the file cannot be read, which the checks say."""
    try:
        with TableColumns(records.layout.items_table) as table:
            return table.rows
    except UserError:
        return 0
