"""Check that a run is as it was written, and that its lines fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.verifying.check import Check, check, failed, not_made, without_path
from wattbench.errors import UserError
from wattbench.records.invariants import table_problems
from wattbench.records.journal_check import checked_journal
from wattbench.records.line_checks import line_problems, time_problems
from wattbench.records.reader import read_rows
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.signature import signer
from wattbench.records.verified_files import changed_files

if TYPE_CHECKING:
    from wattbench.records import RunRecords
    from wattbench.records.finish_record import FinishRecord


def digests(records: RunRecords, record: FinishRecord) -> Check:
    """Compare the files with their digests."""
    if record.sha256 is None and records.header.journal:
        return failed("digests", ["finished.json has no digests, which the run was given"])
    if record.sha256 is None:
        return not_made("digests", "digests: the run is of an older wattbench, and has none")
    return check(
        "digests",
        f"{len(record.sha256)} files, against the digests of the run's end",
        lambda: changed_files(records.layout, record),
        records.layout.root,
    )


def journal(records: RunRecords) -> Check:
    """Compare the files with what the run noted as it wrote them."""
    root = records.layout.root
    if not records.header.journal:
        return not_made("journal", "in which order it was written: it has no journal")
    if not records.layout.journal.exists():
        return failed("journal", [f"{records.layout.journal.name} is missing"])
    try:
        checked = checked_journal(records.layout)
    except UserError as error:
        return failed("journal", [without_path(str(error), root)])
    lacking = (each.sentence for each in checked.lacking)
    made = check(
        "journal",
        f"{checked.rows:,} writes, in their order",
        lambda: [*checked.problems, *checked.spoiled, *lacking],
        root,
    )
    left = f"who wrote what was there when the run was resumed, and not in its journal, in {', '.join(checked.left)}"
    return replace(made, left_out=(left,) if checked.left else ())


def signature(records: RunRecords, signers: Path | None) -> Check | None:
    """Check who signed the run. None if the run has no signature and no signers are named."""
    if signers is None:
        there = records.layout.signature.exists()
        return not_made("signature", "whose its signature is: no keys were named that count") if there else None
    try:
        return Check("signature", f"the signature of {signer(records.layout, signers):.100}")
    except UserError as error:
        return failed("signature", [without_path(str(error), records.layout.root)])


def lines(records: RunRecords) -> Check:
    """Check that in every line of the run each field has its type and range."""
    return check(
        "lines", "every field, against its type and range", lambda: _problems_of_lines(records), records.layout.root
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
            yield without_path(str(error), records.layout.root)
    for cell in records.header.cells:
        system, task = str(cell.get("system")), str(cell.get("task"))
        for of_cell in (records.answers_of_all_attempts, records.scores, _checked_experts(records)):
            try:
                of_cell(system, task)
            except UserError as error:
                yield without_path(str(error), records.layout.root)


def _checked_experts(records: RunRecords) -> Callable[[str, str], object]:
    return lambda system, task: read_rows(records.layout.experts(system, task), ExpertRow)


def invariants(records: RunRecords, record: FinishRecord) -> Check:
    """Check what holds between lines, and between rows of tables."""
    measured = records.header.imported is None
    said = "answers, windows, documents, stamps and joules, against each other" if measured else "rows and scores"

    def problems() -> Iterable[str]:
        yield from line_problems(records)
        if measured:
            yield from time_problems(records)
        yield from table_problems(records, record.items, record.windows)

    return check("invariants", said, problems, records.layout.root)
