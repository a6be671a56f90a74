"""Check that the stamps of answers fit to each other and to the windows in which they were given."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.records.reader import RunRecords
from wattbench.records.rows.answers import AnswerRow
from wattbench.records.rows.windows import WindowRow

_ROUNDING_S = 1e-6
"""Stamps are of one clock, and a record has all of their digits."""


def time_problems(run: RunRecords) -> Iterator[str]:
    """Yield a clause for each answer whose stamps cannot be: outside its window, or with tokens outside itself.

    Raises:
        UserError: a line is damaged.
    """
    windows = {row.window: row for row in run.windows()}
    for system, task in dict.fromkeys((str(c.get("system")), str(c.get("task"))) for c in run.header.cells):
        name = run.layout.answers(system, task).relative_to(run.layout.root).as_posix()
        for row in run.answers_of_all_attempts(system, task):
            for what in _misplaced(row, windows.get(row.window)):
                yield f"{name}: the answer to document {row.doc_id} {what}"


def _misplaced(row: AnswerRow, window: WindowRow | None) -> Iterator[str]:
    if window is not None and row.started_s < window.started_s - _ROUNDING_S:
        yield f"begins {window.started_s - row.started_s:.3g} s before its window {row.window!r:.60}"
    if window is not None and row.finished_s > window.finished_s + _ROUNDING_S:
        yield f"ends {row.finished_s - window.finished_s:.3g} s after its window {row.window!r:.60}"
    stamps = [*row.token_s[:1], *row.token_s[-1:], *([] if row.first_token_s is None else [row.first_token_s])]
    if stamps and max(stamps) > row.finished_s + _ROUNDING_S:
        yield f"ends {max(stamps) - row.finished_s:.3g} s before its last token"
    if stamps and min(stamps) < row.started_s - _ROUNDING_S:
        yield f"begins {row.started_s - min(stamps):.3g} s after its first token"
