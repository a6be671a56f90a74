"""What a suite will do: its cells, checked as far as they can be without loading a model or asking anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.config import Resolved, System, TaskChoice
from harness.errors import UserError
from harness.systems import base_key, engine_class
from harness.tasks import LoadedTask, load_task


@dataclass(frozen=True)
class Cell:
    """One system on one task: the unit of work and of resumption."""

    system: str
    config: System
    choice: TaskChoice
    items: int
    task_version: str
    docs_sha256: str

    def as_record(self) -> dict[str, Any]:
        """What `run.json` keeps of it."""
        return {
            "system": self.system,
            "kind": self.config.kind,
            "engine": self.config.engine,
            "task": self.choice.task,
            "domain": self.choice.domain,
            "items": self.items,
            "task_version": self.task_version,
            "docs_sha256": self.docs_sha256,
        }


def plan(resolved: Resolved, *, allow_unsafe_code: bool = False) -> list[Cell]:
    """The cells of a suite in the order they run: system by system, those that share a base side by side.

    Raises:
        UserError: a task or a system cannot be run here, and why.
    """
    tasks = [load_task(resolved, choice) for choice in resolved.tasks]
    for name, config in resolved.systems.items():
        engine_class(config.engine).check(name, config)
        for task in tasks:
            _check_pair(resolved, name, config, task, allow_unsafe_code)
    return [
        Cell(name, resolved.systems[name], task.choice, task.items, task.version, task.docs_sha256)
        for name in _order(resolved.systems)
        for task in tasks
    ]


def as_text(resolved: Resolved, cells: Sequence[Cell], metered: Mapping[str, str]) -> str:
    """The plan in words and a table, as `wattbench plan` prints it.

    Args:
        resolved: the suite.
        cells: its cells.
        metered: component to how its joules will come about: ``{"cpu": "modelled"}``.
    """
    measure = resolved.suite.measure
    width = max(len("system"), *(len(cell.system) for cell in cells))
    task_width = max(len("task"), *(len(cell.choice.task) for cell in cells))
    lines = [f"suite {resolved.suite.name} ({resolved.path})", ""]
    lines.append(f"{'system':<{width}}  {'kind':<10}  {'engine':<12}  {'task':<{task_width}}  {'domain':<12}  items")
    lines += [
        f"{cell.system:<{width}}  {cell.config.kind:<10}  {cell.config.engine:<12}  "
        f"{cell.choice.task:<{task_width}}  {cell.choice.domain:<12}  {cell.items:>5}"
        for cell in cells
    ]
    asked = sum(cell.items for cell in cells) * measure.repeats
    lines += [
        "",
        f"{len(cells)} cells, {asked} items to ask, {measure.scenario}, batch {measure.batch}; "
        f"warm-up {measure.warmup} items a cell, idle {measure.idle_s:g} s a system, "
        f"windows of {measure.min_window_s:g} s and more",
        "energy: " + (", ".join(f"{c} {p}" for c, p in metered.items()) or "nothing can be read here"),
    ]
    lines += [f"runs code of its own: {name}" for name in _own_code(resolved)]
    return "\n".join(lines)


def _check_pair(resolved: Resolved, name: str, config: System, task: LoadedTask, allow_unsafe_code: bool) -> None:
    where = f"{resolved.path}: system {name!r} on task {task.choice.task!r}"
    if task.request_type not in engine_class(config.engine).request_types:
        raise UserError(
            f"{where}: the task asks for likelihoods ({task.task.OUTPUT_TYPE}), which the {config.engine} engine "
            "cannot give. Choose a task that generates, or engine lm_eval (for a server: model local-completions)"
        )
    if getattr(task.task, "UNSAFE_CODE", False) and not allow_unsafe_code:
        raise UserError(
            f"{where}: the task runs code that the model wrote. If you want that on this machine, "
            "say --allow-unsafe-code"
        )
    if getattr(task.task, "MULTIMODAL", False):
        raise UserError(f"{where}: the task shows pictures or plays sound; wattbench asks with text alone")


def _order(systems: Mapping[str, System]) -> list[str]:
    """As in the suite, but systems that share a base follow the first of them, so that it is loaded once."""
    keys = {name: base_key(config) for name, config in systems.items()}
    first: dict[object, int] = {}
    place = {
        name: index if key is None else first.setdefault(key, index) for index, (name, key) in enumerate(keys.items())
    }
    return sorted(systems, key=lambda name: place[name])


def _own_code(resolved: Resolved) -> list[str]:
    """Whose code this suite will run, beside that of the libraries: a reader of somebody else's suite wants to know."""
    found = [f"system {n!r} ({c.call})" for n, c in resolved.systems.items() if c.engine == "python"]
    for folder in resolved.suite.tasks.include:
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".jsonl", ".py"))
        if any("!function" in path.read_text(errors="replace") for path in files):
            found.append(f"tasks in {folder}")
    return found
