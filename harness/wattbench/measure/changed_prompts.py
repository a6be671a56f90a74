"""Find prompts that changed since an interrupted run began, for all its systems, before any is loaded.

The prompt of every answer on record is made anew from the files of its task and compared by its hash. This finds what
no hash of a task holds, worked examples and templates, and finds it also where the system that answered is complete:
the systems that are left would be asked something else than it was. A model's own chat template is left out, as it
comes with the model: it is compared when the model is loaded (`wattbench.measure.resume.check_same_prompts`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests, items_of
from wattbench.measure.plan import Cell
from wattbench.measure.resume import prompt_change
from wattbench.measure.task_requests import task_context
from wattbench.records import AnswerRow, RunRecords
from wattbench.systems import TaskContext
from wattbench.tasks.requests import messages_hash

_NAMED = 5
"""Documents and systems that a message names; the rest are counted."""


@dataclass(frozen=True)
class _Changed:
    """The items of a cell whose prompts have changed."""

    system: str
    task: str
    doc_ids: Sequence[int]
    answered: int
    """How many documents of the cell are on record."""
    first: str
    """How the first of them changed."""

    def __str__(self) -> str:
        named = ", ".join(map(str, self.doc_ids[:_NAMED])) + (", ..." if len(self.doc_ids) > _NAMED else "")
        noun = "document" if len(self.doc_ids) == 1 else "documents"
        return f"{len(self.doc_ids)} of {self.answered} answered items of {self.system} ({noun} {named})"


def check_no_prompt_changed(
    records: RunRecords, resolved: Resolved, cells: Sequence[Cell], *, allow_unsafe_code: bool = False
) -> None:
    """Check that every recorded item would get the same prompt now.

    Args:
        records: of the interrupted run.
        resolved: its suite, as it was recorded.
        cells: its plan, as it would be now.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: they would not. The message says which tasks and items, how the first changed, and what to do.
    """
    by_task: dict[str, list[_Changed]] = {}
    for each in _changed(records, resolved, cells, allow_unsafe_code=allow_unsafe_code):
        by_task.setdefault(each.task, []).append(each)
    if not by_task:
        return
    tasks = "; ".join(f"Task {task!r}: {_listed(of_task)}" for task, of_task in by_task.items())
    first = next(iter(by_task.values()))[0].first
    raise UserError(
        f"{records.layout.root}: cannot be resumed: what is asked has changed since it was begun. {tasks}. {first}. "
        "Put the task's files, its worked examples and its templates back as they were, or start a new run"
    )


def _listed(of_task: Sequence[_Changed]) -> str:
    more = len(of_task) - _NAMED
    systems = f" and those of {more} more system{'s' if more > 1 else ''}" if more > 0 else ""
    return ", ".join(map(str, of_task[:_NAMED])) + systems


def _changed(
    records: RunRecords, resolved: Resolved, cells: Sequence[Cell], *, allow_unsafe_code: bool
) -> Iterator[_Changed]:
    contexts: dict[str, TaskContext] = {}
    for cell in cells:
        task = cell.choice.task
        rows = records.answers_of_all_attempts(cell.system, task)
        if not rows:
            continue
        if task not in contexts:
            contexts[task] = task_context(resolved, cell.choice, allow_unsafe_code=allow_unsafe_code)
        requests = contexts[task].requests(cell.config.prompt, _MESSAGES)
        asks = {ask.doc_id: ask for each in requests.values() for ask in items_of(each[0].request_type, each)}
        changes = dict(_changes(f"{task} for {cell.system}", rows, asks))
        if changes:
            answered = len({row.doc_id for row in rows})
            yield _Changed(cell.system, task, sorted(changes), answered, changes[min(changes)])


def _changes(of_what: str, rows: Sequence[AnswerRow], asks: Mapping[int, ItemRequests]) -> Iterator[tuple[int, str]]:
    """Yield each document whose prompt has changed, with a sentence on the change."""
    for row in rows:
        ask = asks.get(row.doc_id)
        if ask is None:  # the documents are fewer, which the hash of the task shows
            continue
        messages = messages_hash(ask.requests[0].args[0])
        if not messages:
            change = prompt_change(of_what, row, ask)
        elif row.messages_hash in ("", messages):  # older records have none
            change = None
        else:
            change = f"the messages behind the prompt of document {row.doc_id} of {of_what} are others now"
        if change is not None:
            yield row.doc_id, change[0].upper() + change[1:]


class _Messages:
    """A stand-in for a model with a chat template, whose prompts are the messages themselves."""

    tokenizer_name = ""

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool) -> str:
        return json.dumps(messages, sort_keys=True) + str(add_generation_prompt)

    def chat_template(self, _: bool | str = False) -> str:
        return ""


_MESSAGES: Any = _Messages()
