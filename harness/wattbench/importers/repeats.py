"""Find items whose names are those of numbered trials of a task, and make them repeats of one item.

Conventions. Sources that ask a task several times number the trials in a column of their own, or in the name of the
item: ``task#1``, ``task-trial-2``, ``task/attempt_3``, ``task (2)``. Trials that are taken for items are not
independent: with k of them per task intervals come out narrower than the truth, by up to the square root of k. A name
alone is no proof, as ``law#17`` may be the 17th item of a domain. So trials are offered, and taken only where the
reader says so. They are offered where

- a word (trial, run, repeat, attempt, sample, seed, epoch, try, pass) stands before the number, or a ``#`` or
  ``@``, or brackets around it; a dash, an underscore or a colon alone is part of many names (``django-11099``);
- several names have the stem, at most `MOST_TRIALS`, and without a word there are at least as many stems as trials;
- no two names of one stem have different prompts or expected answers, as far as the source has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wattbench.errors import UserError
from wattbench.importers.spool import Spool

MOST_TRIALS = 64
"""Of one stem: more numbered names are the items of a domain."""

_WORD = r"(?:trial|run|repeat|rep|attempt|sample|seed|epoch|try|pass|iteration|iter)"
_NAMED = re.compile(rf"^(.+?)[-_ ./#:@(\[]+{_WORD}[-_ =:#.]*([0-9]{{1,9}})[)\]]?$", re.IGNORECASE)
_MAY_BE = rf"(?i)([#@:(]|{_WORD}[-_ =:#.]*)[0-9]{{1,9}}[)\]]?$"
"""What is looked for first, by a faster library."""
_NUMBERED = re.compile(r"^(.+?)(?:[#@]|\s*\()([0-9]{1,9})\)?$")


@dataclass(frozen=True)
class Trials:
    """Items that are numbered trials."""

    repeat_of: dict[tuple[str, str], tuple[str, int]]
    """(Task, name) to the stem and the number of the trial."""
    example: tuple[str, str]
    """Two names of one stem."""

    @property
    def stems(self) -> int:
        """Return the number of items that have trials."""
        return len({(task, stem) for (task, _), (stem, _) in self.repeat_of.items()})

    @property
    def remark(self) -> str:
        """Return the offer to import trials as repeats: a sentence without its full stop."""
        one, other = self.example
        return (
            f"{len(self.repeat_of):,} items have the names of {self.stems:,} with a number after them "
            f"({one[:60]}, {other[:60]}): if these are trials of one task, intervals here are too narrow; import them "
            "with --repeats"
        )


def trials(answers: Spool) -> Trials | None:
    """Find numbered trials among the items of some answers; None if there are none."""
    stems: dict[tuple[str, str], dict[str, int]] = {}
    worded: set[tuple[str, str]] = set()
    for task, name in _candidates(answers):
        match = _NAMED.match(name)
        number = match or _NUMBERED.match(name)
        if number is not None:
            stems.setdefault((task, number[1]), {})[name] = int(number[2])
            if match is not None:
                worded.add((task, number[1]))
    stems = {key: names for key, names in stems.items() if len(set(names.values())) == len(names) <= MOST_TRIALS}
    several = {key: names for key, names in stems.items() if len(names) > 1}
    most, count = dict[str, int](), Counter(task for task, _ in several)
    for (task, _), names in several.items():
        most[task] = max(most.get(task, 0), len(names))
    several = {key: names for key, names in several.items() if key in worded or count[key[0]] >= most[key[0]]}
    several = _of_one_text(answers, several)
    if not several:
        return None
    tasks = {task for task, _ in several}
    repeat_of = {
        (task, name): (stem, number)
        for (task, stem), names in stems.items()
        if (task, stem) in several or (len(names) == 1 and task in tasks)
        for name, number in names.items()
    }
    first = next(iter(several.values()))
    one, other = sorted(first, key=lambda name: first[name])[:2]
    return Trials(repeat_of, (one, other))


def _candidates(answers: Spool) -> list[tuple[str, str]]:
    """List the different pairs of task and item whose item may be a trial, in the order of the answers."""
    pairs: dict[tuple[str, str], None] = {}
    for batch in answers.batches(("task", "item")):
        numbered = pc.match_substring_regex(batch.column("item"), _MAY_BE)
        if pc.any(numbered).as_py():
            table = pa.Table.from_batches([batch.filter(numbered)]).group_by(["task", "item"]).aggregate([])
            columns = (table.column(name).to_pylist() for name in ("task", "item"))
            pairs |= dict.fromkeys(zip(*columns, strict=True))
    return list(pairs)


def _of_one_text(
    answers: Spool, several: dict[tuple[str, str], dict[str, int]]
) -> dict[tuple[str, str], dict[str, int]]:
    """Remove items whose trials differ in a system's prompt or in the expected answer."""
    stem_of = {(task, name): (task, stem) for (task, stem), names in several.items() for name in names}
    if not stem_of:
        return {}
    texts: dict[tuple[tuple[str, str], str], tuple[int, int]] = {}
    differing: set[tuple[str, str]] = set()
    for batch in answers.batches(("system", "task", "item", "prompt", "target")):
        rows = zip(*(batch.column(name).to_pylist() for name in ("system", "task", "item")), strict=True)
        hashed = zip(*(_hashes(batch.column(name)) for name in ("prompt", "target")), strict=True)
        for (system, task, item), text in zip(rows, hashed, strict=True):
            key = stem_of.get((task, item))
            if key is not None and texts.setdefault((key, system), text) != text:
                differing.add(key)
    return {key: names for key, names in several.items() if key not in differing}


def _hashes(texts: Any) -> list[int]:
    """Return a hash of each text. Equal texts have equal hashes."""
    encoded = texts.dictionary_encode()
    known = [hash(each) for each in encoded.dictionary.to_pylist()]
    return [known[each] for each in encoded.indices.to_pylist()]


def as_repeats(answers: Spool, known: Trials | None) -> Spool:
    """Return the same answers, with each trial as a repeat of the item that its name begins with.

    Args:
        answers: all of an import.
        known: from `trials`.

    Raises:
        UserError: no item is a numbered trial, or the source numbers repeats already.
    """
    if known is None:
        raise UserError(
            "--repeats: no items have names such as task#1 and task#2. Number the answers in a column `repeat` instead"
        )
    return Spool(_renamed(answers, known))


def _renamed(answers: Spool, known: Trials) -> Iterator[Any]:
    for batch in answers.batches():
        if pc.max(batch.column("repeat")).as_py():
            raise UserError("--repeats: the source numbers its repeats already, in a column `repeat`")
        tasks, items, hashes = (batch.column(name).to_pylist() for name in ("task", "item", "doc_hash"))
        of = [known.repeat_of.get(pair) for pair in zip(tasks, items, strict=True)]
        columns = {
            "item": [name if each is None else each[0] for name, each in zip(items, of, strict=True)],
            "repeat": [0 if each is None else each[1] for each in of],
            "doc_hash": [each if one is None else "" for each, one in zip(hashes, of, strict=True)],
        }
        yield _with(batch, {name: pa.array(values, batch.schema.field(name).type) for name, values in columns.items()})


def _with(batch: Any, columns: dict[str, Any]) -> Any:
    """Return a record batch with some of its columns replaced."""
    for name, values in columns.items():
        at = batch.schema.get_field_index(name)
        batch = batch.set_column(at, batch.schema.field(at), values)
    return batch
