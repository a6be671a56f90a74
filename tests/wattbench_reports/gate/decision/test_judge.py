"""From evidence to verdicts: each of them, what holds of all, and the words that people read."""

from __future__ import annotations

import math
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
from wattbench_reports.gate.bounds import verdict_of
from wattbench_reports.gate.decision.judge import end_of, judge, judge_many, known, sequential_bounds
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.wording.gate import finds_line, lost_domain_lines, undecidable_line

TODAY = date(2026, 11, 25)

METRICS: Mapping[str, Any] = {
    "accuracy": {"margin": 0.05},
    "latency_mean": {"margin": 0.1},
    "joules_per_request": {"margin": 0.1, "blocks": "if_measured"},
}


def policy(**changes: Any) -> Policy:
    return policy_of(GatePolicy.model_validate({"metrics": METRICS} | changes))


def evidence(
    items: int = 400,
    *,
    drop: float = 0.0,
    slower: float = 0.0,
    joules: float = 0.0,
    churn: float = 0.04,
    noise: float = 0.02,
    block: int = 8,
    loads: int = 8,
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
        load = start * loads // items
        rounds.append(Round(correct[own], seconds[own], None, (float(spent[0]), float(spent[1])), load=load))
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
    assert all(each.detects is not None and each.detects > each.margin for each in result.metrics)


@pytest.mark.parametrize(
    ("worse", "metric", "others"),
    [
        ({"drop": 0.2}, "accuracy", ("latency_mean", "joules_per_request")),
        ({"slower": 0.2}, "latency_mean", ("accuracy", "joules_per_request")),
        ({"joules": 0.2}, "joules_per_request", ("accuracy", "latency_mean")),
    ],
)
def test_what_got_worse_regresses_alone(worse: Mapping[str, float], metric: str, others: tuple[str, ...]) -> None:
    result = decide(evidence(800, churn=0.02, **worse))
    assert result.verdict is Verdict.REGRESSED
    assert result.exit_code == 1
    assert of(result, metric).verdict is Verdict.REGRESSED
    assert all(of(result, other).verdict is Verdict.PASS for other in others)


def test_what_got_better_is_improved() -> None:
    result = decide(evidence(slower=-0.2, drop=-0.1, churn=0.1))
    assert result.verdict is Verdict.IMPROVED
    assert result.exit_code == 0
    assert of(result, "latency_mean").verdict is Verdict.IMPROVED


def test_it_is_known_at_the_first_look_at_which_something_fails() -> None:
    slow = replace(evidence(slower=0.3), items_left=0)
    assert not known(slow.until(6), policy(), today=TODAY), "one load of eight"
    state, until = end_of(slow, policy())
    assert (state.verdict, until.answered) == (Verdict.REGRESSED, 104)


def test_too_few_items_are_no_verdict_and_say_how_many_more() -> None:
    result = decide(evidence(48))
    told = of(result, "accuracy")
    assert (result.verdict, result.exit_code, told.verdict) == (Verdict.INCONCLUSIVE, 2, Verdict.INCONCLUSIVE)
    assert told.more_items
    assert f"{told.more_items:,} more items" in told.reason
    assert of(decide(evidence(48 + 3 * told.more_items)), "accuracy").verdict is Verdict.PASS


def test_a_gate_ends_where_no_verdict_is_likely() -> None:
    at_the_margin = evidence(400, drop=0.05, churn=0.1, seed=7)
    state, until = end_of(at_the_margin, policy())
    assert (state.verdict, state.futile, until.items_left) == (Verdict.INCONCLUSIVE, True, 200)
    result = decide(until)
    assert result.futile
    assert "no verdict on accuracy is likely in 400 items" in result.headline
    assert known(until, policy(), today=TODAY)


def test_nothing_asked_never_passes() -> None:
    result = decide(replace(evidence(8), rounds=()))
    assert result.exit_code == 2


def test_what_is_missing_never_passes() -> None:
    rules = policy(metrics={**METRICS, "ttft": {"margin": 0.1}})
    result = decide(evidence(), rules)
    assert (result.verdict, result.exit_code) == (Verdict.NOT_MEASURED, 2)
    assert of(result, "ttft").verdict is Verdict.NOT_MEASURED


def test_what_cannot_be_compared_never_passes() -> None:
    result = decide(evidence(apart={"latency_mean": "device differs: CPU Example against CPU Other"}))
    assert (result.verdict, result.exit_code) == (Verdict.NOT_COMPARABLE, 2)
    assert "CPU Other" in of(result, "latency_mean").reason


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


def test_seconds_of_one_load_are_said_to_be_of_these_instances() -> None:
    assert "these two instances" in of(decide(evidence(loads=1)), "latency_mean").reason
    assert "instances" not in of(decide(evidence()), "latency_mean").reason


def test_a_slow_load_is_no_slow_system() -> None:
    """Every load differs from the others by 3%, and all items within one are alike."""
    rng = np.random.default_rng(3)
    seen = evidence(noise=0.001)
    speeds = np.exp(rng.normal(0, 0.03, (8, 2)))
    rounds = [replace(one, seconds=one.seconds * speeds[one.load], energy_j=None) for one in seen.rounds]
    told = of(decide(replace(seen, rounds=tuple(rounds))), "latency_mean")
    assert told.low is not None
    assert told.high is not None
    assert told.high - told.low > 0.05


def test_a_few_answers_that_take_much_longer_are_a_longer_mean() -> None:
    seen = evidence(1200, noise=0.01)
    rng = np.random.default_rng(5)
    rounds = []
    for one in seen.rounds:
        longer = np.where(rng.random(one.items) < 0.05, 6.0, 1.0)
        rounds.append(replace(one, seconds=one.seconds * np.stack([np.ones(one.items), longer], axis=1)))
    rules = policy(metrics={name: {"margin": 0.1} for name in ("latency_mean", "latency_p50")})
    result = decide(replace(seen, rounds=tuple(rounds)), rules)
    assert of(result, "latency_mean").verdict is Verdict.REGRESSED
    assert of(result, "latency_p50").verdict is Verdict.PASS


def test_a_mean_does_not_pass_before_what_is_rare_could_be_seen() -> None:
    seen = evidence(200, noise=0.001, items_left=200)
    told = of(decide(seen.until(13)), "latency_mean")
    assert (told.verdict, told.high) == (Verdict.INCONCLUSIVE, None)
    assert "A pass takes" in told.reason
    assert of(decide(evidence(100, noise=0.001)), "latency_mean").verdict is Verdict.PASS, "these are all items"


def test_a_declared_trade_lets_a_loss_through() -> None:
    trade = {"give": {"accuracy": 0.25}, "get": {"joules_per_request": 0.2}, "reason": "we pay for the joules"}
    cheaper = evidence(drop=0.15, joules=-0.4, churn=0.15)
    assert decide(cheaper).verdict is Verdict.REGRESSED
    result = decide(cheaper, policy(trades=[trade]))
    assert result.exit_code == 0
    assert of(result, "accuracy").allowed_by is not None
    assert decide(evidence(drop=0.15, joules=-0.1, churn=0.15), policy(trades=[trade])).verdict is Verdict.REGRESSED
    assert decide(evidence(drop=0.4, joules=-0.4, churn=0.4), policy(trades=[trade])).verdict is Verdict.REGRESSED


def test_a_gate_waits_for_a_trade_that_may_still_be_kept() -> None:
    trade = {"give": {"accuracy": 0.2}, "get": {"joules_per_request": 0.2}}
    cheaper = evidence(1200, drop=0.17, joules=-0.4, churn=0.17)
    traded, plain = (end_of(cheaper, rules)[1].answered for rules in (policy(trades=[trade]), policy()))
    assert traded > plain


def test_a_waiver_counts_until_its_day() -> None:
    def waived(until: str) -> GateResult:
        own = {"metric": "latency_mean", "reason": "new tokenizer, see #12", "until": until}
        return decide(evidence(slower=0.3), policy(waivers=[own]))

    assert waived("2026-11-25").exit_code == 0
    assert of(waived("2026-11-25"), "latency_mean").waived is not None
    late = waived("2026-11-24")
    assert late.exit_code == 1
    assert any("2026-11-24" in note for note in late.notes)


def test_either_direction_can_be_a_regression() -> None:
    both = {**METRICS, "latency_mean": {"margin": 0.1, "direction": "either"}}
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
    assert decide(evidence(40), rules).verdict is Verdict.NOT_MEASURED
    assert decide(evidence(40, items_left=400), rules).verdict is Verdict.INCONCLUSIVE


def test_joules_per_correct_answer_see_both_sides() -> None:
    rules = policy(metrics={"joules_per_correct": {"margin": 0.1}})
    assert decide(evidence(churn=0.0), rules).verdict is Verdict.PASS
    assert decide(evidence(1200, churn=0.0, joules=0.2), rules).verdict is Verdict.REGRESSED
    assert decide(evidence(1600, drop=0.2, churn=0.2), rules).verdict is Verdict.REGRESSED


def test_several_pairs_share_one_error_rate() -> None:
    pairs = {f"test_{n}": evidence(200, seed=n, churn=0.0) for n in range(5)}
    result = judge_many(pairs | {"test_slow": evidence(200, slower=0.3, churn=0.0)}, policy(), suite="benches")
    assert result.verdict is Verdict.REGRESSED
    assert [m.metric for m in result.metrics if m.verdict is Verdict.REGRESSED] == ["test_slow · latency_mean"]
    alone = of(judge(pairs["test_0"], policy(), suite="benches"), "latency_mean").low
    together = next(m for m in result.metrics if m.metric == "test_0 · latency_mean").low
    assert alone is not None
    assert together is not None
    assert together < alone


def test_the_course_ends_where_the_verdict_is() -> None:
    told = evidence()
    found = sequential_bounds(told, policy())
    for metric in METRICS:
        verdict = of(decide(told), metric)
        assert found[metric].change[-1] == verdict.change
        assert (found[metric].low[-1], found[metric].high[-1]) == (verdict.low, verdict.high)
        assert (np.diff(found[metric].items) > 0).all()


def worsenings(each: MetricVerdict) -> tuple[float, float]:
    """The printed bounds of the worsening; infinite where nothing is printed."""
    low = -math.inf if each.low is None else each.low
    high = math.inf if each.high is None else each.high
    return (-high, -low) if each.metric.startswith("accuracy") else (low, high)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([-0.1, 0.0, 0.1, 0.3]), st.sampled_from([-0.2, 0.0, 0.06, 0.3]),
    st.integers(1, 60), st.sampled_from([1, 2, 8]), st.sampled_from(["worse", "either"]), st.integers(0, 300),
)  # fmt: skip
def test_a_verdict_follows_from_its_printed_bounds(
    seed: int, drop: float, slower: float, rounds: int, loads: int, direction: str, left: int
) -> None:
    seen = evidence(rounds * 8, drop=drop, slower=slower, churn=max(0.1, abs(drop)), seed=seed, loads=loads)
    metrics = {name: {"margin": 0.1, "direction": direction} for name in (*METRICS, "latency_p50", "latency_p95")}
    result = decide(replace(seen, items_left=left), policy(metrics=metrics))
    for each in result.metrics:
        if each.verdict is not Verdict.NOT_MEASURED:
            low, high = worsenings(each)
            assert each.verdict is verdict_of(low, high, each.margin, either=direction == "either")
            assert low <= high
            passed = each.verdict in (Verdict.PASS, Verdict.IMPROVED)
            assert not (passed and high > each.margin), "no pass next to a bound beyond the margin"
    blocking = [each.verdict for each in result.metrics if each.blocks]
    assert (result.verdict is Verdict.REGRESSED) == (Verdict.REGRESSED in blocking)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]), st.floats(0.01, 1000.0))
