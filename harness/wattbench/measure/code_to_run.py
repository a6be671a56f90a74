"""List the code that a run of a suite would execute, other than that of libraries, without running any."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattbench.config import (
    ENGINES,
    METERS,
    ROUTERS,
    AgentSystem,
    AskingSystem,
    EndpointSystem,
    ExternalSettings,
    FileTask,
    HybridSystem,
    InspectSystem,
    LmEvalSystem,
    PythonRouter,
    PythonSystem,
    Resolved,
    SystemBase,
)
from wattbench.tasks.loading import code_of_task
from wattbench.tasks.task_code import TaskCode

MOST_NAMED = 3
"""How many functions of one task are named; the others are counted."""


def code_to_run(resolved: Resolved) -> list[str]:
    """List the code of systems, tasks and meters that a run of a suite would execute.

    Args:
        resolved: the suite.

    Returns:
        One line each: ``system 'adder' (answers.py:add)``.
    """
    systems = with_members(resolved.with_judges)
    of_systems = (
        f"system {(name if config.arm is None else config.arm.grid)!r} ({what})"  # systems of a grid differ in settings
        for name, config in systems.items()
        for what in _of_system(config)
    )
    return [
        *dict.fromkeys(of_systems),
        *_of_tasks(resolved),
        *_of_meters(resolved),
    ]


def with_members(systems: Mapping[str, SystemBase]) -> dict[str, SystemBase]:
    """Return the systems of a suite together with the members of its hybrids and the servers of its agents."""
    behind = [_behind(config) for config in systems.values()]
    return {**systems, **{name: config for each in behind for name, config in each.items()}}


def _behind(config: SystemBase) -> Mapping[str, SystemBase]:
    if isinstance(config, AskingSystem) and config.asks is not None and config.server is not None:
        return {config.asks: config.server}
    return config.pool if isinstance(config, HybridSystem) else {}


def _of_system(config: SystemBase) -> Iterator[str]:
    if isinstance(config, PythonSystem):
        yield config.call
    elif isinstance(config, AgentSystem):
        what = config.call if config.command is None else f"the program {_program(config.command)}"
        yield f"{what}, an agent, and what its model has it run{_shut_in(config)}"
    elif isinstance(config, InspectSystem):
        solver = "the tasks' own solvers" if config.solver is None else f"the solver {config.solver}"
        yield f"{solver}, an agent, and what its model has it run{_in_sandbox(config.sandbox)}"
    elif isinstance(config, EndpointSystem) and config.serve is not None and config.serve.command is not None:
        yield f"the program {_program(config.serve.command)}"
    elif isinstance(config, LmEvalSystem) and config.args.get("trust_remote_code"):
        yield "code from its model's repository: trust_remote_code"
    elif config.engine not in ENGINES.built_in:
        yield f"the engine {config.engine} of {ENGINES.provider(config.engine)}"
    if isinstance(config, HybridSystem) and isinstance(config.router, PythonRouter):
        yield f"its router {config.router.call}"
    elif isinstance(config, HybridSystem) and config.router.type not in ROUTERS.built_in:
        yield f"the router {config.router.type} of {ROUTERS.provider(config.router.type)}"


def _shut_in(config: AgentSystem) -> str:
    return ", with your rights" if config.wrap is None else f", behind {_program(config.wrap)}"


def _in_sandbox(sandbox: str | None) -> str:
    if sandbox is None:
        return ", in the sandbox of each task, or with your rights if it has none"
    kind = sandbox.partition(":")[0]
    return ", with your rights" if kind == "local" else f", in a sandbox: {kind}"


def _of_tasks(resolved: Resolved) -> Iterator[str]:
    shipped: dict[str, list[str]] = {}
    for choice in resolved.tasks:
        code = code_of_task(resolved, choice)
        if code.a_strangers:
            yield f"task {choice.task!r} ({_shortened(code)})"
        elif code.named:
            shipped.setdefault(code.owner, []).append(choice.task)
        if choice.graded is not None:
            yield f"task {choice.task!r} (the grading function {choice.graded})"
        if isinstance(choice, FileTask) and choice.check is not None:
            yield f"task {choice.task!r} (the check {_program(choice.check)})"
    for owner, tasks in shipped.items():
        yield f"{owner}'s own tasks ({', '.join(_first(tasks))})"


def _of_meters(resolved: Resolved) -> Iterator[str]:
    for entry in resolved.suite.meters:
        if isinstance(entry, ExternalSettings) and entry.command is not None:
            yield f"meter of {entry.component} (the program {_program(entry.command.run)})"
        elif entry.use not in (*METERS.built_in, *METERS.reserved):
            yield f"meter {entry.use!r} (of {METERS.provider(entry.use)})"


def _shortened(code: TaskCode) -> str:
    return ", ".join(_first(code.named))


def _first(names: Sequence[str]) -> Iterable[str]:
    more = len(names) - MOST_NAMED
    return [*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]


def _program(command: str) -> str:
    """Return the program of a command line, without its arguments: they may hold a password."""
    try:
        return next(iter(shlex.split(command)), "")
    except ValueError:
        return command.split(maxsplit=1)[0]
