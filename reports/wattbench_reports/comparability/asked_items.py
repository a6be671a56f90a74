"""Number the items that each system answered of each task, so that those of two systems can be counted.

An item is a document of a task, known by its content. Items with equal contents are numbered in their order, so
that the first of two in one run is the first of two in another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records import Part
from wattbench_reports.tables.item_rows import rows_by_code
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.streamed import StreamedFrames
from wattbench_reports.tables.streamed.text_numbers import joined, text_numbers

Answered = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""The number of each distinct document in its task, and the number of its content: both of shape (documents,), sorted
by content and then by number."""


@dataclass(frozen=True, eq=False)
class AskedTask:
    """The documents of one task that one system answered."""

    definition: Part
    """How the task is set and scored: two systems that differ in it did other work, whatever the documents."""
    numbered_by: str
    """Who numbered the documents: numbers mean the same documents only where this is equal."""
    answered: Answered

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of the documents, shape (documents,)."""
        return self.answered[0]

    @property
    def contents(self) -> NDArray[np.uint64]:
        """Return the numbers of the documents' contents, in the order of `numbers`."""
        return self.answered[1]

    @property
    def items(self) -> NDArray[np.uint64]:
        """Return a number for each item, made of its content and the count of earlier documents with this content."""
        contents = self.contents
        starts = np.flatnonzero(np.append(True, contents[1:] != contents[:-1]))
        before = np.arange(len(contents)) - np.repeat(starts, np.diff(np.append(starts, len(contents))))
        return joined(contents, before.astype(np.uint64))


def answered_by_cell(frames: Frames) -> dict[tuple[str, str], Answered]:
    """Map each system and task to the documents that were answered. Cells with equal documents share arrays."""
    known: dict[bytes, Answered] = {}
    answered: dict[tuple[str, str], Answered] = {}
    for cell, of_answers, content_of in _cells(frames):
        order = np.lexsort((of_answers, content_of))
        numbers, contents = of_answers[order], content_of[order]
        first = np.append(True, (numbers[1:] != numbers[:-1]) | (contents[1:] != contents[:-1]))
        key = hashlib.sha256(numbers[first].tobytes() + contents[first].tobytes()).digest()
        answered[cell] = known.setdefault(key, (numbers[first], contents[first]))
    return answered


def _cells(frames: Frames) -> Iterable[tuple[tuple[str, str], NDArray[np.int64], NDArray[np.uint64]]]:
    tasks = frames.categories("task")
    if isinstance(frames, StreamedFrames):
        for system in frames.systems:
            rows = frames.answers_of(system)
            contents = np.concatenate([text_numbers(part) for part in frames.texts_of("doc_hash", rows)])
            documents = frames.documents_of(rows).astype(np.int64)
            for task, within in zip(tasks, rows_by_code(frames.codes("task", rows), len(tasks)), strict=True):
                if len(documents[within]):
                    yield (system, task), documents[within], contents[within]
        return
    coded = frames.document_of_answer
    of_code = np.append(text_numbers(coded.texts), np.uint64(0))  # the last one is of a record without a hash
    numbers, codes = frames.items["doc_id"].to_numpy().astype(np.int64), frames.items["task"].cat.codes.to_numpy()
    for system, of_system in zip(frames.systems, frames.answers_by_system, strict=True):
        for task, within in zip(tasks, rows_by_code(codes[of_system], len(tasks)), strict=True):
            documents = numbers[of_system][within]
            if len(documents):
                yield (system, str(task)), documents, of_code[coded.codes[of_system][within]]


def asked_tasks(
    answered: Mapping[tuple[str, str], Answered], system: str, definitions: Mapping[str, Part], numbered_by: str
) -> dict[str, AskedTask]:
    """Return the documents that one system answered, by task.

    Args:
        answered: from `answered_by_cell`.
        system: its name.
        definitions: task to how it is set and scored.
        numbered_by: as `AskedTask.numbered_by`.
    """
    return {
        task: AskedTask(definitions.get(task, Part()), numbered_by, each)
        for (name, task), each in answered.items()
        if name == system
    }
