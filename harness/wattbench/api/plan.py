"""`wattbench.plan`: what a run of a suite will do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wattbench.api.loaded_suite import load as read_suite
from wattbench.api.loaded_suite import shard_of_arguments
from wattbench.api.narrowing import limit_of, names_of
from wattbench.api.plans.plan_suite import SuitePlan, plan_suite
from wattbench.progress.notices import stdout_to_stderr


def plan(
    suite: str | os.PathLike[str],
    *,
    systems: Sequence[str] = (),
    tasks: Sequence[str] = (),
    limit: int | None = None,
    effort: str | None = None,
    energy: bool | None = None,
    prompts: int = 1,
    like: str | os.PathLike[str] | None = None,
    load: bool = False,
    offline: bool = False,
    allow_unsafe_code: bool = False,
    require_measured: bool = False,
    block: str | None = None,
    seed: int | None = None,
) -> SuitePlan:
    """Look at what a run of a suite will do. Nothing is run, and no code of the suite unless `load` allows it.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        systems: only these systems of the suite.
        tasks: only these tasks of the suite.
        limit: at most this many items of each task.
        effort: how much time intervals and joules may take, as of `wattbench.run`. So `energy`.
        prompts: how many items of each task are shown.
        like: an earlier run, or a folder of runs, from which time and joules are expected; None: the runs of this
            machine in the folder `runs`.
        load: also load tasks and import systems that are code, and send servers their keys.
        offline: do not ask the servers that the suite names what they serve.
        allow_unsafe_code: allow tasks that run code which a model wrote.
        require_measured: refuse where any joules would come from a formula and not from a sensor.
        block: the blocks that are asked here, as of `wattbench.run`. So `seed`.

    Raises:
        UserError: something is wrong with the suite or an argument, or a server that it names does not answer.
    """
    shard = shard_of_arguments(block, seed)
    with stdout_to_stderr():
        return plan_suite(
            read_suite(
                os.fspath(suite),
                effort=effort,
                energy=energy,
                require_measured=require_measured,
                systems=names_of(systems, "systems"),
                tasks=names_of(tasks, "tasks"),
                limit=limit_of(limit, "limit"),
            ),
            allow_unsafe_code=allow_unsafe_code,
            load=load,
            network=not offline,
            prompts=prompts,
            like=None if like is None else Path(like),
            shard=shard,
        )
