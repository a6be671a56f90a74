"""How a gate does: false alarms, what it finds, and how many items that takes beside a test of fixed size.

Simulated gates, whole, by the very code that judges real ones: 2,000 of two equal systems and of each of three that are
worse by a margin. `WATTBENCH_GATES` sets another number.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.stats import items_needed

GATES = int(os.environ.get("WATTBENCH_GATES", "2000"))
CAP = 1200
"""Items, after which a gate is inconclusive."""
BLOCK = 8
ACCURACY, CHURN = 0.5, 0.1
"""Of ten items, one is answered rightly by only one of the two."""
BLOCK_NOISE, ITEM_NOISE, WATT_NOISE = 0.03, 0.01, 0.015
"""Standard deviations of the logarithm: of all seconds of a system's turn, of an item's, and of a turn's watts."""
MARGINS: Mapping[str, float] = {
    "accuracy": 0.05, "latency_p50": 0.1, "joules_per_request": 0.1, "joules_per_correct": 0.1,
}  # fmt: skip

POLICY = policy_of(
    {
        "metrics": {
            name: {"margin": margin, "direction": "worse", "blocks": True, "weight": None}
            for name, margin in MARGINS.items()
        },
        "alpha": 0.05, "beta": 0.1, "block": BLOCK, "drift": 0.03, "judge_modelled": False, "may_differ": [],
        "trades": [], "waivers": [],
    }
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """Of one gate."""

    state: str
    """``regressed``, ``passed`` or ``inconclusive``."""
    items: int


def gate(rng: np.random.Generator, policy: Policy, worse: Mapping[str, float]) -> Outcome:
    """Run one to its verdict, or to the cap."""
    known = looks(cases(evidence(rng, **worse), policy), policy)
    at = known.first_known()
    if at is None:
        return Outcome("inconclusive", CAP)
    return Outcome("regressed" if known[at].fails else "passed", (at + 1) * BLOCK)


def evidence(
    rng: np.random.Generator, drop: float = 0.0, slower: float = 0.0, joules: float = 0.0, churn: float = CHURN
) -> Evidence:
    """All that a gate could come to see of two systems."""
    won = (max(churn, drop) - drop) / 2
    kind = rng.choice([1, -1, 0], p=[won, won + drop, 1 - 2 * won - drop], size=CAP)
    both = rng.random(CAP) < ACCURACY
    correct = np.stack([np.where(kind == 0, both, kind < 0), np.where(kind == 0, both, kind > 0)], axis=1).astype(float)
    turns = CAP // BLOCK
    seconds = np.repeat(np.exp(rng.normal(0, BLOCK_NOISE, (turns, 2))), BLOCK, axis=0)
    seconds *= rng.lognormal(-1.5, 0.4, CAP)[:, None] * np.exp(rng.normal(0, ITEM_NOISE, (CAP, 2))) * [1, 1 + slower]
    watts = 30 * np.exp(rng.normal(0, WATT_NOISE, (turns, 2))) * [1, 1 + joules]
    spent = seconds.reshape(turns, BLOCK, 2).sum(axis=1) * watts
    rounds = tuple(
        Round(correct[n * BLOCK : (n + 1) * BLOCK], seconds[n * BLOCK : (n + 1) * BLOCK], None, tuple(spent[n]))
        for n in range(turns)
    )
    return Evidence("baseline", "candidate", rounds, True, ("counter", "counter"))


def fixed_size(policy: Policy) -> dict[str, int]:
    """Items that tests of fixed size need for the same error rates: of each metric by itself, and so of the gate.

    Accuracy by exact McNemar, the others by a paired test of log-ratios that are taken to be normal with a known
    variance, which flatters them. Alpha is divided among the four as the gate divides it.
    """
    weights = {rule.metric: rule.weight for rule in policy.rules}
    level = {name: POLICY.alpha * weight / sum(weights.values()) for name, weight in weights.items()}
    turn = 2 * (BLOCK_NOISE**2 + ITEM_NOISE**2 / BLOCK)
    variance = {  # of a log-ratio, for one item
        "latency_p50": turn * BLOCK,
        "joules_per_request": (turn + 2 * WATT_NOISE**2) * BLOCK,
        "joules_per_correct": CHURN / ACCURACY**2 + (turn + 2 * WATT_NOISE**2) * BLOCK,
    }
    quantile = NormalDist().inv_cdf
    found = {
        name: int(
            np.ceil((quantile(1 - level[name]) + quantile(1 - POLICY.beta)) ** 2 * own / np.log1p(MARGINS[name]) ** 2)
        )
        for name, own in variance.items()
        if name in level
    }
    accuracy = items_needed(MARGINS["accuracy"], CHURN, 2 * level["accuracy"], 1 - POLICY.beta)
    assert accuracy is not None
    return {"accuracy": accuracy, **found}


@pytest.mark.benchmark(group="gates")
def test_error_rates_and_items(benchmark: Any) -> None:
    """The three figures that a gate is to be judged by."""
    plans: Mapping[str, Mapping[str, float]] = {
        "equal": {},
        "5 points lower": {"drop": 0.05},
        "10% slower": {"slower": 0.1},
        "10% more joules": {"joules": 0.1},
    }
    found: dict[str, list[Outcome]] = {}

    def all_of_them() -> None:
        for place, (name, worse) in enumerate(plans.items()):
            rng = np.random.default_rng(place)
            found[name] = [gate(rng, POLICY, worse) for _ in range(GATES)]

    benchmark.pedantic(all_of_them, rounds=1)
    needed = fixed_size(POLICY)
    fixed = max(needed.values())
    print(
        f"\n{GATES:,} gates each, cap {CAP} items; a test of fixed size needs "
        + ", ".join(f"{n} for {k}" for k, n in needed.items())
    )
    share = {}
    for name, outcomes in found.items():
        share[name] = np.mean([each.state == "regressed" for each in outcomes])
        undecided = np.mean([each.state == "inconclusive" for each in outcomes])
        median = float(np.median([each.items for each in outcomes]))
        benchmark.extra_info[name] = {"fails": share[name], "inconclusive": undecided, "median_items": median}
        print(
            f"  {name:<16} fails {share[name]:6.2%}, inconclusive {undecided:6.2%}, median of items {median:.0f}, "
            f"{median / fixed:.2f} of the fixed {fixed}"
        )
    benchmark.extra_info["fixed_size"] = needed
    assert share["equal"] <= POLICY.alpha
    assert min(share[name] for name in plans if name != "equal") >= 1 - POLICY.beta
    for outcomes in found.values():
        assert np.median([each.items for each in outcomes]) <= fixed / 2


@pytest.mark.benchmark(group="gates")
def test_items_of_accuracy_alone(benchmark: Any) -> None:
    """The metric for which items are scarce, beside the exact test of fixed size that it replaces."""
    alone = replace(POLICY, rules=(POLICY.rule("accuracy"),))
    fixed = fixed_size(alone)["accuracy"]
    found: dict[str, list[Outcome]] = {}

    def both() -> None:
        for name, worse in (("equal", {}), ("5 points lower", {"drop": 0.05})):
            rng = np.random.default_rng(len(name))
            found[name] = [gate(rng, alone, worse) for _ in range(GATES)]

    benchmark.pedantic(both, rounds=1)
    print(f"\naccuracy alone, {GATES:,} gates each; exact McNemar of fixed size needs {fixed} items")
    for name, outcomes in found.items():
        fails = float(np.mean([each.state == "regressed" for each in outcomes]))
        median = float(np.median([each.items for each in outcomes]))
        benchmark.extra_info[name] = {"fails": fails, "median_items": median, "fixed_size": fixed}
        print(
            f"  {name:<16} fails {fails:6.2%}, median of items {median:.0f}, {median / fixed:.2f} of the fixed {fixed}"
        )
        assert median <= fixed * 2 / 3
