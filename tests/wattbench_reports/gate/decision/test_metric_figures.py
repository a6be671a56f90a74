"""Figures and bounds of metrics from rounds: what cancels in a pair, what is left out, and what tasks differ by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.bounds import MetricEvidence
from wattbench_reports.gate.decision.looks import look_plan
from wattbench_reports.gate.decision.metric_figures import accuracy_of, evidence_on
from wattbench_reports.gate.evidence.model import Evidence, Round, SuiteTask

RULES = gate_policy(metrics={"latency_mean": {"margin": 0.1}})


def a_round(pair: int | None, ratio: float, joules: tuple[float, float] | None = None, **others: object) -> Round:
    return Round(np.ones((2, 2)), np.tile([1.0, ratio], (2, 1)), None, joules, pair=pair, **others)


def evidence(*rounds: Round) -> Evidence:
    return Evidence("a", "b", rounds, True, ("counter", "counter"))


def judged(seen: Evidence, metric: str) -> MetricEvidence | None:
    return evidence_on(seen, metric, look_plan(seen, RULES), 0.1)


def worsening(seen: Evidence, metric: str) -> float:
    found = judged(seen, metric)
    assert found is not None
    return float(found.bounds.estimate[-1])


def test_what_the_order_does_cancels_within_a_pair() -> None:
    rounds = [a_round(pair, 1.1 * order) for pair in range(8) for order in (1.3, 0.7)]
    assert worsening(evidence(*rounds), "latency_mean") == pytest.approx(0.1)


def test_a_pair_of_which_a_round_is_not_known_is_left_out() -> None:
    whole = [a_round(pair, 1.0, (1.0, 1.1)) for pair in range(6) for _ in range(2)]
    torn = a_round(6, 1.0, (1.0, 5.0))  # a crash, or a window that cannot be believed
    for half in ((torn,), (torn, a_round(6, 1.0))):
        seen = evidence(*whole[:6], *half, *whole[6:])
        assert worsening(seen, "joules_per_request") == pytest.approx(0.1)
    assert judged(evidence(torn, a_round(6, 1.0)), "joules_per_request") is None


def test_an_item_without_a_time_is_left_out() -> None:
    rounds = [a_round(pair, 1.2) for pair in range(6) for _ in range(2)]
    rounds[3].seconds[1, 0] = np.nan
    found = judged(evidence(*rounds), "latency_mean")
    assert found is not None
    assert found.bounds.items[-1] == 23
    assert found.candidate / found.baseline == pytest.approx(1.2)


def test_nothing_is_said_of_seconds_before_three_loads() -> None:
    rounds = [a_round(pair, 1.0, load=pair // 2) for pair in range(8) for _ in range(2)]
    planned = replace(RULES, reloads=3)
    seen = replace(evidence(*rounds[:8]), items_left=16)
    assert evidence_on(seen, "latency_mean", look_plan(seen, planned), 0.1) is None
    seen = evidence(*rounds)
    found = evidence_on(seen, "latency_mean", look_plan(seen, planned), 0.1)
    assert found is not None
    assert found.bounds.note == ""


SUITE = {"sums": SuiteTask(30, "maths"), "primes": SuiteTask(10, "maths"), "laws": SuiteTask(60, "law")}


def of_tasks(lost: str, *tasks: str) -> Round:
    """A candidate that is wrong in one task, and else right as the baseline is."""
    correct = np.array([[1.0, float(task != lost)] for task in tasks])
    return Round(correct, np.ones((len(tasks), 2)), tasks=tasks, domains=tuple(SUITE[task].domain for task in tasks))


def test_a_task_counts_by_its_share_of_the_suite() -> None:
    seen = replace(evidence(*[of_tasks("primes", "primes", "sums", "laws")] * 8), suite_tasks=SUITE)
    plan = look_plan(seen, RULES)
    whole, maths = accuracy_of(seen, plan), accuracy_of(seen, plan, "maths")
    assert whole is not None
    assert maths is not None
    assert whole.bounds.estimate[-1] == pytest.approx(0.1), "not a third"
    assert maths.bounds.estimate[-1] == pytest.approx(0.25)
    unlike = accuracy_of(replace(seen, suite_tasks={}), plan)
    assert unlike is not None
    assert unlike.bounds.estimate[-1] == pytest.approx(1 / 3)
    assert whole.bounds.standard_error[-1] < unlike.bounds.standard_error[-1], "what tasks differ by is no noise"


def test_without_any_difference_accuracy_is_bounded_all_the_same() -> None:
    seen = evidence(*[a_round(None, 1.0) for _ in range(100)])
    found = accuracy_of(seen, look_plan(seen, RULES))
    assert found is not None
    assert 0 < found.bounds.high(0.1)[-1] < 0.03
