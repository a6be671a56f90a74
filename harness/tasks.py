"""Tasks: found, loaded and checked through lm-eval, one at a time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.config import Resolved, TaskChoice
from harness.errors import UserError, nearest


@dataclass(frozen=True)
class LoadedTask:
    """One task of a suite, ready to be asked. lm-eval changes a task as it runs it: load a fresh one per cell."""

    choice: TaskChoice
    task: Any
    """lm-eval's own `Task`."""
    items: int
    """How many documents will be asked."""
    docs_sha256: str
    """A hash of those documents, in order."""

    @property
    def request_type(self) -> str:
        """The kind of lm-eval request it makes."""
        output_type = str(self.task.OUTPUT_TYPE)
        return "loglikelihood" if output_type == "multiple_choice" else output_type

    @property
    def version(self) -> str:
        """The version its YAML declares."""
        return str(self.task.VERSION)


def quiet_lm_eval() -> None:
    """Import lm-eval without its chatter: no progress bars of its own, no notes on standard output."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is first imported
    import logging

    import lm_eval  # noqa: F401  # configures its loggers on import

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    logging.getLogger("datasets").setLevel(logging.ERROR)


def load_task(resolved: Resolved, choice: TaskChoice) -> LoadedTask:
    """Load one task of a suite.

    Raises:
        UserError: it is unknown, broken, a group rather than a task, or has no documents.
    """
    quiet_lm_eval()
    manager = _manager(tuple(resolved.suite.tasks.include), defaults=choice.source == "lm_eval")
    where = f"{resolved.path}: tasks.select: {choice.task!r}"
    if choice.task not in manager.all_subtasks:
        raise UserError(_unknown(where, choice, manager))
    try:
        task = manager.load([choice.task])["tasks"][choice.task]
        documents = _documents(task, choice.limit)
    except Exception as error:  # a task file is YAML, templates and code by others: anything can go wrong in it
        raise UserError(f"{where}: the task cannot be loaded: {_reason(error)}") from error
    if not documents:
        raise UserError(f"{where}: the task has no documents")
    digest = hashlib.sha256(json.dumps(documents, sort_keys=True, default=str).encode()).hexdigest()
    return LoadedTask(choice, task, len(documents), digest)


@lru_cache(maxsize=4)
def _manager(include: tuple[Path, ...], *, defaults: bool) -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=[str(path) for path in include] or None, include_defaults=defaults)


def _documents(task: Any, limit: int | None) -> Sequence[Any]:
    documents = task.eval_docs
    return [documents[index] for index in range(min(limit or len(documents), len(documents)))]


def _unknown(where: str, choice: TaskChoice, manager: Any) -> str:
    if choice.task in manager.all_tasks:
        return f"{where}: this is a group of tasks; select its members, such as {_members(manager, choice.task)}"
    hint = nearest(choice.task, manager.all_subtasks)
    if choice.source == "include":
        hint += " (for a task that lm-eval ships, add source: lm_eval)"
    return f"{where}: unknown task{hint}"


def _members(manager: Any, group: str) -> str:
    entry = manager.task_index[group]
    named = list(entry.tags) or [m for m in (entry.cfg or {}).get("task", []) if isinstance(m, str)]
    return ", ".join(sorted(named)[:3]) or "those in its YAML"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, IndexError):
        return "it has no documents"  # lm-eval looks at the first document while loading
    return f"{type(error).__name__}: {text[:300]}"
