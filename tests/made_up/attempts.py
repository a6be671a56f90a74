"""Attempts of an agent with known figures, row by row: what the report of a run with agents is tested on.

Attempts at one task are alike: a task has a chance of its own to be solved, and a length of its own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.made_up.rows import START_S, item, write_items
from wattbench.records import ItemRow, MeteredCallRow, RunRecords

PRICE = {"input_per_million": 3.0, "cached_input_per_million": 0.3, "output_per_million": 15.0, "currency": "USD"}


def attempt(
    system: str, doc_id: int, repeat: int, solved: bool, *, calls: int = 3, joules: float = 8.0, **changes: Any
) -> tuple[ItemRow, list[MeteredCallRow]]:
    """Return an attempt and its model calls, which share its joules equally.

    The n-th call has a prompt of 1,000 n tokens, of which 1,000 (n - 1) were in the cache, and an answer of 100.

    Args:
        system: the agent.
        doc_id: of its task.
        repeat: which attempt at it this is.
        solved: whether it counts as correct.
        calls: how many.
        joules: of all of them.
        changes: of the answer.
    """
    session, begun_s = f"{system}-{doc_id}-{repeat}", 100.0 * doc_id + 20.0 * repeat
    # As the gateway makes it: with 4 seconds each, of which one is before the first byte.
    rows = [
        MeteredCallRow(
            call=f"{session}-{number}", session=session, system=system, protocol="chat", path="/v1/chat/completions",
            started_s=START_S + begun_s + 5.0 * number, first_byte_s=START_S + begun_s + 5.0 * number + 1.0,
            finished_s=START_S + begun_s + 5.0 * number + 4.0, status=200, streamed=True,
            prompt_tokens=1000 * (number + 1), cached_tokens=1000 * number, output_tokens=100, run="r",
            window=f"{system}-w", energy_j=joules / calls, energy_by_time_j=joules / calls,
            energy_equal_j=joules / calls, energy_provenance="counter",
        )
        for number in range(calls)
    ]  # fmt: skip
    row = item(
        doc_id, begun_s, 5.0 * calls, system=system, repeat=repeat, correct=float(solved), window=f"{system}-w",
        energy_j=joules, session=session, calls=calls, ended="answered", agent_energy_j=0.0,
        prompt_tokens=sum(each.prompt_tokens or 0 for each in rows),
        cached_tokens=sum(each.cached_tokens or 0 for each in rows), output_tokens=100 * calls,
    )  # fmt: skip
    return replace(row, **changes), rows


def write_attempts(
    folder: Path,
    systems: tuple[str, ...] = ("careful", "hasty"),
    *,
    tasks: int = 80,
    repeats: int = 5,
    alike: float = 4.0,
    price: dict[str, object] | None = PRICE,
    idle_j: float = 64.0,
    **header: Any,
) -> RunRecords:
    """Write a finished run of agents, with attempts at each task that are alike.

    Args:
        folder: of runs.
        systems: the agents; the first one solves more.
        tasks: how many.
        repeats: attempts at each.
        alike: the standard deviation of a task's log odds of being solved: 0 makes attempts independent.
        price: of all systems.
        idle_j: joules of each agent's window in which no call was in flight.
        header: fields of `run.json`.
    """
    rows, calls = [], []
    for number, system in enumerate(systems):
        rng = np.random.default_rng(number)
        odds = rng.normal(0.5 - number, alike, tasks)
        for task in range(tasks):
            for repeat in range(repeats):
                solved = bool(rng.random() < 1 / (1 + np.exp(-odds[task])))
                length = 2 + task % 5 + (0 if solved else 2)
                one, its = attempt(system, task, repeat, solved, calls=length, joules=float(8 * length))
                rows.append(one)
                calls += its
    settings = {
        each: {"kind": "generalist", "engine": "agent", **({"price": price} if price else {})} for each in systems
    }
    suite = {"suite": {"name": "attempts", "measure": {"repeats": repeats}}, "systems": settings}
    return write_items(folder, rows, calls=calls, idle_j=idle_j, **{"suite": suite} | header)
