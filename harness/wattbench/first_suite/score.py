"""Guess how answers are compared with the right ones, from the right ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from wattbench.first_suite.columns import CHOICES
from wattbench.first_suite.table import Column, Table
from wattbench.tasks.file_task.documents import MOST_LABELS
from wattbench.tasks.file_task.scores import LETTERS, plain

MOST_ROWS_PER_LABEL = 3
"""As many rows as a label has on average, at least, where texts are taken for labels."""
SHORT_WORDS = 6.0
"""Words of an answer, on average, up to which it is looked for in a reply as a whole."""


@dataclass(frozen=True)
class GuessedScore:
    """A score, and why it was guessed."""

    score: str
    why: str
    """Empty where the user named it."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Other keys of the task that belong to it."""


def guess_score(table: Table, target: str) -> GuessedScore:
    """Return the score that fits the right answers.

    Args:
        table: the file.
        target: the column with the right answers.
    """
    column = table.columns[target]
    for name, other in table.columns.items():
        if name != target and name.lower() in CHOICES and _are_choices(other, column):
            return GuessedScore("choice", f"each right answer is one of the choices in {name}", {"choices": name})
    distinct, rows = len(column.distinct), len(column.values)
    if distinct <= min(MOST_LABELS, rows / MOST_ROWS_PER_LABEL):
        return GuessedScore("label", f"{distinct:,} distinct texts in {rows:,} rows")
    if column.numeric:
        return GuessedScore("number", "all are numbers")
    words = sum(len(value.split()) for value in column.values) / rows
    if words <= SHORT_WORDS:
        return GuessedScore("contains", f"{distinct:,} distinct texts of {words:.1f} words on average")
    return GuessedScore("f1", f"texts of {words:.0f} words on average, which no answer repeats word for word")


def _are_choices(column: Column, target: Column) -> bool:
    for value, right in zip(column.values, target.values, strict=True):
        texts = [plain(text) for text in _listed(value)]
        if not 2 <= len(texts) <= len(LETTERS) or len(set(texts)) < len(texts):
            return False
        if plain(right) not in texts and right.upper() not in LETTERS[: len(texts)]:
            return False
    return True


def _listed(value: str) -> list[str]:
    if value.startswith("["):
        try:
            return [str(each) for each in json.loads(value)]
        except (ValueError, RecursionError):
            return []
    return [part.strip() for part in value.split("|")]
