"""Turn the rows of a file into documents, checked one by one, with their labels, their choices and their parts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wattbench.config import FileTask
from wattbench.errors import UserError, nearest
from wattbench.tasks.file_task.folders import folder_sha256, task_folder
from wattbench.tasks.file_task.prompt import names_of
from wattbench.tasks.file_task.rows import DataFile, Row, read_file
from wattbench.tasks.file_task.scores import CHOICES, LETTER, LETTERS, number, plain
from wattbench.tasks.file_task.split import Item, Parts, key_of, split, take_examples, without_leaks

MOST_EXAMPLES = 1000
MOST_LABELS = 200
"""Distinct targets that are taken for labels; more are texts of their own."""


@dataclass(frozen=True)
class Documents:
    """The documents of a task, with its labels."""

    parts: Parts
    names: Mapping[str, str]
    """Column to its name in a template, and in a document."""
    labels: tuple[str, ...] = ()

    @property
    def known(self) -> list[str]:
        """Return all names that a template can use."""
        return [*self.parts.test[0].doc]


def read_documents(choice: FileTask) -> Documents:
    """Read and check the files of a task.

    Raises:
        UserError: a file, a column, a row or a split is wrong; with the file, the row and the column.
    """
    data = _read(choice, "file", choice.file)
    names = names_of(data.columns)
    items = [_item(choice, data.path, names, row) for row in data.rows]
    examples: list[Item] = []
    if isinstance(choice.fewshot, Path):
        extra = _read(choice, "fewshot", choice.fewshot)
        for column in data.columns:  # the same template renders both
            extra.check_column("fewshot", column)
        if len(extra.rows) > MOST_EXAMPLES:
            raise UserError(
                f"fewshot: {extra.path}: {len(extra.rows):,} rows, which would all be before each question; take at "
                f"most {MOST_EXAMPLES:,}"
            )
        examples = [_item(choice, extra.path, names, row) for row in extra.rows]
    labels: tuple[str, ...] = ()
    if choice.compared == "label":
        labels = _labels(choice, [*items, *examples])
        target = names[choice.columns["target"]]
        items, examples = (_labelled(each, target, labels) for each in (items, examples))
    return Documents(_parts(choice, items, examples), names, labels)


def _read(choice: FileTask, key: str, path: Path) -> DataFile:
    columns = choice.columns
    data = read_file(path, [*columns.values()], choice.encoding)
    for name, column in columns.items():
        data.check_column(name if key == "file" else key, column)
    return data


def _parts(choice: FileTask, items: Sequence[Item], examples: Sequence[Item]) -> Parts:
    parts = Parts(tuple(items)) if choice.split is None else split(items, choice.split.test, choice.split.seed)
    if isinstance(choice.fewshot, int):
        return take_examples(parts, choice.fewshot, 1 if choice.split is None else choice.split.seed)
    return without_leaks(replace(parts, fewshot=tuple(examples)), drop=choice.leakage == "drop")


def _item(choice: FileTask, path: Path, names: Mapping[str, str], row: Row) -> Item:
    """Return a row as a document, with the columns' names in a template as its keys."""
    where = f"{path}: {row.where}"
    doc: dict[str, Any] = {name: _as_text(row.values.get(column, "")) for column, name in names.items()}
    question = doc[names[choice.input]]
    target = "" if choice.target is None else doc[names[choice.target]].strip()
    for key in ("input", "target") if choice.target is not None else ("input",):
        column = choice.columns[key]
        if not doc[names[column]].strip():
            raise UserError(f"{where}: column {column!r} ({key}) is empty; fill it in, or leave the row out")
    if choice.compared == "number" and number(target) is None:
        raise UserError(f"{where}: column {choice.target!r}: {target!r:.80} is no number, as score: number needs")
    if choice.target is not None:
        doc[names[choice.target]] = target
    for key in ("workspace", "check_files"):
        if key in choice.columns:
            doc |= _folder(choice, where, key, doc[names[choice.columns[key]]])
    if choice.choices is not None:
        doc |= _choices(choice, where, row, names, target)
    return Item(where, key_of(question), target, doc)


