"""Build the requests of a task once for each prompt form and model."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wattbench.config import FileTask, InspectTask, Prompt, Resolved, TaskChoice
from wattbench.systems import TaskContext
from wattbench.systems.base import TaskWork
from wattbench.tasks.file_task.prompt import names_of
from wattbench.tasks.requests import requests_by_document

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM

    Requests = Mapping[int, Sequence[Instance]]


def task_context(resolved: Resolved, choice: TaskChoice, *, allow_unsafe_code: bool) -> TaskContext:
    """Return what a system may know of a task. Its requests are built once and cached."""
    built: dict[tuple[str, int | None], tuple[weakref.ref[LM], Requests]] = {}

    def requests(prompt: Prompt, lm: LM) -> Requests:
        # Without a chat template the form is the same for every model.
        form = prompt.model_dump_json(), id(lm) if prompt.chat else None
        if form in built and (not prompt.chat or built[form][0]() is lm):  # a freed model's id may be another's now
            return built[form][1]
        made = requests_by_document(
            resolved, choice, prompt, resolved.suite.measure, lm, allow_unsafe_code=allow_unsafe_code
        )
        built[form] = weakref.ref(lm), made  # the model must not stay in memory for the sake of its requests
        return made

    return TaskContext(choice.task, choice.domain, requests, input_key(choice), _work(choice), _inspected(choice))


def _work(choice: TaskChoice) -> TaskWork | None:
    if not isinstance(choice, FileTask) or not (choice.check or choice.has_folders):
        return None
    keys = {key: names_of([column])[column] for key, column in choice.columns.items()}
    return TaskWork(choice.file, choice.check, keys.get("workspace"), keys.get("check_files"))


def _inspected(choice: TaskChoice) -> InspectTask | None:
    return choice if isinstance(choice, InspectTask) else None


def input_key(choice: TaskChoice) -> str | None:
    """Return the key of a document's input; None for a task that is not a file."""
    return names_of([choice.input])[choice.input] if isinstance(choice, FileTask) else None
