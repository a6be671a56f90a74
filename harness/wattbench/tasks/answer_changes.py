"""Change answers between a task's own filters and its metric, and targets with them.

lm-eval scores what its filters leave of an answer. The changes are further filters at their end, so that every metric
of the task, and every pipeline of filters that it has, sees the changed answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.api.filter import Filter, FilterEnsemble

from wattbench.records import NO_ANSWER, Forms, answer_in, target_in


@dataclass(frozen=True)
class AnswerChanges:
    """The changes to an answer before it is compared with its target."""

    forms: Forms = ()
    """Of what the filters leave; targets are brought into them, too."""
    extracted: Mapping[str, str] | None = None
    """Whole answer to what a pattern extracts, in place of the task's own filters; `NO_ANSWER` for any other answer.
    None: the filters stay."""


def change_answers(task: Any, changes: AnswerChanges) -> None:
    """Make a loaded lm-eval task that generates texts score changed answers.

    Args:
        task: lm-eval's `Task`.
        changes: what is done.
    """
    for pipeline in task._filters:
        _change_filters(pipeline, changes)
    if changes.forms:
        _change_targets(task, changes.forms)


def _change_filters(pipeline: FilterEnsemble, changes: AnswerChanges) -> None:
    filters: list[Callable[[], Filter]] = list(pipeline.filters)
    extracted = changes.extracted
    if extracted is not None:
        # Of several replies to one document the first counts, as in lm-eval's own default.
        filters = [lambda: _EachText(lambda text: extracted.get(text, NO_ANSWER)), _TakeFirst]
    if changes.forms:
        filters.append(lambda: _EachText(lambda text: answer_in(text, changes.forms)))
    pipeline.filters = filters


def _change_targets(task: Any, forms: Forms) -> None:
    """Change the targets as the answers are changed: a lower-cased answer equals no target with capitals."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return target_in(value, forms)
        if isinstance(value, (list, tuple)):
            return [changed(each) for each in value]
        return value

    to_target = task.doc_to_target
    task.doc_to_target = lambda *doc: changed(to_target(*doc))
    if task.get_config("doc_to_choice") is not None:  # the target is then the number of a choice
        to_choice = task.doc_to_choice
        task.doc_to_choice = lambda *doc: changed(to_choice(*doc))


class _EachText(Filter):  # type: ignore[misc]  # lm-eval has no type information
    """A filter that changes every text among the replies to each document, and leaves likelihoods."""

    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__()
        self._change = change

    def apply(self, resps: Iterable[Any], docs: Sequence[Any]) -> list[Any]:
        return [self._changed(each) for each in resps]

    def _changed(self, reply: Any) -> Any:
        if isinstance(reply, str):
            return self._change(reply)
        return [self._changed(each) for each in reply] if isinstance(reply, list) else reply


class _TakeFirst(Filter):  # type: ignore[misc]
    def apply(self, resps: Iterable[Any], docs: Sequence[Any]) -> list[Any]:
        return [each[0] for each in resps]
