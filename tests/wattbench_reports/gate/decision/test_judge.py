"""From evidence to verdicts: each of them, what holds of all, and the words that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.config import GatePolicy
from wattbench_reports.gate.decision.judge import judge, judge_many, known, sequential_bounds
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import State, looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.stats.another_run.session_variance import SessionVariance
from wattbench_reports.wording.gate import finds_line, lost_domain_lines, undecidable_line

TODAY = date(2026, 11, 25)

METRICS: Mapping[str, Any] = {
    "accuracy": {"margin": 0.05},
    "latency_p50": {"margin": 0.1},
    "joules_per_request": {"margin": 0.1, "blocks": "if_measured"},
}


def policy(**changes: Any) -> Policy:
    return policy_of(GatePolicy.model_validate({"metrics": METRICS} | changes).model_dump(mode="json"))


def evidence(
    items: int = 400,
    *,
    drop: float = 0.0,
    slower: float = 0.0,
    joules: float = 0.0,
    churn: float = 0.04,
    noise: float = 0.02,
    block: int = 8,
    seed: int = 1,
    **changes: Any,
) -> Evidence:
    """Two systems that differ as told, over made-up items."""
    rng = np.random.default_rng(seed)
    won = (max(churn, abs(drop)) - drop) / 2
    both = rng.random(items) < 0.5
    kind = rng.choice([1.0, -1.0, 0.0], p=[won, won + drop, 1 - 2 * won - drop], size=items)
    correct = np.stack([np.where(kind == 0, both, kind < 0), np.where(kind == 0, both, kind > 0)], axis=1).astype(float)
    seconds = rng.lognormal(-1.5, 0.3, items)[:, None] * np.exp(rng.normal(0, noise, (items, 2))) * [1, 1 + slower]
    rounds = []
    for start in range(0, items, block):
        own = slice(start, start + block)
        spent = 30 * seconds[own].sum(axis=0) * [1, (1 + joules) / (1 + slower)]
        rounds.append(Round(correct[own], seconds[own], None, (float(spent[0]), float(spent[1]))))
    told = Evidence("specialist", "specialist-new", tuple(rounds), True, ("counter", "counter"))
    return replace(told, energy_j=12_345.0, **changes)


def decide(told: Evidence, rules: Policy | None = None, **others: Any) -> GateResult:
    return judge(told, rules or policy(), suite="gate", runs=("20261125T000000Z-gate-abc123",), today=TODAY, **others)


def of(result: GateResult, metric: str) -> MetricVerdict:
    return next(each for each in result.metrics if each.metric == metric)


def test_a_system_passes_against_itself() -> None:
    result = decide(evidence())
    assert result.verdict is Verdict.PASS
    assert result.exit_code == 0
    assert all(each.detectable is not None and each.detectable <= each.margin for each in result.metrics)


@pytest.mark.parametrize(
    ("worse", "metric", "others"),
    [
        ({"drop": 0.15}, "accuracy", ("latency_p50", "joules_per_request")),
        ({"slower": 0.2}, "latency_p50", ("accuracy", "joules_per_request")),
        ({"joules": 0.2}, "joules_per_request", ("accuracy", "latency_p50")),
    ],
)
def test_what_got_worse_regresses_alone(worse: Mapping[str, float], metric: str, others: tuple[str, ...]) -> None:
    result = decide(evidence(churn=0.1, **worse))
    assert result.verdict is Verdict.REGRESSED
    assert result.exit_code == 1
    assert of(result, metric).verdict is Verdict.REGRESSED
    assert all(of(result, other).verdict is Verdict.PASS for other in others)


def test_what_got_better_is_improved() -> None:
    result = decide(evidence(slower=-0.2, drop=-0.1, churn=0.1))
    assert result.verdict is Verdict.IMPROVED
    assert result.exit_code == 0
    assert of(result, "latency_p50").verdict is Verdict.IMPROVED


def test_it_is_known_as_soon_as_something_fails() -> None:
    slow = evidence(slower=0.3)
    assert not known(replace(slow, rounds=slow.rounds[:2]), policy(), today=TODAY)
    assert known(replace(slow, rounds=slow.rounds[:12]), policy(), today=TODAY)


def test_too_few_items_are_no_verdict_and_say_how_many_more() -> None:
    result = decide(evidence(16))
    told = of(result, "accuracy")
    assert (result.verdict, result.exit_code, told.verdict) == (Verdict.INCONCLUSIVE, 2, Verdict.INCONCLUSIVE)
    assert told.more_items
    assert f"{told.more_items} more items" in told.reason
    assert decide(evidence(16 + 3 * told.more_items)).verdict is Verdict.PASS


def test_nothing_asked_never_passes() -> None:
    result = decide(replace(evidence(8), rounds=()))
    assert result.exit_code == 2


def test_what_is_missing_never_passes() -> None:
    rules = policy(metrics={**METRICS, "ttft": {"margin": 0.1}})
    result = decide(evidence(), rules)
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)
    assert of(result, "ttft").verdict is Verdict.NOT_MEASURED


def test_what_cannot_be_compared_never_passes() -> None:
    result = decide(evidence(apart={"latency_p50": "device differs: CPU Example against CPU Other"}))
    assert (result.verdict, result.exit_code) == (Verdict.NOT_COMPARABLE, 2)
    assert "CPU Other" in of(result, "latency_p50").reason


def test_a_regression_outweighs_what_is_not_known() -> None:
    assert decide(evidence(slower=0.3, apart={"joules_per_request": "meter differs"})).verdict is Verdict.REGRESSED


def test_modelled_joules_do_not_block_unless_asked() -> None:
    modelled = evidence(joules=0.3, provenance=("modelled", "modelled"))
    shown = decide(modelled)
    assert shown.verdict is Verdict.PASS
    told = of(shown, "joules_per_request")
    assert (told.verdict, told.blocks, told.change) == (Verdict.NOT_MEASURED, False, pytest.approx(0.3, abs=0.03))
    assert decide(modelled, policy(judge_modelled=True)).verdict is Verdict.REGRESSED
    must = {**METRICS, "joules_per_request": {"margin": 0.1}}
    assert decide(modelled, policy(metrics=must)).verdict is Verdict.NOT_MEASURED


def test_runs_that_were_not_made_in_turns_are_given_room() -> None:
    slightly = {"slower": 0.045, "noise": 0.005}
    assert decide(evidence(**slightly, in_turns=False), policy(drift=0.03)).verdict is Verdict.PASS
    assert decide(evidence(**slightly)).verdict is Verdict.REGRESSED
    assert decide(evidence(slower=0.09, noise=0.005, in_turns=False), policy(drift=0.03)).verdict is Verdict.REGRESSED
    tight = {**METRICS, "latency_p50": {"margin": 0.02}}
    told = of(decide(evidence(in_turns=False), policy(metrics=tight, drift=0.03)), "latency_p50")
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "drift" in told.reason


def test_what_a_gate_could_have_found_is_of_the_metrics_that_are_judged() -> None:
    told = evidence(200, missing={"joules_per_request": "no meter could be read"})
    others = policy(metrics={metric: rule for metric, rule in METRICS.items() if metric != "joules_per_request"})
    assert decide(told).detects == decide(told, others).detects
    assert decide(told).detects["latency_p50"] < decide(evidence(200)).detects["latency_p50"]


def test_a_declared_trade_lets_a_loss_through() -> None:
    trade = {"give": {"accuracy": 0.15}, "get": {"joules_per_request": 0.2}, "reason": "we pay for the joules"}
    cheaper = evidence(drop=0.08, joules=-0.4, churn=0.1)
    assert decide(cheaper).verdict is Verdict.REGRESSED
    result = decide(cheaper, policy(trades=[trade]))
    assert result.exit_code == 0
    assert of(result, "accuracy").allowed_by is not None
    assert decide(evidence(drop=0.08, joules=-0.1, churn=0.1), policy(trades=[trade])).verdict is Verdict.REGRESSED
    assert decide(evidence(drop=0.3, joules=-0.4, churn=0.3), policy(trades=[trade])).verdict is Verdict.REGRESSED


def test_a_gate_waits_for_a_trade_that_may_still_be_kept() -> None:
    trade = {"give": {"accuracy": 0.16}, "get": {"joules_per_request": 0.2}}
    cheaper = evidence(1200, drop=0.1, joules=-0.4, churn=0.1)

    def ends(rules: Policy) -> int:
        place = looks(cases(cheaper, rules), rules).first_known()
        assert place is not None
        return place

    assert ends(policy(trades=[trade])) > ends(policy())


def test_a_waiver_counts_until_its_day() -> None:
    def waived(until: str) -> GateResult:
        own = {"metric": "latency_p50", "reason": "new tokenizer, see #12", "until": until}
        return decide(evidence(slower=0.3), policy(waivers=[own]))

    assert waived("2026-11-25").exit_code == 0
    assert of(waived("2026-11-25"), "latency_p50").waived is not None
    late = waived("2026-11-24")
    assert late.exit_code == 1
    assert any("2026-11-24" in note for note in late.notes)


def test_either_direction_can_be_a_regression() -> None:
    both = {**METRICS, "latency_p50": {"margin": 0.1, "direction": "either"}}
    assert decide(evidence(slower=-0.2), policy(metrics=both)).verdict is Verdict.REGRESSED
    assert decide(evidence(slower=0.2), policy(metrics=both)).verdict is Verdict.REGRESSED
    assert decide(evidence(), policy(metrics=both)).verdict is Verdict.PASS


def test_memory_is_compared_as_it_is() -> None:
    rules = policy(metrics={**METRICS, "peak_memory": {"margin": 0.1}})
    assert decide(evidence(peak_memory_bytes=(1000, 1050)), rules).verdict is Verdict.PASS
    assert decide(evidence(peak_memory_bytes=(1000, 1200)), rules).verdict is Verdict.REGRESSED
    assert decide(evidence(), rules).verdict is Verdict.NOT_MEASURED


def test_the_slowest_are_judged_by_their_number_beyond_a_threshold() -> None:
    rules = policy(metrics={"latency_p95": {"margin": 0.3}})
    assert decide(evidence(1600), rules).verdict is Verdict.PASS
    assert decide(evidence(1600, slower=0.6), rules).verdict is Verdict.REGRESSED
    few = decide(evidence(40), rules)
    assert few.verdict is Verdict.INCONCLUSIVE
    assert of(few, "latency_p95").more_items == 50


def test_joules_per_correct_answer_see_both_sides() -> None:
    rules = policy(metrics={"joules_per_correct": {"margin": 0.1}})
    assert decide(evidence(churn=0.0), rules).verdict is Verdict.PASS
    assert decide(evidence(1200, churn=0.0, joules=0.2), rules).verdict is Verdict.REGRESSED
    assert decide(evidence(1600, drop=0.2, churn=0.2), rules).verdict is Verdict.REGRESSED


def test_several_pairs_share_one_error_rate() -> None:
    pairs = {f"test_{n}": evidence(200, seed=n, churn=0.0) for n in range(5)}
    result = judge_many(pairs | {"test_slow": evidence(200, slower=0.3, churn=0.0)}, policy(), suite="benches")
    assert result.verdict is Verdict.REGRESSED
    assert [m.metric for m in result.metrics if m.verdict is Verdict.REGRESSED] == ["test_slow · latency_p50"]
    alone = of(judge(pairs["test_0"], policy(), suite="benches"), "latency_p50").p_value
    together = next(m for m in result.metrics if m.metric == "test_0 · latency_p50").p_value
    assert alone is not None
    assert together is not None
    assert together >= alone


@pytest.mark.simulation
def test_the_course_ends_where_the_verdict_is() -> None:
    told = evidence()
    found = sequential_bounds(told, policy())
    for metric in METRICS:
        verdict = of(decide(told), metric)
        assert found[metric].change[-1] == verdict.change
        assert (found[metric].low[-1], found[metric].high[-1]) == (verdict.low, verdict.high)
        assert (np.diff(found[metric].items) > 0).all()


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from([0.0, 0.2]), st.integers(1, 40))
def test_a_pass_and_a_regression_exclude_each_other(seed: int, drop: float, slower: float, rounds: int) -> None:
    """Whatever the evidence: the gate's verdict follows from its metrics, and each says what it rests on."""
    result = decide(evidence(rounds * 8, drop=drop, slower=slower, churn=max(0.1, drop), seed=seed))
    blocking = [each.verdict for each in result.metrics if each.blocks]
    together = "by itself none is shown to be worse" in result.headline
    assert (result.verdict is Verdict.REGRESSED) == (Verdict.REGRESSED in blocking or together)
    for each in result.metrics:
        if each.verdict in (Verdict.PASS, Verdict.IMPROVED):
            assert each.detectable is not None
            assert 0 <= each.detectable <= each.margin
        elif each.verdict is Verdict.REGRESSED:
            assert each.p_value is not None
            assert each.p_value <= 0.05
        else:
            assert each.verdict is Verdict.INCONCLUSIVE


