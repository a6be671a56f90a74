"""List the limits of output tokens before a run, and who sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from wattbench.config import AskingSystem, HybridSystem, PythonSystem, SklearnSystem, SystemBase
from wattbench.measure.preview import CellPreview
from wattbench.systems.base import GENERATE
from wattbench.tasks.output_limit import Origin, output_limit
from wattbench.tasks.task_scores import TaskScores

_WHOSE = {
    "system": "by max_output_tokens of the system",
    "task": "by the task",
    "default": "by default, as neither system nor task sets a limit",
    "not read": "if the task, which was not read, sets no limit",
}


@dataclass(frozen=True)
class AnswerLimit:
    """The limit of output tokens for one system's answers to one task."""

    system: str
    task: str
    answered_by: str
    """The system itself; of a hybrid one of its members, which have limits of their own."""
    tokens: int
    origin: Origin | Literal["not read"]
    """Whose limit it is; ``not read``: the default, which holds if the task has none."""

    def as_record(self) -> dict[str, Any]:
        """Return the limit as plain data."""
        return asdict(self)


def answer_limits(cells: Sequence[CellPreview], scores: Sequence[TaskScores]) -> list[AnswerLimit]:
    """Return the limit of output tokens for each cell with generated answers.

    Args:
        cells: of the plan.
        scores: how answers of each task end, of tasks of which it is known.
    """
    of_task = {each.task: each.max_tokens for each in scores}
    return [
        AnswerLimit(cell.system, cell.choice.task, name, *_limit(config, cell, of_task.get(cell.choice.task)))
        for cell in cells
        if cell.request_type in (GENERATE, None)
        for name, config in _answering(cell)
    ]


def _answering(cell: CellPreview) -> Iterator[tuple[str, SystemBase]]:
    """Yield the systems that generate a cell's answers in one request, the members of a hybrid included."""
    config = cell.config
    if isinstance(config, HybridSystem):
        answering = {name: config.pool[name] for name in config.members.values() if name in config.pool}
    else:
        answering = {cell.system: config}
    for name, each in answering.items():
        if not isinstance(each, PythonSystem | SklearnSystem | AskingSystem):
            yield name, each


def _limit(config: SystemBase, cell: CellPreview, of_task: int | None) -> tuple[int, Origin | Literal["not read"]]:
    limit = output_limit(config, of_task)
    unread = limit.origin == "default" and cell.items is None
    return limit.tokens, "not read" if unread else limit.origin


def limits_in_words(limits: Sequence[AnswerLimit], listed: Callable[[Sequence[str]], str] = ", ".join) -> list[str]:
    """Word the limits; equal limits of several systems or tasks share a line, in which `listed` lists the systems."""
    alike: dict[tuple[str, int, str], list[str]] = {}
    for each in limits:
        name = each.system if each.answered_by == each.system else f"{each.system} by {each.answered_by}"
        alike.setdefault((name, each.tokens, each.origin), []).append(each.task)
    together: dict[tuple[int, str, tuple[str, ...]], list[str]] = {}
    for (name, tokens, origin), tasks in alike.items():
        together.setdefault((tokens, origin, tuple(tasks)), []).append(name)
    return [
        f"{listed(names)} on {', '.join(of_tasks)}: {tokens:,} tokens, {_WHOSE[origin]}"
        for (tokens, origin, of_tasks), names in together.items()
    ]
