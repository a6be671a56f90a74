"""Preview what a suite will do, as far as any machine can: without a data set, a model, its server or a network.

A plan to be run is made by `wattbench.measure.plan.plan`, which refuses if anything is missing. This one is to be
read: a mistake in the suite is an error here as well, and what only this machine lacks is a note. The code of a suite
is not run to look at it, unless that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wattbench.config import Resolved, SystemBase, TaskChoice
from wattbench.errors import MissingHereError
from wattbench.measure.code_to_run import with_members
from wattbench.measure.plan import check_pair, check_scenario, order
from wattbench.measure.spending_of_run import check_budget
from wattbench.systems import engine_class
from wattbench.tasks.loading import LoadedTask, code_of_task, load_task, outline_task


@dataclass(frozen=True)
class CellPreview:
    """One system on one task."""

    system: str
    config: SystemBase
    choice: TaskChoice
    items: int | None
    """None if the task's documents were not read."""


@dataclass(frozen=True)
class Preview:
    """The cells of a suite, and what could not be checked."""

    cells: list[CellPreview]
    notes: list[str]
    tasks: list[LoadedTask] = field(default_factory=list)
    """Those whose documents were read."""


def preview(resolved: Resolved, *, allow_unsafe_code: bool = False, load: bool = False) -> Preview:
    """Return the cells of a suite in the order they run, and notes on what they need that is missing here.

    Args:
        resolved: the suite.
        allow_unsafe_code: the user allows tasks that run code which a model wrote: no note on them.
        load: load tasks and import systems though that runs the suite's code.

    Raises:
        UserError: the suite needs something that no machine can do.
    """
    outlines = [(choice, outline_task(resolved, choice)) for choice in resolved.tasks]
    for name, config in resolved.systems.items():
        for _, outline in outlines:
            if outline is not None:
                check_pair(resolved, name, config, outline, allow_unsafe_code=True)
    coded = [] if load else [each.task for each in resolved.tasks if code_of_task(resolved, each).a_strangers]
    items: dict[str, int | None] = {}
    notes: list[str] = []
    tasks: list[LoadedTask] = []
    for choice, outline in outlines:
        local = choice.task not in coded and outline is not None and outline.local
        loaded = load_task(resolved, choice) if local else None
        items[choice.task] = None if loaded is None else loaded.items
        tasks += [loaded] if loaded is not None else []
        notes += [f"{choice.task}: {loaded.note}"] if loaded is not None and loaded.note else []
    notes += _missing(resolved, load=load)
    unread = [task for task, known in items.items() if known is None and task not in coded]
    if coded:
        notes.append(f"documents not read, as that runs the task's own code (plan --load does): {', '.join(coded)}")
    if unread:
        notes.append(f"documents not read, as they may have to be downloaded: {', '.join(unread)}")
    unsafe = [outline.choice.task for _, outline in outlines if outline is not None and outline.unsafe_code]
    if unsafe and not allow_unsafe_code:
        notes.append(f"need --allow-unsafe-code, as they run code that a model wrote: {', '.join(unsafe)}")
    cells = [
        CellPreview(name, resolved.systems[name], choice, items[choice.task])
        for name in order(resolved.systems)
        for choice, _ in outlines
    ]
    return Preview(cells, notes, tasks)


def _missing(resolved: Resolved, *, load: bool) -> list[str]:
    """List what the systems lack here: each thing once, with the systems that need it, members of hybrids included."""
    needed: dict[str, list[str]] = {}
    for name, config in with_members(resolved.systems).items():
        engine = engine_class(config.engine)
        try:
            (engine.check if load else engine.look)(name, config)
        except MissingHereError as error:
            needed.setdefault(error.missing, []).append(name)
    check_budget(resolved)
    try:
        check_scenario(resolved)
    except MissingHereError as error:
        needed[error.missing] = ["scenario: load"]
    return [f"missing here, needed to run: {missing} ({', '.join(names)})" for missing, names in needed.items()]
