"""Decide when failed requests end a run, and which of them are asked again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wattbench.errors import UserError
from wattbench.records import AnswerRow, RunRecords, RunWriter

MOST_IN_A_ROW = 20
"""This many failures in a row end a run: the server is at fault, not its answers. One that refuses half of all requests
fails so often in a row about once in a million requests; one that refuses nine of ten is not worth a run."""
FEWEST_IN_A_ROW = 3
LONGEST_S = 600.0
"""Fewer end a run, too, if they took this long together: of a server that hangs, each takes its whole `timeout_s`."""

ASK_AGAIN = "Find the cause, then resume: a run asks them again with --retry-failed, a gate leaves out its last round"


def is_no_answer(row: AnswerRow) -> bool:
    """Return whether a request failed by no doing of the system that was asked.

    An attempt of an agent that went wrong, or was over a limit, is one: made again, it would get a second chance.
    """
    return row.failure is not None and row.ended not in ("agent", "limit")


@dataclass
class FailuresInARow:
    """Counts the failures of each system since its last answer, in the order in which requests end."""

    _rows: dict[str, list[AnswerRow]] = field(default_factory=dict)

    def count(self, system: str, row: AnswerRow) -> None:
        """Count a failed request, or begin again from 0 after an answer.

        Raises:
            UserError: too many requests have failed one after the other.
        """
        if not is_no_answer(row):
            self._rows.pop(system, None)
            return
        rows = self._rows.setdefault(system, [])
        rows.append(row)
        taken_s = row.finished_s - rows[0].started_s
        if len(rows) >= MOST_IN_A_ROW or (len(rows) >= FEWEST_IN_A_ROW and taken_s >= LONGEST_S):
            raise UserError(
                f"system {system!r}: {len(rows)} requests in a row failed within {taken_s:.0f} s; the last: "
                f"{row.failure}. They are recorded as failures. {ASK_AGAIN}"
            )


def check_some_answered(records: RunRecords, cells: Iterable[tuple[str, str]]) -> None:
    """Check that each system answered at least one request, before a run is completed.

    Args:
        records: of the run.
        cells: systems and tasks.

    Raises:
        UserError: all requests of a system failed.
    """
    tasks: dict[str, list[str]] = {}
    for system, task in cells:
        tasks.setdefault(system, []).append(task)
    for system, of_system in tasks.items():
        failures = []
        for row in (row for task in of_system for row in records.answers(system, task)):
            if not is_no_answer(row):
                break
            failures.append(str(row.failure))
        else:
            if failures:
                raise UserError(
                    f"system {system!r}: none of its {len(failures)} requests was answered. The first failed with: "
                    f"{failures[0]}. {ASK_AGAIN}"
                )


def without_failed(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    """Return the rows that hold an answer, or an attempt that is not made again."""
    return [row for row in rows if not is_no_answer(row)]


def forget_scores_of_failed(records: RunRecords, writer: RunWriter, cells: Iterable[tuple[str, str]]) -> None:
    """Remove the scores of each cell with failed requests, before these requests are sent again."""
    for system, task in cells:
        if any(map(is_no_answer, records.answers(system, task))):
            writer.forget_scores(system, task)


def blocks_with_failures(records: RunRecords, cells: Iterable[tuple[str, str]]) -> frozenset[int]:
    """Return the numbers of the complete blocks with failed requests in the attempt that counts."""
    complete = {row.number for row in records.blocks()}
    failed = {row.block for system, task in cells for row in records.answers(system, task) if is_no_answer(row)}
    return frozenset(number for number in complete if number in failed)
