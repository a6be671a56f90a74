"""Preview what a suite will do, as far as any machine can: without a data set, a model, its server or a network.

A plan to be run is made by `wattbench.measure.plan.plan`, which refuses if anything is missing. This one is to be
read: a mistake in the suite is an error here as well, and what only this machine lacks is a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.config import HybridSystem, Resolved, SystemBase, TaskChoice
from wattbench.errors import MissingHereError
from wattbench.measure.plan import check_pair, check_scenario, order
from wattbench.systems import engine_class
from wattbench.tasks.loading import TaskOutline, load_task, outline_task


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


def preview(resolved: Resolved, *, allow_unsafe_code: bool = False) -> Preview:
    """Return the cells of a suite in the order they run, and notes on what they need that is missing here.

    Raises:
        UserError: the suite needs something that no machine can do.
    """
    outlines = [(choice, outline_task(resolved, choice)) for choice in resolved.tasks]
    for name, config in resolved.systems.items():
        for _, outline in outlines:
            if outline is not None:
                check_pair(resolved, name, config, outline, allow_unsafe_code=True)
    items = {choice.task: _items(resolved, choice, outline) for choice, outline in outlines}
    notes = _missing(resolved)
    unread = [task for task, known in items.items() if known is None]
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
    return Preview(cells, notes)


def _items(resolved: Resolved, choice: TaskChoice, outline: TaskOutline | None) -> int | None:
    return load_task(resolved, choice).items if outline is not None and outline.local else None


def _missing(resolved: Resolved) -> list[str]:
    """List what the systems lack here: each thing once, with the systems that need it, members of hybrids included."""
    needed: dict[str, list[str]] = {}
    for name, config in _with_members(resolved.systems).items():
        try:
            engine_class(config.engine).check(name, config)
        except MissingHereError as error:
            needed.setdefault(error.missing, []).append(name)
    try:
        check_scenario(resolved)
    except MissingHereError as error:
        needed[error.missing] = ["scenario: load"]
    return [f"missing here, needed to run: {missing} ({', '.join(names)})" for missing, names in needed.items()]


def _with_members(systems: Mapping[str, SystemBase]) -> dict[str, SystemBase]:
    """Return the systems, and those that only hybrids ask."""
    pools = [config.pool for config in systems.values() if isinstance(config, HybridSystem)]
    return {**systems, **{name: config for pool in pools for name, config in pool.items()}}
