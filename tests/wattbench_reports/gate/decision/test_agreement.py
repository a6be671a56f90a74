"""What is shown agrees with what is decided, for any evidence; and neither depends on what a system is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.config import GatePolicy
from wattbench.records.suite_defaults import NULL_SHARE
from wattbench_reports.gate.decision.judge import judge, known
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.gate.result import MetricVerdict, Verdict
from wattbench_reports.stats.another_run.session_variance import SessionVariance

TODAY = date(2026, 11, 25)
PASSED = (Verdict.PASS, Verdict.IMPROVED)
SESSIONS = {metric: SessionVariance(0.01**2, 9, 10) for metric in ("latency_p50", "joules_per_request")}


def policy(direction: str = "worse", **changes: Any) -> Policy:
    metrics = {
        "accuracy": {"margin": 0.05, "direction": direction, "each_domain": 0.1},
        "latency_p50": {"margin": 0.1, "direction": direction},
        "joules_per_request": {"margin": 0.1, "blocks": False},
    }
    return policy_of(GatePolicy.model_validate({"metrics": metrics} | changes).model_dump(mode="json"))


def evidence(seed: int, pairs: int, *, drop: float = 0.0, slower: float = 0.0, noise: float = 0.03) -> Evidence:
    """Two systems over pairs of rounds: four short ones, then long ones; two domains."""
    rng = np.random.default_rng(seed)
    rounds: list[Round] = []
    for pair in range(pairs):
        items = 1 if pair < 4 else 6
        coin = rng.random() < 0.5
        for first in (coin, not coin):
            kind = rng.choice([1.0, -1.0, 0.0], p=[0.1, 0.1 + drop, 0.8 - drop], size=items)
            both = rng.random(items) < 0.5
            correct = np.stack([np.where(kind == 0, both, kind < 0), np.where(kind == 0, both, kind > 0)], axis=1)
            order = np.array([1.05, 1.0] if first else [1.0, 1.05])
            speed = np.exp(rng.normal(0, noise, 2)) * order * [1, 1 + slower]
            seconds = rng.lognormal(-1.5, 0.3, items)[:, None] * speed
            spent = 30 * seconds.sum(axis=0)
            domains = tuple(rng.choice(["law", "maths"], size=items).tolist())
            rounds.append(
                Round(
                    correct.astype(float), seconds, None, (float(spent[0]), float(spent[1])), domains=domains, pair=pair
                )
            )
    return Evidence("a", "b", tuple(rounds), True, ("counter", "counter"), suite_domains=("law", "maths"))


def worsenings(each: MetricVerdict) -> tuple[float | None, float | None]:
    """The bounds of the worsening, the lower one first."""
    if not each.metric.startswith("accuracy"):
        return each.low, each.high
    return None if each.high is None else -each.high, None if each.low is None else -each.low


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.sampled_from([-0.2, 0.0, 0.06, 0.3]),
    st.sampled_from(["worse", "either"]),
    st.sampled_from(["in turns", "sessions", "drift"]),
)
def test_a_verdict_is_where_its_bounds_are(
    seed: int, pairs: int, drop: float, slower: float, direction: str, way: str
) -> None:
    seen = evidence(seed, pairs, drop=drop, slower=slower)
    if way != "in turns":
        seen = replace(seen, in_turns=False, sessions=SESSIONS if way == "sessions" else {})
    rules = policy(direction, **({"drift": 0.02} if way == "drift" else {}))
    result = judge(seen, rules, suite="gate", today=TODAY)
    for each in result.metrics:
        if each.change is None:
            continue
        least, most = worsenings(each)
        null, margin = NULL_SHARE * each.margin, each.margin
        both = direction == "either" and each.metric != "joules_per_request"
        worse = least is not None and least >= null
        better = both and most is not None and most <= -null
        assert (each.verdict is Verdict.REGRESSED) == (worse or better), each
        within = most is not None and most <= margin and (not both or (least or -1.0) >= -margin)
        assert (each.verdict in PASSED) == (within and not worse and not better), each
        if each.verdict is Verdict.REGRESSED and each.blocks:
            assert each.p_value is not None
            assert each.p_value <= rules.alpha
        if least is not None and most is not None:
            assert least <= most
        if least is not None and least > margin:  # beyond the margin is not undecided
            assert each.verdict is Verdict.REGRESSED


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([0.0, 0.2]), st.sampled_from([0.0, 0.1, 0.3]))
def test_two_sided_verdicts_do_not_depend_on_which_is_which(seed: int, pairs: int, drop: float, slower: float) -> None:
    """Of accuracy: a share of seconds is not its own mirror image, as 10% less is more than 10% more undoes."""
    one = evidence(seed, pairs, drop=drop, slower=slower)
    other = replace(one, rounds=tuple(swapped(each) for each in one.rounds))
    metrics = {"accuracy": {"margin": 0.05, "direction": "either", "each_domain": 0.1}}
    rules = policy(metrics=metrics)
    first, second = (judge(each, rules, suite="gate", today=TODAY) for each in (one, other))
    for ours, theirs in zip(first.metrics, second.metrics, strict=True):
        if ours.change is not None:
            assert ours.verdict is theirs.verdict
            assert ours.p_value == pytest.approx(theirs.p_value)
            assert ours.change == pytest.approx(-(theirs.change or 0.0))
            for bound, mirrored in ((ours.low, theirs.high), (ours.high, theirs.low)):
                assert (bound is None) == (mirrored is None)
                assert bound is None or bound == pytest.approx(-(mirrored or 0.0), abs=2e-4)


def swapped(one: Round) -> Round:
    joules = one.energy_j
    return replace(
        one,
        correct=one.correct[:, ::-1],
        seconds=one.seconds[:, ::-1],
        energy_j=None if joules is None else (joules[1], joules[0]),
    )


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 30), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.3]))
def test_looking_back_is_looking_at_the_time(seed: int, pairs: int, drop: float, slower: float) -> None:
    """A look at some round is the same whether later rounds are known or not: no part of alpha shifts."""
    seen, rules = evidence(seed, pairs, drop=drop, slower=slower), policy()
    whole = looks(cases(seen, rules), rules)
    end = len(seen.rounds) // 2
    then = looks(cases(replace(seen, rounds=seen.rounds[:end], items_left=100), rules), rules)[-1]
    assert then.fails == whole[end - 1].fails
    assert then.p_value == pytest.approx(whole[end - 1].p_value)
    at = whole.first_known()
    every = [place for place, look in enumerate(whole) if look.known]
    assert at == (every[0] if every else None)
    assert known(seen, rules, today=TODAY) == whole[-1].known


def drift(shocks: np.ndarray) -> np.ndarray:
    """The logarithm of the machine's speed in each turn: nine tenths of that before, and a shock."""
    return np.array(list(accumulate(shocks.tolist(), lambda before, shock: 0.9 * before + shock)))


