"""The code still gives the recorded rates of requirements and prices, in worlds that are as they say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.adversaries.figures import rate_of, read, worlds_of
from benchmarks.adversaries.requirements import ABOVE, HAIR, Setup, counted, outcomes
from benchmarks.adversaries.whole_runs import MACHINES, SHARE, whole_run
from tests.made_up.noisy_runs import SYSTEMS
from wattbench_reports.decision import Qualifies

MODULES = ("requirements", "prices")
RECORDED = {module: read(module) for module in MODULES}


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_the_code_gives_the_recorded_rates(module: str) -> None:
    """The first runs of some worlds, in which a rate is as recorded within four of its errors."""
    for world in worlds_of(module)[::6]:
        found = [world.run(seed) for seed in range(18)]
        for rate in RECORDED[module]:
            if rate.world == world.name and (share := rate_of(rate.claim, found)) is not None:
                assert share.share == pytest.approx(rate.rate.share, abs=4 * share.error), (rate.claim, world.name)


@pytest.mark.slow
def test_runs_are_those_of_their_seed() -> None:
    setup = Setup(("accuracy", "joules"), "in the middle", "N(70%, 4 points)", 16, "bursty", dearer_is_better=True)
    assert outcomes(setup, 3) == outcomes(setup, 3)
    one = replace(setup, quantities=("accuracy",), items=64)
    some = {tuple(sorted(outcomes(one, seed).items())) for seed in range(8)}
    assert len(some) > 1


def decision(chosen: str | None, **systems: tuple[Qualifies, ...]) -> Any:
    """Return a decision as `counted` reads it: whether each system qualifies, and the outcome of each check."""
    rows = [
        SimpleNamespace(system=name, qualifies=qualifies, checks=[SimpleNamespace(outcome=each) for each in outcomes])
        for name, (qualifies, *outcomes) in systems.items()
    ]
    return SimpleNamespace(systems=rows, chosen=chosen)


def test_what_a_decision_says_is_counted_against_the_truth() -> None:
    yes, may, no = Qualifies.YES, Qualifies.MAY, Qualifies.NO
    systems = {"a": (yes, yes, yes), "b": (yes, yes, yes), "c": (no, no, yes), "d": (may, may, may)}
    truly = {"a": [True, True], "b": [False, True], "c": [True, True], "d": [True, False]}
    truly |= {name: [False, False] for name in "efgh"}
    said = counted(decision("b", **systems), truly, "in the middle")
    assert said["meets-wrong"] == (1, 6)
    assert said["fails-wrong"] == (1, 6)
    assert said["advised-misses"] == said["advised-of-advised"] == (1, 1)
    assert said["said-to-meet-misses"] == (1, 2)
    nothing = counted(decision(None, **systems), truly, HAIR)
    assert nothing["advised-misses"] == (0, 1)
    assert "said-to-meet-misses" not in nothing
    assert counted(decision("a", **systems), truly, ABOVE)["found"] == (1, 8)


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_truths_are_what_many_runs_come_to(machine: str) -> None:
    """Accuracies and joules per request within four errors; the share within the true p95 is 95%."""
    accuracy, seconds = np.linspace(0.6, 0.9, SYSTEMS), np.linspace(0.4, 0.6, SYSTEMS)
    right, used, within = [], [], []
    for seed in range(12):
        run = whole_run(np.random.default_rng(seed), MACHINES[machine], 256, accuracy, seconds)
        rows = run.analysis.measured.frames.items
        system = rows["system"].cat.codes.to_numpy()
        by_system = rows.groupby("system", observed=True)
        right.append((by_system["correct"].mean() - accuracy).mean())
        used.append((by_system["energy_j"].mean() / run.joules).mean() - 1)
        within.append(((rows["finished_s"] - rows["started_s"]) <= run.p95_s[system]).mean() - SHARE)
    for off in (right, used, within):
        assert np.mean(off) == pytest.approx(0.0, abs=0.002 + 4 * np.std(off, ddof=1) / len(off) ** 0.5)
