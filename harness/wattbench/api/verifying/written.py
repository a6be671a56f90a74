"""The checks that compute nothing again, and what a check is."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import wattbench
from wattbench.errors import UserError
from wattbench.meters.sampling.judge_again import RecordedReadings, judge_again
from wattbench.meters.sampling.trace import read_trace
from wattbench.records.finish_record import is_plain
from wattbench.records.invariants import table_problems
from wattbench.records.journal_check import checked_journal
from wattbench.records.judged_checks import judgement_problems, label_problems
from wattbench.records.line_checks import line_problems, time_problems
from wattbench.records.reader import read_rows
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.shards import shard_of
from wattbench.records.signature import signer
from wattbench.records.verified_files import changed_files

if TYPE_CHECKING:
    from wattbench.records import RunRecords, WindowRow
    from wattbench.records.finish_record import FinishRecord


_SHOWN = 10
"""Problems of one check that are listed; the rest are counted."""


@dataclass(frozen=True)
class Check:
    """One check of a run, and what it found."""

    name: str
    """``digests``, ``journal``, ``lines``, ``invariants``, ``labels``; and what is computed again: ``tables``,
    ``power``, ``figures``, ``scores``, ``verdicts``."""
    said: str
    """What was compared with what, in a clause; of a check that could not be made: why."""
    problems: tuple[str, ...] = ()
    """A sentence for each; empty if all is well."""
    made: bool = True
    """Whether it could be made."""
    left_out: tuple[str, ...] = ()
    """What it could not check, and why, in clauses."""


def check(name: str, said: str, problems: Callable[[], Iterable[str]], root: Path) -> Check:
    """Run a check, and return its result. An error in reading the run counts as a problem.

    Args:
        name: of the check; so the next one.
        said: where it finds nothing.
        problems: yields a sentence for each.
        root: of the run, left out of what is said.
    """
    sentences: list[str] = []
    try:
        for problem in problems():
            sentences.append(problem)  # noqa: PERF402  # what was found before an error counts
    except UserError as error:
        sentences.append(without_path(str(error), root))
    return _failed(name, sentences) if sentences else Check(name, said)


def _failed(name: str, problems: Sequence[str]) -> Check:
    """Return a check that has found problems, the first of which are listed."""
    more = [f"{len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    said = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return Check(name, said, (*problems[:_SHOWN], *more))


def not_made(name: str, why: str) -> Check:
    """Return a check that could not be made."""
    return Check(name, why, made=False)


def without_path(text: str, root: Path) -> str:
    """Return a text without the path of a run."""
    return text.replace(f"{root}{os.sep}", "").replace(f"{root}: ", "")


def digests(records: RunRecords, record: FinishRecord) -> Check:
    """Compare the files with their digests."""
    if record.sha256 is None and records.header.journal:
        return _failed("digests", ["finished.json has no digests, which the run was given"])
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
        return _failed("journal", [f"{records.layout.journal.name} is missing"])
    try:
        checked = checked_journal(records.layout)
    except UserError as error:
        return _failed("journal", [without_path(str(error), root)])
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
        return _failed("signature", [without_path(str(error), records.layout.root)])


def lines(records: RunRecords) -> Check:
    """Check that in every line of the run each field has its type and range."""
    return check(
        "lines", "every field, against its type and range", lambda: _problems_of_lines(records), records.layout.root
    )


def _problems_of_lines(records: RunRecords) -> Iterable[str]:
    readers: list[Callable[[], object]] = [
        records.systems, records.windows, records.passes, records.block_plan, records.blocks, records.looks,
        records.open_windows, records.calls, records.sessions, records.open_calls, records.loads, records.rounds,
        records.phases, records.spending, records.estimates, records.summaries, records.judges, records.judgements,
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
        yield from table_problems(records, record.items, record.windows, record.calls)
        yield from judgement_problems(records)

    return check("invariants", said, problems, records.layout.root)


def labels(records: RunRecords) -> Check | None:
    """Check that people's labels are of answers of the run. None if it has no labels."""
    path = records.layout.labels
    if not os.path.lexists(path):
        return None
    root = records.layout.root
    if not is_plain(path):
        return _failed("labels", [f"{path.name} is not a regular file"])
    made = check("labels", "labels of people, against the answers", lambda: label_problems(records), root)
    return replace(made, left_out=("who gave the labels, which no digest covers as they are added later",))


_MOST_BYTES = 50_000_000
"""Of a trace that is read, as its readings are held in memory: 250,000 rows in 400 MB, two components for three
hours."""


def power(records: RunRecords) -> Check:
    """Compare the joules and the validity of windows with what their readings give."""
    if records.header.imported is not None:
        return not_made("power", "joules: those of an imported run are its source's")
    done: Counter[str] = Counter()
    """Windows of which joules were computed, and why those of the others were not."""
    made = check("power", "", lambda: _differences(records, done), records.layout.root)
    computed, others = done.pop(_COMPUTED, 0), tuple(f"joules of {_windows(n)}: {why}" for why, n in done.items())
    if not made.problems and not computed:
        return Check("power", "; ".join(others) or "joules: no window has any", made=False)
    said = made.said if made.problems else f"joules of {_windows(computed)}, from their readings"
    return Check("power", said, made.problems, left_out=others)


_COMPUTED = ""


def _windows(number: int) -> str:
    return f"{number:,} window" if number == 1 else f"{number:,} windows"


def _differences(records: RunRecords, done: Counter[str]) -> Iterator[str]:
    packages = records.header.environment.get("packages")
    by_same_rules = isinstance(packages, dict) and packages.get("wattbench") == wattbench.__version__
    for path, rows in _by_trace(records).items():
        with_joules = sum(row.valid and bool(row.energy_j) for row in rows)
        if not path.exists():
            done["none of their readings are recorded"] += with_joules
            continue
        if path.stat().st_size > _MOST_BYTES:
            done[f"their readings take more than {_MOST_BYTES // 1_000_000} MB"] += with_joules
            continue
        try:
            recorded = RecordedReadings(read_trace(path))
        except UserError as error:
            why = without_path(str(error), records.layout.root)
            done[f"their readings cannot be read ({why})"] += with_joules
            continue
        for row in rows:
            judged = judge_again(row, recorded, by_same_rules=by_same_rules)
            for clause in () if judged is None else judged.differences:
                yield f"the window {row.window!r:.60} {clause}"
            if row.valid and row.energy_j:
                done[_why_not(row, () if judged is None else judged.recomputed)] += 1


def _why_not(row: WindowRow, recomputed: tuple[str, ...]) -> str:
    """Return why some of a window's joules were not recomputed. Empty if all were recomputed."""
    if row.shared:
        return f"{', '.join(row.shared)} is a slot's part of what its machine used"
    missing = sorted(row.energy_j.keys() - set(recomputed))
    return f"no readings of {', '.join(missing)} are recorded" if missing else _COMPUTED


def _by_trace(records: RunRecords) -> dict[Path, list[WindowRow]]:
    rows: dict[Path, list[WindowRow]] = defaultdict(list)
    for row in records.windows():
        rows[records.layout.trace(row.system, row.task, row.block, shard=shard_of(row.window))].append(row)
    return rows
