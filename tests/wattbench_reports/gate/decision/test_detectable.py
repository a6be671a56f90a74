"""What a gate can find within its cap, and what it can never decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.decision.detectable import detectable, layout_in_turns, undecidable
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.wording.gate import finds_text, undecidable_text

METRICS: dict[str, Any] = {"accuracy": {"margin": 0.05}, "latency_p50": {"margin": 0.1}}
ALL: dict[str, Any] = METRICS | {
    "latency_p95": {"margin": 0.25}, "joules_per_request": {"margin": 0.1}, "joules_per_correct": {"margin": 0.1},
    "peak_memory": {"margin": 0.1},
}  # fmt: skip
RULES = gate_policy(metrics=METRICS)


def test_more_items_find_less() -> None:
    sizes = [detectable(RULES, items) for items in (40, 100, 300, 1200)]
    for metric in METRICS:
        each = [found[metric] for found in sizes]
        assert each == sorted(each, reverse=True)
    assert sizes[0]["accuracy"] > 0.15
    assert sizes[-1]["accuracy"] < 0.06


def test_it_is_the_same_each_time_and_depends_on_what_is_assumed() -> None:
    assert detectable(RULES, 100) == detectable(RULES, 100)
    louder = detectable(RULES, 100, noise={"latency_p50": 0.15}, discordant=0.3)
    quieter = detectable(RULES, 100)
    assert all(louder[metric] > quieter[metric] for metric in METRICS)


def test_a_worsening_of_that_size_is_found_as_often_as_stated() -> None:
    """By the tests of the gate itself, over the rounds that it would have."""
    size = detectable(RULES, 160)["latency_p50"]
    pairs = layout_in_turns(RULES, 160).pairs
    rng = np.random.default_rng(3)
    failed = 0
    for _ in range(100):
        rounds = []
        for pair, items in enumerate(pairs):
            for d in np.log1p(size) + 0.05 * rng.normal(0, 1, 1).repeat(2):
                seconds = np.array([[1.0, np.exp(d)]]).repeat(items // 2, axis=0)
                rounds.append(Round(np.ones((items // 2, 2)), seconds, pair=pair))
        seen = Evidence("a", "b", tuple(rounds), True)
        failed += looks(cases(seen, RULES), RULES)[-1].fails
    assert 0.8 <= failed / 100 <= 0.99


def test_every_metric_that_is_tested_can_be_found_with_items_enough() -> None:
    rules = gate_policy(metrics=ALL)
    assert list(detectable(rules, 1200)) == [metric for metric in ALL if metric != "peak_memory"]
    assert undecidable(rules, 1200) == ()
    assert detectable(rules, 0) == {}


def test_a_cap_that_can_never_decide_is_named() -> None:
    assert undecidable(RULES, 40) == ("accuracy",)
    assert undecidable(RULES, 4) == ("accuracy", "latency_p50")
    assert undecidable(gate_policy(metrics={"accuracy": {"margin": 0.3}}), 40) == ()
    text = undecidable_text(undecidable(RULES, 40), 40)
    assert text.startswith(
        "This gate can never pass: with 40 items even an unchanged candidate stays undecided in accuracy."
    )
    assert undecidable_text((), 40) == ""


def test_a_domain_with_few_items_is_named() -> None:
    rules = gate_policy(metrics={"accuracy": {"margin": 0.05, "each_domain": 0.1}})
    assert undecidable(rules, 400, domains={"law": 390, "maths": 10}) == ("accuracy · maths",)


@pytest.mark.parametrize("items", [0, 8, 16, 40, 100])
def test_what_is_undecidable_cannot_pass(items: int) -> None:
    """Not even where both systems answer alike, and the candidate is far ahead in every pair."""
    rounds = []
    for pair, size in enumerate(layout_in_turns(RULES, items).pairs):
        for half in (size // 2, size - size // 2):
            seconds = np.tile([1.0, 0.01], (half, 1))
            rounds.append(Round(np.ones((half, 2)), seconds, pair=pair))
    every = cases(Evidence("a", "b", tuple(rounds), True, items_left=1), RULES)
    can_pass = [case.rule.metric for case in every if case.trial is not None and case.p_ruled_out()[-1] <= RULES.beta]
    assert [metric for metric in METRICS if metric not in can_pass] == list(undecidable(RULES, items))


def test_the_rounds_of_a_gate() -> None:
    without = layout_in_turns(RULES, 40)
    assert (without.pairs, without.with_joules) == ((*[2] * 12, 16), ())
    long = layout_in_turns(gate_policy(metrics=ALL), 100)
    assert long.pairs == (*[2] * 12, *[16] * 4, 12)
    assert long.with_joules == (*[16] * 4, 12)


def test_it_reads_well() -> None:
    rules = gate_policy(metrics=ALL)
    text = finds_text({"accuracy": 0.191, "latency_p50": 0.0712}, ["accuracy", "latency_p50", "latency_p95"], rules, 40)
    assert text.startswith(
        "With 40 items this gate can find: a drop of 19 points, a slowdown of 7.1% (in 90% of gates). It can find no "
        "change of latency p95 reliably. Assumed"
    )
    assert finds_text({}, ["peak_memory"], rules, 40) == ""
    assert finds_text({}, ["accuracy"], rules, 8).startswith("With 8 items this gate can find no change of accuracy")
