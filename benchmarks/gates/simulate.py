"""Simulate one whole gate: wattbench's own plan of rounds, asked in a made-up world, and wattbench's own decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from wattbench_reports.gate.evidence.item_rounds import item_rounds

from benchmarks.gates.kinds import Kind
from benchmarks.gates.policies import POLICIES
from tests.made_up.gate_worlds import World, play, two_runs
from wattbench.scenarios.interleaved.schedule import plan_rounds
from wattbench_reports.gate.decision.metric_tests import Case, cases
from wattbench_reports.gate.decision.stopping import Look, State, looks
from wattbench_reports.gate.evidence.model import Evidence, Round, SuiteTask
from wattbench_reports.gate.metrics import ENERGY, METRICS
from wattbench_reports.gate.policy import Policy

SESSIONS = 5
"""Earlier sessions, from which two runs on record know how much sessions vary."""
TOGETHER = "together"
"""In place of a metric: all of them together are worse, and none by itself."""


@dataclass(frozen=True)
class Outcome:
    """The end of one gate."""

    verdict: str
    """``regressed``, ``passed`` or ``inconclusive``."""
    items: int
    """Asked of each system until then."""
    p: float
    """The smallest p-value of a blocking metric then, as printed."""
    worse: tuple[str, ...]
    """The metrics that are named as worse; of one that failed without any: `TOGETHER`."""


def gate(kind: Kind, number: int) -> Outcome:
    """Simulate the gate of a number. The number is the seed: the same one gives the same gate."""
    policy = POLICIES[kind.policy]
    if kind.on_record:
        return _of_two_runs(kind, policy, _rng(kind, number))
    return until_known(rounds_of(kind, number), policy, kind.world)


def rounds_of(kind: Kind, number: int) -> tuple[Round, ...]:
    """Return all rounds that the gate of a number could ask."""
    policy, rng = POLICIES[kind.policy], _rng(kind, number)
    seed = int(rng.integers(2**48)) if kind.seed is None else kind.seed
    joules = any(rule.metric in ENERGY for rule in policy.rules)
    return play(kind.world, plan_rounds(kind.world.tasks, seed=seed, block=policy.block, joules=joules), rng)


def until_known(rounds: Sequence[Round], policy: Policy, world: World) -> Outcome:
    """Find the first look at which the verdict is known, or take the last.

    All rounds are evaluated at once: what a look finds depends on the rounds until then only.
    """
    every = cases(evidence_of(rounds, world), policy)
    found = looks(every, policy)
    at = found.first_known()
    asked = rounds if at is None else rounds[: at + 1]
    return _outcome(every, found[-1 if at is None else at], sum(each.items for each in asked))


def evidence_of(rounds: Sequence[Round], world: World) -> Evidence:
    """Return what a gate knows after some rounds."""
    return Evidence(
        "baseline",
        "candidate",
        tuple(rounds),
        in_turns=True,
        provenance=("counter", "counter"),
        items_left=world.items - sum(each.items for each in rounds),
        suite_domains=world.each_domain,
        suite_tasks={task: SuiteTask(count, world.domain(task)) for task, count in world.tasks.items()},
    )


def _of_two_runs(kind: Kind, policy: Policy, rng: np.random.Generator) -> Outcome:
    """Look once, at everything."""
    evidence = two_runs(kind.world, SESSIONS, rng)
    every = cases(evidence, policy)
    return _outcome(every, looks(every, policy)[-1], evidence.items)


def _rng(kind: Kind, number: int) -> np.random.Generator:
    return np.random.default_rng([number, *kind.name.encode(), *kind.policy.encode()])


def _outcome(every: Sequence[Case], look: Look, items: int) -> Outcome:
    blocking = [place for place, case in enumerate(every) if case.blocks]
    worse = tuple(every[place].name for place in blocking if look.states[place] is State.WORSE)
    p_values = [p for place in blocking if (p := look.p_values[place]) is not None]
    verdict = "regressed" if look.fails else "passed" if look.known else "inconclusive"
    return Outcome(verdict, items, min(p_values, default=math.nan), worse or (TOGETHER,) * look.fails)
