"""The money of a gate's two systems: by hand, in turns, from two runs, and in two currencies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made_up.gates import FakeGate, FakeSide, gate_policy, write_gate
from tests.made_up.prices import EUR, with_prices
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.standard_runs import recorded
from wattbench.records import RunRecords, read_run
from wattbench.records.schema.price import Price
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.evidence.model import Evidence, MoneyOfMachine, Round
from wattbench_reports.gate.evidence.money import RoundBill, Tariffs, round_bills
from wattbench_reports.gate.evidence.sessions import JudgedSystem, session_noise
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.tables.session_record import session_record

BY_TOKEN = {"input_per_million": 2.0, "output_per_million": 10.0}
BY_HOUR = {"per_machine_hour": 3.6, "utilisation": 0.5}
BLOCKING = gate_policy(metrics={"cost_per_correct": {"margin": 0.1}, "cost_per_request": {"margin": 0.1}})


def bill(price: dict[str, Any], per_joule: float = 0.0, joules: float | None = None, **usage: Any) -> RoundBill | str:
    """Bill a round of one answer in a window of 4 s."""
    record = Price.model_validate({**EUR, **price})
    row = {
        "round": 0,
        "system": "",
        "prompt_tokens": 1000,
        "cached_tokens": None,
        "output_tokens": 50,
        "seconds": 2.0,
        "share": 1,
    }
    tariffs = Tariffs(record, {}, per_joule, "EUR", "")
    return round_bills(tariffs, [row | usage], [4.0], [joules])[0]


def test_a_round_is_billed_by_hand() -> None:
    by_token = bill(BY_TOKEN)
    assert isinstance(by_token, RoundBill)
    assert by_token.answers == pytest.approx(0.002 + 0.0005)
    cached = bill({**BY_TOKEN, "cached_input_per_million": 0.5}, cached_tokens=400)
    assert isinstance(cached, RoundBill)
    assert cached.total == pytest.approx(600 * 2e-6 + 400 * 0.5e-6 + 50 * 10e-6)
    twice = bill({"per_request": 0.01}, share=0.5)
    assert isinstance(twice, RoundBill)
    assert twice.total == pytest.approx(0.005)
    by_hour = bill(BY_HOUR, per_joule=1e-4, joules=20.0)
    assert isinstance(by_hour, RoundBill)
    assert (by_hour.seconds, by_hour.joules) == pytest.approx((4.0 * 3.6 / 3600 / 0.5, 2e-3))


def test_money_that_is_not_known_says_why() -> None:
    assert bill(BY_TOKEN, output_tokens=None) == "output tokens have a price, and are not recorded of every answer"
    assert bill(BY_HOUR, per_joule=1e-4) == "its joules are paid for, and are not known"


def test_a_hybrid_pays_for_every_member_that_it_asked() -> None:
    small, large = (Price.model_validate({**EUR, "per_request": each}) for each in (0.01, 0.1))
    assert small is not None
    assert large is not None
    rows = [
        {
            "round": 0,
            "system": name,
            "prompt_tokens": 1,
            "cached_tokens": 0,
            "output_tokens": 1,
            "seconds": 1.0,
            "share": 1,
        }
        for name in ("small", "small", "large", "")
    ]
    (paid,) = round_bills(Tariffs(None, {"small": small, "large": large}, 0.0, "EUR", ""), rows, [4.0], [None])
    assert isinstance(paid, RoundBill)
    assert paid.total == pytest.approx(0.12)


def gate_of(folder: Path, prices: dict[str, Any], workload: dict[str, Any] | None = None, **changes: Any) -> RunRecords:
    return read_run(with_prices(write_gate(folder, FakeGate(**changes)), prices, workload))


def test_in_turns_money_is_of_the_rounds_answers(tmp_path: Path) -> None:
    run = gate_of(
        tmp_path, {"old": BY_TOKEN, "new": BY_TOKEN}, items=64, short=24, candidate=FakeSide("new", output_tokens=8)
    )
    found = evidence_in_turns(run, BLOCKING)
    assert (found.priced, found.currency, found.money_of_machine) == (True, "EUR", MoneyOfMachine())
    for one in found.rounds:
        assert one.money == pytest.approx((one.items * 110e-6, one.items * 140e-6))
    correct, request = judge(found, BLOCKING, suite="demo").metrics
    assert request.change == pytest.approx(30 / 110)
    assert (request.verdict, request.currency) == ("regressed", "EUR")
    assert request.baseline == pytest.approx(110e-6)
    right = sum(float(one.correct[:, 0].sum()) for one in found.rounds) / sum(one.items for one in found.rounds)
    assert correct.baseline == pytest.approx(110e-6 / right, rel=0.2), "of those items that are in whole units"


def test_systems_that_are_alike_pass_in_money(tmp_path: Path) -> None:
    run = gate_of(tmp_path, {"old": BY_TOKEN, "new": BY_TOKEN}, items=64)
    _, request = judge(evidence_in_turns(run, BLOCKING), BLOCKING, suite="demo").metrics
    assert request.verdict == "pass"
    assert request.change == 0


def test_hours_and_electricity_are_paid_for_by_the_window(tmp_path: Path) -> None:
    added = {**BY_HOUR, "electricity": "added"}
    run = gate_of(tmp_path, {"old": added, "new": added}, {"price_per_kwh": 0.36, "currency": "EUR"}, passes=2)
    found = evidence_in_turns(run, BLOCKING)
    first, row = found.rounds[0], run.rounds()[0]
    assert first.money is not None
    assert first.energy_j is not None
    window = next(each for each in run.windows() if each.window == row.windows["baseline"])
    hours = window.duration_s / 2 * 3.6 / 3600 / 0.5
    assert first.money[0] == pytest.approx(hours + first.energy_j[0] * 0.36 / 3.6e6)
    assert found.money_of_machine.seconds + found.money_of_machine.joules == pytest.approx(1.0, abs=0.01)


def test_without_prices_money_is_not_mentioned_unless_it_blocks(tmp_path: Path) -> None:
    run = gate_of(tmp_path, {"old": BY_TOKEN})
    shown = judge(evidence_in_turns(run, gate_policy()), gate_policy(), suite="demo")
    assert "cost_per_correct" not in [each.metric for each in shown.metrics]
    asked = judge(evidence_in_turns(run, BLOCKING), BLOCKING, suite="demo")
    assert {each.verdict for each in asked.metrics} == {"not_measured"}
    assert "new: it has no price" in asked.metrics[0].reason


def test_by_default_money_is_shown_and_does_not_block(tmp_path: Path) -> None:
    prices = {"old": BY_TOKEN, "new": {**BY_TOKEN, "output_per_million": 1000.0}}
    shown = judge(evidence_in_turns(gate_of(tmp_path, prices, items=64), gate_policy()), gate_policy(), suite="demo")
    cost = next(each for each in shown.metrics if each.metric == "cost_per_correct")
    assert (cost.verdict, cost.blocks) == ("regressed", False)
    assert shown.verdict != "regressed"


def test_two_currencies_are_not_compared(tmp_path: Path) -> None:
    run = gate_of(tmp_path, {"old": BY_TOKEN, "new": {**BY_TOKEN, "currency": "USD"}})
    for policy in (gate_policy(), BLOCKING):
        judged = judge(evidence_in_turns(run, policy), policy, suite="demo")
        costs = [each for each in judged.metrics if each.metric.startswith("cost")]
        assert {each.verdict for each in costs} == {"not_comparable"}
        assert "old in EUR and new in USD" in costs[0].reason


BOTH = (FakeSystem("big", weights="b" * 64), FakeSystem("small", energy_j=3.0, latency_s=0.2, weights="5" * 64))


def two(folder: Path, price: dict[str, Any], workload: dict[str, Any] | None = None) -> tuple[RunRecords, RunRecords]:
    first, second = (
        read_run(with_prices(write_run(folder, recorded(name, systems=BOTH)), {"big": price}, workload))
        for name in ("a", "b")
    )
    return first, second


def test_two_runs_need_no_session_for_tokens(tmp_path: Path) -> None:
    first, second = two(tmp_path, BY_TOKEN)
    judged = judge(evidence_of_two(first, second, BLOCKING, baseline="big", candidate="big"), BLOCKING, suite="demo")
    assert {each.verdict for each in judged.metrics} == {"pass"}


def test_two_runs_need_sessions_for_hours(tmp_path: Path) -> None:
    first, second = two(tmp_path, BY_HOUR)
    found = evidence_of_two(first, second, BLOCKING, baseline="big", candidate="big")
    assert found.money_of_machine == MoneyOfMachine(seconds=1.0)
    judged = judge(found, BLOCKING, suite="demo")
    assert {each.verdict for each in judged.metrics} == {"not_measured"}
    assert "two sessions of this machine" in judged.metrics[0].reason
    policy = replace(BLOCKING, drift=0.02)
    assumed = evidence_of_two(first, second, policy, baseline="big", candidate="big")
    assert "at most 2.0%" in assumed.measured["cost_per_request"].bounds.note
    judged = judge(assumed, policy, suite="demo")
    assert {each.verdict for each in judged.metrics} <= {"pass", "inconclusive"}


def test_money_varies_between_sessions_by_its_part_of_hours_and_joules(tmp_path: Path) -> None:
    speeds = (1.0, 1.1, 0.95, 1.2, 1.05)
    runs = [
        read_run(write_run(tmp_path, recorded(f"s{n}", systems=BOTH, speed=speed))) for n, speed in enumerate(speeds)
    ]
    record, sd = session_record(runs), float(np.log(speeds).std(ddof=1))
    big = JudgedSystem("big")
    half = session_noise(record, big, big, one_run=False, money=MoneyOfMachine(seconds=0.3, joules=0.2))
    assert half["cost_per_correct"].log_variance == pytest.approx(2 * (0.5 * sd) ** 2, rel=0.05)
    assert half["cost_per_request"].df == pytest.approx(4, rel=0.05)
    assert "cost_per_request" not in session_noise(record, big, big, one_run=False)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["cost_per_request", "cost_per_correct"])
def test_money_keeps_its_error_rates_where_few_answers_have_most_of_the_tokens(metric: str) -> None:
    """A tenth of the answers is ten times as long; the systems' lengths of one item are not the same."""
    gates, rules, shares = 150, gate_policy(metrics={metric: {"margin": 0.1}}), {}
    for worse in (1.0, 1.1, 1.25):
        rng = np.random.default_rng(11)
        verdicts = []
        for _ in range(gates):
            long = np.where(rng.random((128, 4, 1)) < 0.1, 10.0, 1.0)
            money = (long * np.exp(rng.normal(0, 0.1, (128, 4, 2))) * [1.0, worse]).sum(axis=1)
            correct = (rng.random((128, 4, 1)) < 0.6).repeat(2, axis=2).astype(float)
            rounds = [
                Round(right, np.ones((4, 2)), None, None, pair=number // 2, money=tuple(spent))
                for number, (right, spent) in enumerate(zip(correct, money.tolist(), strict=True))
            ]
            seen = Evidence("a", "b", tuple(rounds), in_turns=True, priced=True, currency="EUR")
            verdicts.append(judge(seen, rules, suite="x").verdict)
        shares[worse] = [
            sum(each in names for each in verdicts) / gates for names in (("regressed",), ("pass", "improved"))
        ]
    assert shares[1.0][0] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / gates)
    assert shares[1.1][1] <= 0.10 + 3 * np.sqrt(0.1 * 0.9 / gates)
    assert shares[1.0][1] > 0.5
    assert shares[1.1][0] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / gates)
    assert shares[1.25][0] > 0.5


