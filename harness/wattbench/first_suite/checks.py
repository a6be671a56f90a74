"""Check that a file can tell systems apart: enough rows, whole ones, and one right answer to each question."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench.errors import UserError
from wattbench.first_suite.table import Table
from wattbench.tasks.file_task.scores import plain
from wattbench.tasks.file_task.split import key_of

LEAST_ROWS = 6
"""Fewer show nothing: where one system is right on all n rows and another on none, an exact test says 2 / 2**n."""
MANY_ROWS = 2_000
"""More are seldom needed, and take long to ask."""


def check_rows(table: Table, given: str, target: str, *, duplicates: bool = False) -> list[str]:
    """Check the rows of a task, and return notes on the rows for its reader.

    Args:
        table: the file.
        given: the column that is asked.
        target: the column with the right answers.
        duplicates: rows with the same question and other answers are kept.

    Raises:
        UserError: they make no task.
    """
    path = table.data.path
    for option, name in (("input", given), ("target", target)):
        empty = [at for at, value in enumerate(table.columns[name].values) if not value]
        if len(empty) == table.rows:
            raise UserError(f"{path}: column {name!r} is empty in every row; name another one with --{option}")
        if empty:
            raise UserError(
                f"{path}: {table.where(empty)}: column {name!r} (--{option}) is empty; fill it in, or remove such rows"
            )
    if table.rows < LEAST_ROWS:
        raise UserError(
            f"{path}: {table.rows} rows can show no difference between two systems, however large it is; at least "
            f"{LEAST_ROWS} are needed, and some hundred for a difference of a few points"
        )
    if len(table.columns[target].distinct) == 1:
        raise UserError(
            f"{path}: column {target!r} has the same text in every row ({table.columns[target].values[0]!r:.80}): a "
            "system that always says it would be right. Name another one with --target, or add rows with other answers"
        )
    return [*_repeated(table, given, target, duplicates=duplicates), *_many(table)]


def _repeated(table: Table, given: str, target: str, *, duplicates: bool) -> list[str]:
    by_question: dict[str, list[int]] = {}
    for at, text in enumerate(table.columns[given].values):
        by_question.setdefault(key_of(text), []).append(at)
    answers = table.columns[target].values
    twice = {key: rows for key, rows in by_question.items() if len(rows) > 1}
    torn = {key: rows for key, rows in twice.items() if len({plain(answers[at]) for at in rows}) > 1}
    if torn and not duplicates:
        key, rows = next(iter(torn.items()))
        said = " and ".join(f"{text!r:.40}" for text in dict.fromkeys(answers[at] for at in rows))
        raise UserError(
            f"{table.data.path}: {_questions(torn)} asked with different right answers, so that no system can be right "
            f"each time: {table.where(rows)} have {said} for {key!r:.60}. Correct them, remove all but one, or keep "
            "them with --keep-duplicates"
        )
    notes = []
    if torn:
        notes.append(f"{_questions(torn)} asked with different right answers: no system can be right each time")
    if len(twice) > len(torn):
        more = sum(len(rows) - 1 for key, rows in twice.items() if key not in torn)
        notes.append(f"{more:,} rows repeat the question of another row, and count again")
    return notes


def _questions(torn: Mapping[str, object]) -> str:
    return "a question is" if len(torn) == 1 else f"{len(torn):,} questions are"


def _many(table: Table) -> list[str]:
    if table.rows <= MANY_ROWS:
        return []
    return [f"{table.rows:,} rows take long to ask: limit: {MANY_ROWS} in the suite asks the first of them"]
