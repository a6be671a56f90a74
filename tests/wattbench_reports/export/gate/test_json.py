"""JSON: all that a gate knows, there and back."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.gate_results import ACCURACY, GATES, gate, passed
from wattbench.errors import UserError
from wattbench.records import IDENTITY
from wattbench.records.schema.gate import GatePolicy, Waiver
from wattbench_reports.export.gate import as_json, result_of_json
from wattbench_reports.gate.policy import DeclaredTrade, Policy, Rule, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.metrics.registry import METRICS

SHARES = st.floats(0.001, 0.999)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(sorted(METRICS))
TEXTS = st.text(st.characters(codec=None), max_size=20)
SAID = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
WAIVERS = st.builds(Waiver, metric=NAMES, reason=SAID, until=st.dates())
TRADES = st.builds(DeclaredTrade, NAMES, SHARES, NAMES, SHARES, st.none() | SAID)
RULES = st.builds(
    Rule, NAMES, SHARES, st.booleans(), weight=st.floats(0.1, 9)
) | st.builds(Rule, NAMES, SHARES, blocks=st.just(True), only_if_measured=st.just(True))  # fmt: skip
POLICIES = st.builds(
    Policy,
    rules=st.permutations(sorted(METRICS)).flatmap(
        lambda names: st.tuples(*(RULES.map(lambda rule, name=name: replace(rule, metric=name)) for name in names))
    ),
    alpha=st.floats(0.001, 0.499), beta=st.floats(0.001, 0.499), block=st.integers(1, 99),
    max_items=st.none() | st.integers(1, 10**9), max_joules=st.none() | SHARES, drift=SHARES,
    judge_modelled=st.booleans(), may_differ=st.lists(st.sampled_from(IDENTITY), max_size=2).map(tuple),
    trades=st.lists(TRADES.filter(lambda trade: trade.give != trade.get), max_size=2).map(tuple),
    waivers=st.lists(WAIVERS, max_size=2).map(tuple), record=st.just(GatePolicy().model_dump(mode="json")),
)  # fmt: skip
METRIC_VERDICTS = st.builds(
    MetricVerdict,
    metric=TEXTS, verdict=st.sampled_from(Verdict), blocks=st.booleans(), margin=SHARES, reason=TEXTS,
    baseline=st.none() | NUMBERS, candidate=st.none() | NUMBERS, change=st.none() | NUMBERS, low=st.none() | NUMBERS,
    high=st.none() | NUMBERS, items=st.integers(0), rounds=st.integers(0),
    more_items=st.none() | st.integers(0), detects=st.none() | NUMBERS, provenance=TEXTS, validity=TEXTS,
    waived=st.none() | WAIVERS, allowed_by=st.none() | TRADES,
)  # fmt: skip
RESULTS = st.builds(
    GateResult,
    verdict=st.sampled_from(Verdict), headline=TEXTS, baseline=TEXTS, candidate=TEXTS, suite=TEXTS,
    runs=st.lists(TEXTS, max_size=3).map(tuple), metrics=st.lists(METRIC_VERDICTS, max_size=3).map(tuple),
    policy=POLICIES, items=st.integers(0), rounds=st.integers(0), energy_j=st.none() | NUMBERS,
    energy_provenance=TEXTS, notes=st.lists(TEXTS, max_size=3).map(tuple),
    planted=st.none() | st.dictionaries(TEXTS, NUMBERS, max_size=2), created_utc=TEXTS,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=200)
@given(RESULTS)
def test_there_and_back(result: GateResult) -> None:
    text = as_json(result)
    text.encode("ascii")
    assert result_of_json(text) == result
    assert as_json(result_of_json(text)) == text


@pytest.mark.parametrize("name", GATES)
def test_nothing_is_left_out(name: str) -> None:
    result = GATES[name]()
    document = json.loads(as_json(result))
    assert {each.name for each in fields(result)} | {"schema_version", "exit_code"} == set(document)
    for metric in document["metrics"]:
        assert set(metric) == {each.name for each in fields(MetricVerdict)}
    assert document["exit_code"] == result.exit_code


def test_a_policy_has_the_shape_of_a_suites_section() -> None:
    policy = GatePolicy(calibration="calibration.json")
    document = json.loads(as_json(replace(passed(), policy=policy_of(policy))))["policy"]
    read = GatePolicy.model_validate(document)
    assert read.calibration == policy.calibration
    assert policy_of(read) == policy_of(policy)


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
def test_there_is_neither_infinity_nor_nan(odd: float) -> None:
    policy = replace(passed().policy, record={"extra": [odd, {"deep": odd}]})
    made = gate(
        Verdict.PASS, "", replace(ACCURACY, low=odd, high=odd, detects=odd), planted={}, energy_j=odd, policy=policy
    )
    assert "NaN" not in as_json(made)
    assert "Infinity" not in as_json(made)
    back = result_of_json(as_json(made))
    assert (back.metrics[0].low, back.metrics[0].high, back.energy_j) == (None, None, None)


def test_what_a_later_wattbench_adds_is_passed_over() -> None:
    document = json.loads(as_json(passed()))
    document["new"] = document["metrics"][0]["newer"] = {"x": 1}
    assert result_of_json(json.dumps(document)) == passed()


def damaged(**changed: object) -> str:
    return json.dumps(json.loads(as_json(passed())) | changed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not the JSON of a wattbench gate"),
        ("[]", "not the JSON of a wattbench gate"),
        ("{}", "not the JSON of a wattbench gate"),
        ("[" * 100_000, "not the JSON of a wattbench gate"),
        (damaged(schema_version=2), "newer wattbench"),
        (damaged(schema_version=float("nan")), "not the JSON of a wattbench gate"),
        (damaged(items=None), "mine: items: .*; the file is damaged"),
        (damaged(verdict="great"), "mine: verdict: .*; the file is damaged"),
        (damaged(metrics=[{}]), "mine: metrics.0.metric: .*; the file is damaged"),
        (damaged(policy={"alpha": 2}), "mine: policy.alpha is 2: it must be a number below 0.5"),
        (json.dumps({"schema_version": 1}), "mine: key 'policy' is missing"),
    ],
)
def test_damage_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        result_of_json(text, "mine")