def test_a_round_of_an_agent_is_billed_by_its_model_calls(tmp_path: Path) -> None:
    price = {"per_request": 0.5}
    plain = gate_of(tmp_path / "plain", {"old": price, "new": price}, rounds=2)
    agents = gate_of(tmp_path / "agents", {"old": price, "new": price}, rounds=2)
    for task in ("chain_sum", "spell_backward"):
        path = agents.layout.answers("new", task)
        lines = [json.loads(line) | {"ended": "answered", "calls": 3} for line in path.read_text().splitlines()]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    before = [each.money for each in evidence_in_turns(plain, gate_policy()).rounds]
    after = [each.money for each in evidence_in_turns(read_run(agents.layout.root), gate_policy()).rounds]
    assert after == [(ours, pytest.approx(3 * theirs)) for ours, theirs in before]


def test_tokens_of_a_failed_attempt_are_not_free(tmp_path: Path) -> None:
    run = gate_of(tmp_path, {"old": BY_TOKEN, "new": BY_TOKEN}, rounds=2)
    path = run.layout.answers("new", run.rounds()[0].items[0][0])
    failed = {"failure": "exit code 1", "prompt_tokens": None, "output_tokens": None}
    lines = [json.loads(line) | failed for line in path.read_text().splitlines()]
    for calls, priced in ((None, True), (3, False)):
        agent = {} if calls is None else {"ended": "agent", "calls": calls}
        path.write_text("".join(f"{json.dumps(line | agent)}\n" for line in lines))
        first = evidence_in_turns(read_run(run.layout.root), gate_policy()).rounds[0]
        assert (first.money is not None) == priced
