"""Guess which column is asked and which has the right answers, from their names and from what is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wattbench.errors import UserError, nearest
from wattbench.first_suite.table import Column, Table
from wattbench.first_suite.wishes import UndecidedError
from wattbench.tasks.file_task.documents import MOST_LABELS
from wattbench.tasks.file_task.scores import LETTERS, plain
from wattbench.tasks.file_task.split import key_of

INPUTS = frozenset((
    "body", "comment", "content", "document", "email", "input", "instruction", "message", "problem", "prompt", "query",
    "question", "request", "review", "sentence", "text", "ticket", "tweet", "utterance",
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
_IDENTIFIERS = re.compile(
    r"(?:.*[\W_])?(?:id|uuid|guid|nr|no|number|key|index|row|date|time|timestamp|created(?:[\W_]?at)?)", re.IGNORECASE
)
"""Usual names of what identifies a row, or says when it was written, which is no answer."""
_FREE = "--judge SYSTEM (a system scores free answers), or --score grade.py:grade (a function of yours does)"
_MOST_DISTINCT = 50
"""Distinct texts by which a column is taken for labels where its name says nothing."""
LONGEST_LABEL = 60
"""Characters, on average."""


class Guess(NamedTuple):
    """A column, and why it was chosen."""

    name: str
    why: str
    """Empty where the user named it."""


def guess_columns(
    table: Table, given_input: str | None, given_target: str | None, *, free: bool = False
) -> tuple[Guess, Guess | None]:
    """Return the column with the questions, and the column with the right answers.

    Args:
        table: the file.
        given_input: as the user named it.
        given_target: as the user named it.
        free: a judge or a function scores the answers: no column has the right ones, unless the user named one.

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
    target = Guess(given_target, "") if given_target is not None else None
    if target is None and not free:
        target = _target(table, given_input)
    if given_input is not None:
        return Guess(given_input, ""), target
    return _input(table, None if target is None else target.name), target


def _target(table: Table, given_input: str | None) -> Guess:
    others = _others(table, given_input)
    named = _named(others, TARGETS)
    if len(named) == 1:
        return Guess(named[0].name, "by its name")
    alike = [column for column in named or others if _is_of_labels(column)]
    if len(alike) == 1:
        return Guess(alike[0].name, f"the only column of few distinct texts ({len(alike[0].distinct):,})")
    left = [column for column in others if not _named([column], INPUTS) and not _IDENTIFIERS.fullmatch(column.name)]
    if len(left) == 1:
        return Guess(left[0].name, "the only one that is left")
    raise _undecided("target", "has the right answers", table, named or alike or left, f". If none has: {_FREE}")


def _input(table: Table, target: str | None) -> Guess:
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
    return 2 <= len(column.distinct) <= min(_MOST_DISTINCT, len(column.values) // 2)


def _undecided(setting: str, what: str, table: Table, columns: Sequence[Column], otherwise: str = "") -> UndecidedError:
    names = [column.name for column in columns] or [*table.columns]
    no_names = any(len(name) > LONGEST_LABEL or name.endswith(("?", ".", "!")) for name in table.columns)
    hint = ". Its first line must name the columns, and reads like a row" if no_names else ""
    return UndecidedError(
        setting,
        f"{table.data.path}: which column {what}? Say it with --{setting}: {', '.join(names)}{otherwise}{hint}",
        names,
    )


_LEAST_ROWS = 6
"""Fewer show nothing: where one system is right on all n rows and another on none, an exact test says 2 / 2**n."""
_MANY_ROWS = 2_000
"""More are seldom needed, and take long to ask."""


def check_rows(
    table: Table, given: str, target: str | None, *, duplicates: bool = False, free: bool = False
) -> list[str]:
    """Check the rows of a task, and return notes on the rows for its reader.

    Args:
        table: the file.
        given: the column that is asked.
        target: the column with the right answers; None: there is none.
        duplicates: rows with the same question and other answers are kept.
        free: a judge or a function scores the answers, so that several can be right.

    Raises:
        UserError: they make no task.
    """
    path = table.data.path
    named = {"input": given} if target is None else {"input": given, "target": target}
    for option, name in named.items():
        empty = [at for at, value in enumerate(table.columns[name].values) if not value]
        if len(empty) == table.rows:
            raise UserError(f"{path}: column {name!r} is empty in every row; name another one with --{option}")
        if empty:
            raise UserError(
                f"{path}: {table.where(empty)}: column {name!r} (--{option}) is empty; fill it in, or remove such rows"
            )
    if table.rows < _LEAST_ROWS:
        raise UserError(
            f"{path}: {table.rows} rows can show no difference between two systems, however large it is; at least "
            f"{_LEAST_ROWS} are needed, and some hundred for a difference of a few points"
        )
    if free:
        return [*_repeated(table, given, None, duplicates=True), *_many(table)]
    if target is not None and len(table.columns[target].distinct) == 1:
        raise UserError(
            f"{path}: column {target!r} has the same text in every row ({table.columns[target].values[0]!r:.80}): a "
            "system that always says it would be right. Name another one with --target, or add rows with other answers"
        )
    return [*_repeated(table, given, target, duplicates=duplicates), *_many(table)]


def _repeated(table: Table, given: str, target: str | None, *, duplicates: bool) -> list[str]:
    by_question: dict[str, list[int]] = {}
    for at, text in enumerate(table.columns[given].values):
        by_question.setdefault(key_of(text), []).append(at)
    answers = [""] * table.rows if target is None else table.columns[target].values
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
    if table.rows <= _MANY_ROWS:
        return []
    return [f"{table.rows:,} rows take long to ask: limit: {_MANY_ROWS} in the suite asks the first of them"]


_MOST_ROWS_PER_LABEL = 3
"""As many rows as a label has on average, at least, where texts are taken for labels."""
_SHORT_WORDS = 6.0
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
    if distinct <= min(MOST_LABELS, rows / _MOST_ROWS_PER_LABEL):
        return GuessedScore("label", f"{distinct:,} distinct texts in {rows:,} rows")
    if column.numeric:
        return GuessedScore("number", "all are numbers")
    words = sum(len(value.split()) for value in column.values) / rows
    if words <= _SHORT_WORDS:
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
