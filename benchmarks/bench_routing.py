"""How long a routing study takes: 37 systems on 713 items with prompts, and two systems on as many items as MMLU has.

Limits: 10 s each, on two cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.adversaries.router_worlds import RouterWorld, made_up
from tests.made_up.routing_worlds import routed_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.study import routing_study

SYSTEMS = 37
MOST_S = 10.0


def many_systems(folder: Path) -> Analysis:
    """Return a run of many systems on the items of a leaderboard, with prompts and money."""
    rng = np.random.default_rng(1)
    run = made_up(RouterWorld("by words", 713, share=0.2, advantage=0.2, texts=True), 1)
    accuracy, hard = rng.uniform(0.2, 0.75, SYSTEMS), rng.normal(size=(713, 1))
    score = (accuracy + 0.15 * hard + 0.2 * rng.normal(size=(713, SYSTEMS)) > 0.5).astype(np.float64)
    cost = 0.01 * np.exp(rng.normal(0, 1, SYSTEMS) + rng.normal(0, 0.4, size=(713, 1)))
    domain = [f"topic {each}" for each in run.context.answers.domain]
    return analyse(routed_run(folder, score, cost, domain, run.texts))


def many_items(folder: Path) -> Analysis:
    """Return a run of two systems on 14,042 items of 57 domains."""
    world = RouterWorld("by domain", 14_042, share=0.1, advantage=0.3, topics=57)
    answers = made_up(world, 1).context.answers
    return analyse(routed_run(folder, answers.score, domain=[answers.domains[each] for each in answers.domain]))


@pytest.mark.benchmark(group="routing")
@pytest.mark.parametrize(
    "world", [many_systems, many_items], ids=["37 systems x 713 items", "2 systems x 14,042 items"]
)
def test_a_routing_study_takes_seconds(benchmark: Any, tmp_path: Path, world: Any) -> None:
    """Time the study alone: the run is read before."""
    analysis = world(tmp_path)
    study = benchmark.pedantic(lambda: routing_study(analysis.measured, analysis.paid, analysis.weighed), rounds=1)
    assert isinstance(study, RoutingStudy)
    judged = f"{len(study.choices)} routers judged: {study.verdict.answer}"
    print(f"\n{study.items:,} items, {len(study.systems)} systems, {judged}")
    assert benchmark.stats.stats.max < MOST_S
