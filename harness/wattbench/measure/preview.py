"""Preview what a suite will do without a data set, a model or (unless servers are asked what they serve) a network.

A plan to be run is made by `wattbench.measure.plan.plan`, which refuses if anything is missing. This one is to be
read: a mistake in the suite is an error here as well, and what only this machine lacks is a note. The code of a suite
is not run to look at it, unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from wattbench.config import Resolved, SystemBase, TaskChoice
from wattbench.errors import MissingHereError
from wattbench.measure.code_to_run import with_members
from wattbench.measure.plan import check_judges, check_pair, check_scenario, order
from wattbench.measure.power_limits import check_power_limits, limits_of
from wattbench.measure.services.estimates import check_estimates
from wattbench.measure.services.spending_of_run import check_budget
from wattbench.systems import engine_class
from wattbench.tasks.loading import LoadedTask, code_of_task, load_task, outline_task
from wattbench.tasks.task_scores import TaskScores, scores_of, scores_written


@dataclass(frozen=True)
class CellPreview:
    """One system on one task."""

    system: str
    config: SystemBase
    choice: TaskChoice
    items: int | None
    """None if the task's documents were not read."""
    request_type: str | None = None
    """lm-eval's; None where nothing can be known of the task."""


@dataclass(frozen=True)
class Preview:
    """The cells of a suite, and what could not be checked."""

    cells: list[CellPreview]
    notes: list[str]
    tasks: list[LoadedTask] = field(default_factory=list)
    """Those whose documents were read."""
    scores: list[TaskScores] = field(default_factory=list)
    """How the answers of each task count, but for tasks that are a Python class."""


def preview(
    resolved: Resolved, *, allow_unsafe_code: bool = False, load: bool = False, network: bool = False
) -> Preview:
    """Return the cells of a suite in the order of their run, and notes on what this machine lacks for them.

    Args:
        resolved: the suite.
        allow_unsafe_code: the user allows tasks that run code which a model wrote: no note on them.
        load: load tasks and import systems though that runs the suite's code, and send servers their keys.
        network: ask the servers that the suite names what they serve. Nothing else is asked.

    Raises:
        UserError: the suite needs something that no machine can do.
    """
    outlines = [(choice, outline_task(resolved, choice)) for choice in resolved.tasks]
    for name, config in resolved.systems.items():
        for _, outline in outlines:
            if outline is not None:
                check_pair(resolved, name, config, outline, allow_unsafe_code=True)
    coded = [] if load else [each.task for each in resolved.tasks if code_of_task(resolved, each).a_strangers]
    read = {
        choice.task: load_task(resolved, choice)
        for choice, outline in outlines
        if outline is not None and outline.local and choice.task not in coded
    }
    notes = [
        *(f"{task}: {loaded.note}" for task, loaded in read.items() if loaded.note),
        *_missing(resolved, load=load),
        *_probed(resolved, network=network, keys=load),
        *_unread([choice.task for choice, _ in outlines if choice.task not in read], coded),
    ]
    unsafe = [outline.choice.task for _, outline in outlines if outline is not None and outline.unsafe_code]
    if unsafe and not allow_unsafe_code:
        notes.append(f"need --allow-unsafe-code, as they run code that a model wrote: {', '.join(unsafe)}")
    cells = [
        CellPreview(
            name,
            resolved.systems[name],
            choice,
            read[choice.task].items if choice.task in read else None,
            None if outline is None else outline.request_type,
        )
        for name in order(resolved.systems)
        for choice, outline in outlines
    ]
    scores = [
        scores_of(read[outline.choice.task]) if outline.choice.task in read else scores_written(outline)
        for _, outline in outlines
        if outline is not None
    ]
    return Preview(cells, notes, [*read.values()], scores)


def _unread(tasks: Sequence[str], coded: Sequence[str]) -> list[str]:
    """Return lines that say why the documents of tasks were not read."""
    far = [task for task in tasks if task not in coded]
    why = {
        "as that runs the task's own code (plan --load does)": coded,
        "as they may have to be downloaded": far,
    }
    return [f"documents not read, {reason}: {', '.join(names)}" for reason, names in why.items() if names]


def _probed(resolved: Resolved, *, network: bool, keys: bool) -> list[str]:
    """Check the files and servers of all systems, members of hybrids included, and return notes on them."""
    notes = []
    for name, config in with_members(resolved.with_judges).items():
        with suppress(MissingHereError):  # which is among what is missing
            said = engine_class(config.engine).probe(name, config, network=network, keys=keys)
            notes += [f"{name}: {note}" for note in said]
    return notes


def _missing(resolved: Resolved, *, load: bool) -> list[str]:
    """List each thing that the suite needs and this machine lacks, with the systems that need it."""
    needed: dict[str, list[str]] = {}
    for name, config in with_members(resolved.with_judges).items():
        engine = engine_class(config.engine)
        try:
            (engine.check if load else engine.look)(name, config)
        except MissingHereError as error:
            needed.setdefault(error.missing, []).append(name)
    check_judges(resolved)
    check_budget(resolved)
    try:
        check_scenario(resolved)
    except MissingHereError as error:
        needed[error.missing] = ["scenario: load"]
    try:
        check_estimates(resolved)
    except MissingHereError as error:
        needed[error.missing] = ["estimate"]
    try:
        check_power_limits(resolved, tries=load)
    except MissingHereError as error:
        needed[error.missing] = [*limits_of(resolved)]
    return [f"missing here, needed to run: {missing} ({', '.join(names)})" for missing, names in needed.items()]
