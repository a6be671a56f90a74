"""`wattbench.run`: a suite from its file to a finished run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.api.label import add_labels_of_suite
from wattbench.api.loaded_suite import load, shard_of_arguments
from wattbench.api.narrowing import limit_of, names_of, seconds_to_wait
from wattbench.api.read import Run, read
from wattbench.api.slot_source import SlotSource, slot_source
from wattbench.api.suite_runs import HowToRun, run_new, run_resumed
from wattbench.errors import UserError
from wattbench.progress.notices import stdout_to_stderr


def run(
    suite: str | os.PathLike[str] | None = None,
    *,
    systems: Sequence[str] = (),
    tasks: Sequence[str] = (),
    limit: int | None = None,
    effort: str | None = None,
    energy: bool | None = None,
    out: str | os.PathLike[str] = "runs",
    resume: str | os.PathLike[str] | None = None,
    retry_failed: bool = False,
    allow_unsafe_code: bool = False,
    require_measured: bool = False,
    wait: bool | float = False,
    max_cost: str | None = None,
    block: str | None = None,
    seed: int | None = None,
    slot: str | None = None,
    slots: int | str | None = None,
    cluster: str | None = None,
    gpus_per_slot: int | None = None,
) -> Run:
    """Run a suite, or finish an interrupted run. Progress goes to standard error.

    One run at a time meters: energy is counted for the whole machine. Where another meters, this one is refused, or
    waits when it has loaded its systems.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        systems: only these systems of the suite.
        tasks: only these tasks of the suite.
        limit: at most this many items of each task.
        effort: how much time intervals and joules may take: ``"quick"``, ``"normal"`` or ``"thorough"``; None: as the
            suite has it.
        energy: False measures accuracy and latency alone; None: as the suite has it.
        out: the folder in which the run gets its directory.
        resume: an interrupted run to finish, in place of a suite.
        retry_failed: of the resumed run, ask again the requests that failed. Of a finished run in a copy next to it,
            which is returned.
        allow_unsafe_code: allow tasks that run code which a model wrote.
        require_measured: refuse to run where any joules would come from a formula and not from a sensor.
        wait: while another run measures on this machine, wait this many seconds at most; True: as long as it takes.
        max_cost: stop before more is spent on tokens and requests: ``"5 USD"``; with `resume`, by the whole run.
            None: as the suite has it.
        block: ask only these blocks of the suite, ``3/16`` or ``1-4/16``, counted from 1: a shard, which
            `wattbench.merge` makes a run of with the others. They are dealt as many, whatever the suite has.
        seed: of the deal, the same for all shards; None: by the suite's hash.
        slot: measure on these GPUs alone, while other slots of this machine measure on theirs: numbers as `nvidia-smi`
            shows them, or UUIDs, separated by commas. To be named before anything in this process uses CUDA.
        slots: ask on this many slots of this machine at once, each with GPUs of its own and a process of its own;
            ``"auto"``: on all that there are.
        cluster: ask on the nodes of a Ray cluster: ``"ray"``, ``"HOST:PORT"`` or ``"ray://HOST:PORT"``.
        gpus_per_slot: with `slots` or `cluster`, how many GPUs each slot has; None: 1.

    Raises:
        UserError: something is wrong with the suite or an argument, a system failed, another run is measuring, or
            the budget is reached.
    """
    narrowing = {
        "systems": names_of(systems, "systems"),
        "tasks": names_of(tasks, "tasks"),
        "limit": limit_of(limit, "limit"),
    }
    source = slot_source(cluster, slots, gpus_per_slot)
    if resume is None:
        given = narrowing | {"effort": effort, "max_cost": max_cost, "block": block, "seed": seed}
        words = [*_given(given), *([] if energy is None else [f"energy={energy}"]), *(source.words() if source else [])]
        command = ["wattbench.run", os.fspath(suite or ""), *words]
    else:
        command = ["wattbench.run", f"resume={os.fspath(resume)}", "retry_failed=True"]
    with stdout_to_stderr():
        root = run_suite(
            None if suite is None else os.fspath(suite),
            None if resume is None else Path(resume),
            Path(out),
            command,
            narrowing=narrowing,
            effort=effort,
            energy=energy,
            block=block,
            seed=seed,
            retry_failed=retry_failed,
            allow_unsafe_code=allow_unsafe_code,
            require_measured=require_measured,
            max_cost=max_cost,
            wait_s=seconds_to_wait(wait),
            slot=slot,
            cluster=source,
        )
        return read(root)


def run_suite(
    suite: str | None,
    resume: Path | None,
    out: Path,
    command: Sequence[str],
    *,
    narrowing: Mapping[str, Any],
    effort: str | None,
    energy: bool | None,
    block: str | None,
    seed: int | None,
    retry_failed: bool,
    allow_unsafe_code: bool,
    require_measured: bool,
    max_cost: str | None,
    wait_s: float,
    slot: str | None,
    cluster: SlotSource | None,
    spelled: Callable[[str], str] = str,
) -> Path:
    """Run a suite, or finish an interrupted run, and return the run's directory.

    Args:
        suite: as of `run`; so are the arguments that are not named here.
        resume: in its place: the run to finish.
        out: the folder of a new run.
        command: how it was started, for its record.
        narrowing: `systems`, `tasks` and `limit`.
        wait_s: how long to wait for another measurement on this machine to end.
        cluster: whose slots ask; None: this process does.
        spelled: how the user wrote an option's name, for messages.

    Raises:
        UserError: as `run`.
    """
    how = HowToRun(command=command, allow_unsafe_code=allow_unsafe_code, wait_s=wait_s, slot=slot, cluster=cluster)
    if (suite is None) == (resume is None):
        raise UserError(f"name a suite to run, or a run to {spelled('resume')}: one of the two")
    if suite is not None:
        if retry_failed:
            raise UserError(
                f"{spelled('retry_failed')} goes with a run to {spelled('resume')}: a new one has no failed requests"
            )
        shard = shard_of_arguments(block, seed)
        resolved = load(
            suite, effort=effort, energy=energy, require_measured=require_measured, max_cost=max_cost, **narrowing
        )
        root = run_new(resolved, out, how, shard)
        add_labels_of_suite(root)
        return root
    for names, given in (
        (("systems", "tasks", "limit"), any(narrowing.values())),
        (("effort", "energy"), (effort, energy) != (None, None)),
        (("block", "seed"), (block, seed) != (None, None)),
    ):
        if given:
            *first, last = map(spelled, names)
            raise UserError(f"{', '.join(first)} and {last} go with a new run; a resumed one keeps its own")
    assert resume is not None
    root = run_resumed(resume, how, require_measured=require_measured, retry_failed=retry_failed, max_cost=max_cost)
    add_labels_of_suite(root)
    return root


def _given(narrowing: Mapping[str, tuple[str, ...] | str | int | None]) -> list[str]:
    """Return the given arguments as words of the record's command."""
    words = []
    for name, value in narrowing.items():
        if value or (name == "seed" and value is not None):
            words.append(f"{name}={','.join(value) if isinstance(value, tuple) else value}")
    return words
