"""Put what judges said in several runs next to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.judges.model import JudgedAnswers, JudgedTask
from wattbench_reports.formatting.units import named


def judged_of_runs(parts: Iterable[tuple[JudgedAnswers | None, Mapping[str, str]]]) -> JudgedAnswers | None:
    """Return the judged answers of several runs; None where no task of any of them is judged.

    Args:
        parts: of each run what was said, and the names of its systems among all.
    """
    there = [(judged, names) for judged, names in parts if judged is not None]
    if not there:
        return None
    return JudgedAnswers(
        tasks=tuple(_renamed(task, names) for judged, names in there for task in judged.tasks),
        bills=tuple(bill for judged, _ in there for bill in judged.bills),
        related={
            judge: tuple(names.get(each, each) for each in related)
            for judged, names in there
            for judge, related in judged.related.items()
        },
        nothing_scored=all(judged.nothing_scored for judged, _ in there),
    )


def _renamed(task: JudgedTask, names: Mapping[str, str]) -> JudgedTask:
    return replace(
        task,
        against=None if task.against is None else names.get(task.against, task.against),
        systems=tuple(replace(each, system=names.get(each.system, each.system)) for each in task.systems),
        to_read=tuple(replace(each, system=names.get(each.system, each.system)) for each in task.to_read),
    )


def other_judges(judged: JudgedAnswers | None) -> Iterator[Caveat]:
    """Say of which tasks several runs were judged in different ways: by other judges, rubrics, prompts or scales."""
    by_task: dict[str, list[JudgedTask]] = {}
    for task in () if judged is None else judged.tasks:
        by_task.setdefault(task.task, []).append(task)
    for name, tasks in by_task.items():
        differing = [what for what, of in _PARTS.items() if len({of(task) for task in tasks}) > 1]
        if differing:
            yield Caveat("other-judges", _text(name, tasks, differing), _systems(tasks))


def _text(name: str, tasks: Sequence[JudgedTask], differing: Sequence[str]) -> str:
    return (
        f"{name}: the runs differ in the {named(differing)} by which it was judged. Opinions of theirs say nothing of "
        "each other; corrected figures do, as both rest on what people say."
        + ("" if all(task.counts for task in tasks) else " Not all of them are corrected.")
    )


def _systems(tasks: Sequence[JudgedTask]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.system for task in tasks for each in task.systems))


_PARTS = {
    "judge": attrgetter("judge"),
    "scale": attrgetter("scale"),
    "rubric": attrgetter("rubric"),
    "version of the prompt": attrgetter("prompt_version"),
}