def test_swapping_two_equal_systems_swaps_nothing() -> None:
    told = evidence(drop=0.0)
    swapped = [
        Round(one.correct[:, ::-1], one.seconds[:, ::-1], None, one.energy_j and one.energy_j[::-1])
        for one in told.rounds
    ]
    first, second = decide(told), decide(replace(told, rounds=tuple(swapped)))
    assert first.verdict is second.verdict is Verdict.PASS
    assert of(first, "accuracy").change == pytest.approx(-(of(second, "accuracy").change or 0))


GUARDED = {**METRICS, "accuracy": {"margin": 0.05, "each_domain": 0.1}}
SESSIONS = {metric: SessionVariance(0.02**2, 9, 10) for metric in ("latency_p50", "joules_per_request")}
FEW_SESSIONS = {metric: SessionVariance(0.05**2, 4, 5) for metric in ("latency_p50", "joules_per_request")}


def traded(items: int = 600, *, lost: float = 0.2, gained: float = 0.25) -> Evidence:
    """A candidate that gains in maths what it loses in law, and a little more."""
    one, other = evidence(items // 2, drop=lost, churn=lost, seed=2), evidence(items // 2, drop=-gained, churn=gained)
    rounds = tuple(
        replace(each, domains=(domain,) * each.items)
        for pair in zip(one.rounds, other.rounds, strict=True)
        for each, domain in zip(pair, ("law", "maths"), strict=True)
    )
    return replace(other, rounds=rounds, suite_domains=("law", "maths"))


def nearly() -> Evidence:
    """Evidence at the look at which the gate fails, though no metric does by itself."""
    rules = policy(metrics={**METRICS, "joules_per_request": {"margin": 0.1}})
    for seed in range(200):
        seen = evidence(160, slower=0.07, joules=0.07, drop=0.04, noise=0.09, seed=seed)
        found = looks(cases(seen, rules), rules)
        at = found.first_known()
        if at is not None and found[at].fails and State.WORSE not in found[at].states:
            return replace(seen, rounds=seen.rounds[: at + 1])
    raise AssertionError("no such gate")


MADE: Mapping[str, Callable[[], GateResult]] = {
    "pass": lambda: decide(evidence()),
    "improved": lambda: decide(evidence(slower=-0.2, drop=-0.1, churn=0.1)),
    "regressed": lambda: decide(evidence(drop=0.15, slower=0.2, joules=0.2, churn=0.15)),
    "inconclusive": lambda: decide(evidence(24, churn=0.2)),
    "not-comparable": lambda: decide(evidence(apart={"latency_p50": "device differs: CPU Example against CPU Other"})),
    "not-measured": lambda: decide(
        evidence(provenance=("modelled", "modelled")), policy(metrics={**METRICS, "ttft": {"margin": 0.1}})
    ),
    "drift": lambda: decide(
        evidence(in_turns=False), policy(drift=0.03, metrics={**METRICS, "latency_p50": {"margin": 0.02}})
    ),
    "waived": lambda: decide(
        evidence(slower=0.3),
        policy(
            waivers=[
                {"metric": "latency_p50", "reason": "new tokenizer", "until": "2026-12-31"},
                {"metric": "accuracy", "reason": "old", "until": "2026-01-31"},
            ]
        ),
    ),
    "trade": lambda: decide(
        evidence(drop=0.08, joules=-0.4, churn=0.1),
        policy(trades=[{"give": {"accuracy": 0.15}, "get": {"joules_per_request": 0.2}}]),
    ),
    "together": lambda: decide(nearly(), policy(metrics={**METRICS, "joules_per_request": {"margin": 0.1}})),
    "domain-lost": lambda: decide(traded()),
    "each-domain": lambda: decide(traded(), policy(metrics=GUARDED)),
    "never": lambda: decide(evidence(40, churn=0.0), policy(max_items=40)),
    "no-sessions": lambda: decide(
        evidence(in_turns=False), policy(metrics={**METRICS, "latency_p50": {"margin": 0.1}})
    ),
    "sessions": lambda: decide(evidence(slower=0.3, in_turns=False, sessions=SESSIONS)),
    "noisy-sessions": lambda: decide(evidence(in_turns=False, sessions=FEW_SESSIONS)),
    "memory": lambda: decide(
        evidence(peak_memory_bytes=(1000, 1200)), policy(metrics={**METRICS, "peak_memory": {"margin": 0.1}})
    ),
}
"""Gates by name, each decided when a test first asks for it: collecting the tests decides none."""


@cache
def gate(name: str) -> GateResult:
    return MADE[name]()


def test_metrics_may_be_worse_together() -> None:
    result = gate("together")
    assert (result.verdict, result.exit_code) == (Verdict.REGRESSED, 1)
    assert Verdict.REGRESSED not in [each.verdict for each in result.metrics]
    assert len(result.together) >= 2
    assert result.p_value is not None
    assert result.p_value <= 0.05
    assert "together" in result.headline


def test_a_gain_in_one_domain_pays_for_a_loss_in_another_unless_each_is_guarded() -> None:
    free, guarded = gate("domain-lost"), gate("each-domain")
    assert free.verdict is Verdict.PASS
    [law] = free.lost_domains
    assert law.domain == "law"
    assert law.high is not None
    assert law.high < 0 < -law.change
    assert guarded.verdict is Verdict.REGRESSED
    assert of(guarded, "accuracy · law").verdict is Verdict.REGRESSED
    assert of(guarded, "accuracy · maths").verdict is Verdict.IMPROVED
    assert of(guarded, "accuracy").verdict is Verdict.PASS
    assert not guarded.lost_domains
    assert decide(traded(lost=0.0, gained=0.0), policy(metrics=GUARDED)).verdict is Verdict.PASS


def test_a_domain_without_an_item_yet_keeps_the_gate_from_passing() -> None:
    seen = replace(traded(lost=0.0, gained=0.0), suite_domains=("law", "maths", "poetry"), items_left=40)
    result = decide(seen, policy(metrics=GUARDED))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert of(result, "accuracy · poetry").more_items == 1
    unknown = decide(evidence(), policy(metrics=GUARDED))
    assert unknown.verdict is Verdict.NOT_MEASURED


def test_a_trade_waits_for_joules_that_are_not_there_yet() -> None:
    trade = {"give": {"accuracy": 0.15}, "get": {"joules_per_request": 0.2}}
    seen = evidence(64, drop=0.4, churn=0.4)
    early = replace(seen, rounds=tuple(replace(one, energy_j=None) for one in seen.rounds), items_left=400)
    assert known(early, policy(), today=TODAY)
    assert not known(early, policy(trades=[trade]), today=TODAY)


def test_sessions_are_what_two_runs_have_to_exceed() -> None:
    assert gate("sessions").verdict is Verdict.REGRESSED
    assert decide(evidence(slower=0.06, in_turns=False, sessions=SESSIONS)).verdict is not Verdict.REGRESSED
    assert decide(evidence(slower=0.06, noise=0.01)).verdict is Verdict.REGRESSED
    noisy = gate("noisy-sessions")
    assert noisy.verdict is Verdict.INCONCLUSIVE
    assert "latency_p50" in noisy.undecidable
    assert gate("no-sessions").verdict is Verdict.NOT_MEASURED
    assert "calibrate SUITE --sessions 5" in of(gate("no-sessions"), "latency_p50").reason


@pytest.mark.simulation
def test_two_runs_of_one_system_seldom_fail_by_their_sessions() -> None:
    """The sd of sessions is known from five of them, and so is in error itself: t, not the normal distribution."""
    rng = np.random.default_rng(5)
    rules = policy()
    failed = passed = 0
    for seed in range(200):
        sd = 0.02 * np.sqrt(rng.chisquare(4) / 4)
        sessions = {metric: SessionVariance(float(sd**2), 4, 5) for metric in ("latency_p50", "joules_per_request")}
        offset = float(np.expm1(rng.normal(0, 0.02 * np.sqrt(2))))
        for worse in (0.0, 0.1):
            slower = (1 + worse) * (1 + offset) - 1
            seen = evidence(160, slower=slower, joules=slower, seed=seed, in_turns=False, sessions=sessions, churn=0.0)
            look = looks(cases(seen, rules), rules)[-1]
            failed += worse == 0 and look.fails
            passed += worse > 0 and look.states[1] is State.FINE
    assert failed / 200 <= 0.05
    assert passed / 200 <= 0.1


@pytest.mark.parametrize("name", MADE)
def test_reasons_read_well(name: str, golden) -> None:
    result = gate(name)
    lines = [f"{result.verdict}: {result.headline}"]
    lines += [
        f"{each.metric}: {each.verdict}{'' if each.blocks else ' (does not block)'}: {each.reason}"
        for each in result.metrics
    ]
    lines += [*filter(None, (undecidable_line(result), finds_line(result))), *lost_domain_lines(result)]
    text = "\n".join([*lines, *(f"note: {note}" for note in result.notes)]) + "\n"
    golden(f"{name}.txt", text)
