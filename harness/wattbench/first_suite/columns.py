"""Guess which column is asked and which has the right answers, from their names and from what is in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from wattbench.errors import nearest
from wattbench.first_suite.table import Column, Table
from wattbench.first_suite.wishes import UndecidedError

INPUTS = frozenset((
    "body", "comment", "content", "document", "input", "instruction", "message", "problem", "prompt", "query",
    "question", "review", "sentence", "text", "tweet", "utterance",
    "anfrage", "domanda", "frage", "mensaje", "nachricht", "pregunta", "texte", "texto",
))  # fmt: skip
"""Usual names of what is asked."""
TARGETS = frozenset((
    "answer", "category", "class", "correctanswer", "expected", "expectedanswer", "expectedoutput", "gold",
    "goldanswer", "goldlabel", "groundtruth", "intent", "label", "output", "reference", "sentiment", "solution",
    "target", "team", "topic",
    "antwort", "categoria", "catégorie", "kategorie", "réponse", "reponse", "respuesta", "risposta", "thema",
))  # fmt: skip
"""Usual names of right answers."""
CHOICES = frozenset(("alternatives", "candidates", "choices", "options"))
"""Usual names of what can be chosen from, which is neither."""
MOST_LABELS = 50
"""Distinct texts by which a column is taken for labels where its name says nothing."""
LONGEST_LABEL = 60
"""Characters, on average."""


class Guess(NamedTuple):
    """A column, and why it was chosen."""

    name: str
    why: str
    """Empty where the user named it."""


def guess_columns(table: Table, given_input: str | None, given_target: str | None) -> tuple[Guess, Guess]:
    """Return the column with the questions, and the column with the right answers.

    Args:
        table: the file.
        given_input: as the user named it.
        given_target: as the user named it.

    Raises:
        UndecidedError: there is no such column, or it cannot be guessed.
    """
    for setting, name in (("input", given_input), ("target", given_target)):
        if name is not None and name not in table.columns:
            columns = ", ".join(table.columns)
            raise UndecidedError(
                setting,
                f"{table.data.path} has no column {name!r}{nearest(name, table.columns)} (its columns: {columns})",
                [*table.columns],
            )
    if given_input is not None and given_input == given_target:
        message = f"--input and --target are the same column, {given_input!r}: the prompt would hold the answer"
        raise UndecidedError("target", message, [name for name in table.columns if name != given_input])
    target = Guess(given_target, "") if given_target is not None else _target(table, given_input)
    return (Guess(given_input, "") if given_input is not None else _input(table, target.name)), target


def _target(table: Table, given_input: str | None) -> Guess:
    others = _others(table, given_input)
    named = _named(others, TARGETS)
    if len(named) == 1:
        return Guess(named[0].name, "by its name")
    alike = [column for column in named or others if _is_of_labels(column)]
    if len(alike) == 1:
        return Guess(alike[0].name, f"the only column of few distinct texts ({len(alike[0].distinct):,})")
    left = [column for column in others if not _named([column], INPUTS)]
    if len(left) == 1:
        return Guess(left[0].name, "the only one that is left")
    raise _undecided("target", "has the right answers", table, named or alike or left)


def _input(table: Table, target: str) -> Guess:
    others = _others(table, target)
    named = _named(others, INPUTS)
    if len(named) == 1:
        return Guess(named[0].name, "by its name")
    if len(others) == 1:
        return Guess(others[0].name, "the only one that is left")
    texts = sorted((column for column in named or others if not column.numeric), key=lambda each: -each.mean_characters)
    if len(texts) == 1 or (len(texts) > 1 and texts[0].mean_characters >= 2 * texts[1].mean_characters):
        return Guess(texts[0].name, f"the longest texts ({texts[0].mean_characters:.0f} characters on average)")
    raise _undecided("input", "is asked", table, texts or others)


def _others(table: Table, taken: str | None) -> list[Column]:
    columns = [column for name, column in table.columns.items() if name != taken]
    return [column for column in columns if not _named([column], CHOICES)] or columns


def _named(columns: Sequence[Column], names: Collection[str]) -> list[Column]:
    return [column for column in columns if re.sub(r"[\W_]", "", column.name).lower() in names]


def _is_of_labels(column: Column) -> bool:
    if column.mean_characters > LONGEST_LABEL:
        return False
    return 2 <= len(column.distinct) <= min(MOST_LABELS, len(column.values) // 2)


def _undecided(setting: str, what: str, table: Table, columns: Sequence[Column]) -> UndecidedError:
    names = [column.name for column in columns] or [*table.columns]
    no_names = any(len(name) > LONGEST_LABEL or name.endswith(("?", ".", "!")) for name in table.columns)
    hint = ". Its first line must name the columns, and reads like a row" if no_names else ""
    return UndecidedError(
        setting, f"{table.data.path}: which column {what}? Say it with --{setting}: {', '.join(names)}{hint}", names
    )
