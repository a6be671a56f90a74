"""Simulate one whole gate: wattbench's own plan of rounds, asked in a made-up world, and wattbench's own decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.gates.kinds import Kind
from benchmarks.gates.policies import POLICIES
from tests.made_up.gate_worlds import World, play
from wattbench.scenarios.interleaved.schedule import plan_rounds
from wattbench_reports.gate.decision.judge import end_of, judge
from wattbench_reports.gate.evidence.model import Evidence, Round, SuiteTask
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.metrics.registry import ACCURACY, ENERGY, LATENCY_MEAN


@dataclass(frozen=True)
class Outcome:
    """The end of one gate."""

    verdict: str
    """``regressed``, ``passed`` or ``inconclusive``."""
    items: int
    """Asked of each system until then."""
    futile: bool
    """It ended before its last item, as no verdict was likely."""
    worse: tuple[str, ...]
    """The metrics that failed."""
    detects: Mapping[str, float] = field(default_factory=dict)
    """Metric to the smallest worsening that the gate says it finds in nine of ten."""


def gate(kind: Kind, number: int) -> Outcome:
    """Simulate the gate of a number. The number is the seed: the same one gives the same gate."""
    return until_known(rounds_of(kind, number), POLICIES[kind.policy], kind.world)


def worsened(kind: Kind, metric: str, by: float) -> Kind:
    """Return the kind with a candidate that is worse in one metric by an amount."""
    world = kind.world
    harmed = {
        ACCURACY: replace(world, shifts=tuple(shift - by for shift in world.shifts)),
        LATENCY_MEAN: replace(world, slower=by),
    }.get(metric, replace(world, joules=by))
    return replace(kind, name=f"{kind.name}; {metric}", world=harmed)


def rounds_of(kind: Kind, number: int) -> tuple[Round, ...]:
    """Return all rounds that the gate of a number could ask."""
    policy = POLICIES[kind.policy]
    rng = np.random.default_rng([number, *kind.name.encode(), *kind.policy.encode()])
    seed = int(rng.integers(2**48)) if kind.seed is None else kind.seed
    joules = any(rule.metric in ENERGY for rule in policy.rules)
    return play(kind.world, plan_rounds(kind.world.tasks, seed=seed, block=policy.block, joules=joules), rng)


def until_known(rounds: Sequence[Round], policy: Policy, world: World) -> Outcome:
    """Find the first look at which the verdict is known, or take the last.

    What a look finds depends on the rounds until then only.
    """
    state, until = end_of(evidence_of(rounds, world), policy)
    result = judge(until, policy, suite="simulated")
    passed = state.verdict in (Verdict.PASS, Verdict.IMPROVED)
    return Outcome(
        verdict="passed" if passed else str(state.verdict),
        items=until.answered,
        futile=state.futile,
        worse=tuple(each.metric for each in result.metrics if each.blocks and each.verdict is Verdict.REGRESSED),
        detects={each.metric: each.detects for each in result.metrics if each.blocks and each.detects is not None},
    )


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