def _folder(choice: FileTask, where: str, key: str, name: str) -> dict[str, str]:
    """Return the key of a document that holds the digest of a folder: with other files it is another document."""
    try:
        folder = task_folder(choice.file, name)
        return {f"{key}_sha256": "" if folder is None else folder_sha256(folder)}
    except UserError as error:
        raise UserError(f"{where}: column {choice.columns[key]!r} ({key}): {error}") from error


def _as_text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _choices(choice: FileTask, where: str, row: Row, names: Mapping[str, str], target: str) -> dict[str, Any]:
    """Return the keys of a document that hold its choices, and the letter of the right one."""
    for key in (CHOICES, LETTER):
        if key in names.values() and names.get(str(choice.choices)) != key:
            raise UserError(f"{where}: a column is called {key}, which a task with choices fills itself; rename it")
    texts = choice.choices if isinstance(choice.choices, list) else _listed(row.values[str(choice.choices)])
    if not 2 <= len(texts) <= len(LETTERS):
        raise UserError(f"{where}: {len(texts)} choices; there must be 2 to {len(LETTERS)}")
    alike = [plain(text) for text in texts]
    twice = next((text for text, known in zip(texts, alike, strict=True) if not known or alike.count(known) > 1), None)
    if twice is not None:
        raise UserError(f"{where}: the choice {twice!r:.80} is empty, or reads the same as another one")
    letters = LETTERS[: len(texts)]
    if plain(target) in alike:
        letter = letters[alike.index(plain(target))]
    elif len(target) == 1 and target.upper() in letters:
        letter = target.upper()
    else:
        hint = nearest(target, texts)
        raise UserError(f"{where}: column {choice.target!r}: {target!r:.80} is not one of the choices{hint}")
    return {CHOICES: texts, LETTER: letter}


def _listed(value: str | list[str]) -> list[str]:
    """Return the texts of a cell: of a list, of a JSON list, or of a text divided by bars."""
    if isinstance(value, list):
        return value
    if value.lstrip().startswith("["):
        try:
            given = json.loads(value)
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, list):
            return [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in given]
    return [part.strip() for part in value.split("|")]


def _labels(choice: FileTask, items: Sequence[Item]) -> tuple[str, ...]:
    """Return the labels: those that the suite lists, or the distinct targets, each in its commonest spelling."""
    if choice.labels is not None:
        labels = tuple(label.strip() for label in choice.labels)
        alike = [plain(label) for label in labels]
        for label, read in zip(labels, alike, strict=True):
            if not read or alike.count(read) > 1:
                raise UserError(f"labels: {label!r:.80} is empty, or reads the same as another label")
        known = set(alike)
        strangers = {text for text in {item.target for item in items} if plain(text) not in known}
        wrong = next((item for item in items if item.target in strangers), None)
        if wrong is not None:
            hint = nearest(wrong.target, labels)
            what = f"{wrong.where}: column {choice.target!r}: {wrong.target!r:.80}"
            raise UserError(f"{what} is not one of the labels{hint}")
        return labels
    spellings: dict[str, Counter[str]] = {}
    for text, number_of_rows in Counter(item.target for item in items).items():
        spellings.setdefault(plain(text), Counter())[text] = number_of_rows
    if not 2 <= len(spellings) <= MOST_LABELS:
        raise UserError(
            f"{choice.file}: column {choice.target!r} has {len(spellings):,} distinct targets, which are no labels: "
            "take score: exact, or list them under labels:"
        )
    return tuple(min(each, key=lambda text: (-each[text], text)) for _, each in sorted(spellings.items()))


def _labelled(items: Sequence[Item], target: str, labels: Sequence[str]) -> list[Item]:
    """Return the items with each target spelled as its label is."""
    spelled = {plain(label): label for label in labels}
    label_of = {text: spelled[plain(text)] for text in {item.target for item in items}}
    return [
        replace(item, target=label_of[item.target], doc={**item.doc, target: label_of[item.target]}) for item in items
    ]