def equal_world(rng: np.random.Generator, pairs: int) -> Evidence:
    """Two equal systems on a machine whose speed drifts, where the second of a round is slower by a tenth, whose tasks
    moved by 30 points in opposite directions, and whose answers to one item are as likely to differ either way."""
    coins = rng.random(pairs) < 0.5
    first = np.column_stack([coins, ~coins]).ravel()  # of each round, whether the baseline is asked first
    sizes = np.repeat(np.where(np.arange(pairs) < 8, 1, 4), 2)
    round_of, items = np.repeat(np.arange(len(sizes)), sizes), int(sizes.sum())
    task = rng.integers(0, 4, items)
    turned, gains, both = rng.random(items) < 0.3, task % 2 == 1, rng.random(items) < 0.5
    correct = np.column_stack([np.where(turned, ~gains, both), np.where(turned, gains, both)]).astype(float)
    turns = np.exp(drift(rng.normal(0, 0.05, 2 * len(sizes)))).reshape(-1, 2) * [1.0, 1.1]
    speed = np.where(first[:, None], turns, turns[:, ::-1])[round_of]
    seconds = rng.lognormal(-1.5, 0.4, items)[:, None] * speed * np.exp(rng.normal(0, 0.02, (items, 2)))
    ends = np.cumsum(sizes)[:-1]
    parts = (np.split(each, ends) for each in (correct, seconds, task))
    rounds = [
        Round(
            right, took, None, tuple((30 * took.sum(axis=0)).tolist()), pair=number // 2,
            domains=tuple(f"task {each}" for each in tasks.tolist()),
        )
        for number, (right, took, tasks) in enumerate(zip(*parts, strict=True))
    ]  # fmt: skip
    return Evidence("a", "b", tuple(rounds), True, ("counter", "counter"))


EQUAL: Mapping[str, Any] = {
    "accuracy": {"margin": 0.05},
    "latency_p50": {"margin": 0.1},
    "latency_p95": {"margin": 0.2},
    "joules_per_request": {"margin": 0.1},
}


@pytest.mark.simulation
def test_wealth_of_equal_systems_is_one_on_average() -> None:
    """At the edge of the claim (no change, instead of a quarter of the margin) no bet gains or loses on average: the
    tests are martingales on a drifting machine, with an order effect, and with tasks that move in opposite
    directions."""
    rng = np.random.default_rng(20)
    rules = policy_of(GatePolicy.model_validate({"metrics": EQUAL}).model_dump(mode="json"))
    wealth: dict[str, list[float]] = {}
    for _ in range(300):
        for case in cases(equal_world(rng, 36), rules):
            assert case.trial is not None
            for path in (case.trial.worse(0.0, 0.05), case.trial.better(0.0, 0.05)):
                wealth.setdefault(case.name, []).append(float(np.exp(path[16:48].mean())))
    for metric, each in wealth.items():
        mean, error = float(np.mean(each)), float(np.std(each) / np.sqrt(len(each)))
        assert mean <= 1 + 3 * error, metric


@pytest.mark.simulation
def test_equal_systems_seldom_fail() -> None:
    rng = np.random.default_rng(21)
    rules = policy_of(GatePolicy.model_validate({"metrics": EQUAL}).model_dump(mode="json"))
    gates = 150
    failed = sum(looks(cases(equal_world(rng, 36), rules), rules)[-1].fails for _ in range(gates))
    assert failed / gates <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / gates)