def test_neither_units_nor_the_order_within_a_round_change_anything(seed: int, drop: float, unit: float) -> None:
    seen = evidence(160, drop=drop, churn=0.2, seed=seed)
    rng = np.random.default_rng(seed)
    rounds = []
    for one in seen.rounds:
        order = rng.permutation(one.items)
        joules = one.energy_j
        assert joules is not None
        rounds.append(
            replace(
                one,
                correct=one.correct[order],
                seconds=one.seconds[order] * unit,
                energy_j=(joules[0] * unit, joules[1] * unit),
            )
        )
    first, second = decide(seen), decide(replace(seen, rounds=tuple(rounds)))
    for ours, theirs in zip(first.metrics, second.metrics, strict=True):
        assert ours.verdict is theirs.verdict
        assert (ours.change, ours.low, ours.high) == pytest.approx(
            (theirs.change, theirs.low, theirs.high), nan_ok=True
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]))
def test_more_of_the_same_kind_narrows(seed: int, drop: float) -> None:
    few = evidence(240, drop=drop, churn=0.2, seed=seed, loads=8)
    again = tuple(replace(one, load=one.load + 8) for one in few.rounds)
    for one, other in zip(decide(few).metrics, decide(replace(few, rounds=few.rounds + again)).metrics, strict=True):
        (low, high), (narrower_low, narrower_high) = worsenings(one), worsenings(other)
        assert narrower_high - narrower_low < high - low


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.3]), st.integers(20, 60))
def test_looking_back_is_looking_at_the_time(seed: int, drop: float, slower: float, rounds: int) -> None:
    """What a look shows does not depend on what comes after it: no part of an error rate shifts."""
    seen = evidence(rounds * 8, drop=drop, slower=slower, churn=max(0.1, drop), seed=seed)
    whole = sequential_bounds(seen, policy())
    for metric, now in sequential_bounds(seen.until(rounds // 2), policy()).items():
        looks = len(now.items)
        assert whole[metric].items[:looks].tolist() == now.items.tolist()
        assert whole[metric].low[:looks] == pytest.approx(now.low, nan_ok=True)
        assert whole[metric].high[:looks] == pytest.approx(now.high, nan_ok=True)


def test_swapping_two_equal_systems_swaps_nothing() -> None:
    told = evidence(drop=0.0)
    swapped = [
        replace(
            one,
            correct=one.correct[:, ::-1],
            seconds=one.seconds[:, ::-1],
            energy_j=one.energy_j and one.energy_j[::-1],
        )
        for one in told.rounds
    ]
    first, second = decide(told), decide(replace(told, rounds=tuple(swapped)))
    assert first.verdict is second.verdict is Verdict.PASS
    assert of(first, "accuracy").change == pytest.approx(-(of(second, "accuracy").change or 0))


GUARDED = {**METRICS, "accuracy": {"margin": 0.05, "each_domain": 0.1}}


def traded(items: int = 600, *, lost: float = 0.2, gained: float = 0.25) -> Evidence:
    """A candidate that gains in maths what it loses in law, and a little more."""
    one, other = evidence(items // 2, drop=lost, churn=lost, seed=2), evidence(items // 2, drop=-gained, churn=gained)
    rounds = tuple(
        replace(each, domains=(domain,) * each.items)
        for pair in zip(one.rounds, other.rounds, strict=True)
        for each, domain in zip(pair, ("law", "maths"), strict=True)
    )
    return replace(other, rounds=rounds, suite_domains=("law", "maths"))


MADE: Mapping[str, Callable[[], GateResult]] = {
    "pass": lambda: decide(evidence()),
    "improved": lambda: decide(evidence(slower=-0.2, drop=-0.1, churn=0.1)),
    "regressed": lambda: decide(evidence(drop=0.15, slower=0.2, joules=0.2, churn=0.15)),
    "inconclusive": lambda: decide(evidence(24, churn=0.2)),
    "not-comparable": lambda: decide(evidence(apart={"latency_mean": "device differs: CPU Example against CPU Other"})),
    "not-measured": lambda: decide(
        evidence(provenance=("modelled", "modelled")), policy(metrics={**METRICS, "ttft": {"margin": 0.1}})
    ),
    "waived": lambda: decide(
        evidence(slower=0.3),
        policy(
            waivers=[
                {"metric": "latency_mean", "reason": "new tokenizer", "until": "2026-12-31"},
                {"metric": "accuracy", "reason": "old", "until": "2026-01-31"},
            ]
        ),
    ),
    "trade": lambda: decide(
        evidence(drop=0.15, joules=-0.4, churn=0.15),
        policy(trades=[{"give": {"accuracy": 0.25}, "get": {"joules_per_request": 0.2}}]),
    ),
    "domain-lost": lambda: decide(traded()),
    "each-domain": lambda: decide(traded(), policy(metrics=GUARDED)),
    "never": lambda: decide(evidence(40, churn=0.0), policy(max_items=40)),
    "one-load": lambda: decide(evidence(loads=1)),
    "futile": lambda: decide(evidence(400, drop=0.05, churn=0.1, seed=7).until(26)),
    "memory": lambda: decide(
        evidence(peak_memory_bytes=(1000, 1200)), policy(metrics={**METRICS, "peak_memory": {"margin": 0.1}})
    ),
}
"""Gates by name, each decided when a test first asks for it: collecting the tests decides none."""


@cache
def gate(name: str) -> GateResult:
    return MADE[name]()


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
    assert of(result, "accuracy · poetry").verdict is Verdict.INCONCLUSIVE
    unknown = decide(evidence(), policy(metrics=GUARDED))
    assert unknown.verdict is Verdict.NOT_MEASURED


def test_a_trade_waits_for_joules_that_are_not_there_yet() -> None:
    trade = {"give": {"accuracy": 0.6}, "get": {"joules_per_request": 0.2}}
    seen = evidence(64, drop=0.4, churn=0.4)
    early = replace(seen, rounds=tuple(replace(one, energy_j=None) for one in seen.rounds), items_left=400)
    assert known(early, policy(), today=TODAY)
    assert not known(early, policy(trades=[trade]), today=TODAY)


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
