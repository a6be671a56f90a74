"""Seconds per right answer as a cost: where nothing else can be compared, or where they are asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.imports import imported_table
from tests.made_up.records import call_on
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision import decide
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.metrics.second_costs import UNTIMED
from wattbench_reports.metrics.workload import WorkloadChoice


@pytest.fixture
def run(make_run, fake):
    def make(*, joules: bool, blocks: int = 0, **changes):
        systems = [
            fake.System("quick", accuracy=0.6, latency_s=0.2, energy_j=4.0),
            fake.System("right", accuracy=0.9, latency_s=0.8, energy_j=9.0),
        ]
        if not joules:
            systems = [dataclasses.replace(each, energy_j=None) for each in systems]
        return make_run(dataclasses.replace(fake.Run(tuple(systems), items=60, blocks=blocks), **changes))

    return make


@pytest.mark.parametrize("blocks", [0, 6])
@pytest.mark.parametrize("mix", [None, "arithmetic=3,text=1"])
def test_without_joules_and_money_a_right_answer_costs_seconds(run, blocks: int, mix: str | None) -> None:
    records = run(joules=False, blocks=blocks)
    analysis = analyse(records, Assumptions(workload=WorkloadChoice(mix=mix)))
    decision = call_on(decide, analysis)
    assert (decision.unit, decision.label) == (CostUnit.SECONDS, "s")
    rows = pd.read_parquet(records.layout.items_table)
    shares = {"arithmetic": 0.75, "text": 0.25}
    for each in decision.systems:
        own = rows[rows["system"] == each.system].assign(seconds=lambda row: row["finished_s"] - row["started_s"])
        means = own.groupby("domain")[["seconds", "correct"]].mean()
        seconds, correct = (
            own[name].mean() if mix is None else sum(means[name][domain] * share for domain, share in shares.items())
            for name in ("seconds", "correct")
        )
        assert each.cost_per_request is not None and each.cost_per_correct is not None
        assert each.cost_per_request.estimate == pytest.approx(seconds)
        assert each.cost_per_request.low < seconds < each.cost_per_request.high
        assert each.cost_per_correct.estimate == pytest.approx(seconds / correct)
        assert each.cost_per_correct.low < seconds / correct < each.cost_per_correct.high


def test_joules_that_can_be_compared_come_first_unless_seconds_are_asked_for(run) -> None:
    records = run(joules=True)
    assert call_on(decide, analyse(records)).unit is CostUnit.JOULES
    assert CostUnit.SECONDS not in analyse(records).weighed.costs, "a page carries nothing in vain"
    assert (
        call_on(decide, analyse(records, Assumptions(decision=DecisionChoice(minimise="seconds")))).unit
        is CostUnit.SECONDS
    )


def test_joules_of_two_provenances_leave_seconds(run, fake) -> None:
    counted, modelled = (
        dataclasses.replace(fake.System(name, latency_s=seconds), provenance=provenance)
        for name, seconds, provenance in (("quick", 0.2, "counter"), ("right", 0.8, "modelled"))
    )
    records = run(joules=True, systems=(counted, modelled))
    assert call_on(decide, analyse(records)).unit is CostUnit.SECONDS


def imported(tmp_path: Path, started_s: list[float], untimed: int = 0) -> Analysis:
    """Import requests that take a second each; the first of b have no time."""
    lines = [
        {"system": name, "item": str(item), "score": int(item < right), "started_s": start, "seconds": 1.0}
        for name, right in (("a", 20), ("b", 35))
        for item, start in enumerate(started_s)
    ]
    for line in lines:
        if line["system"] == "b" and int(line["item"]) < untimed:
            line |= {"started_s": None, "seconds": None}
    tmp_path.mkdir(exist_ok=True)
    return analyse(imported_table(pd.DataFrame(lines), tmp_path))


def test_requests_that_overlap_have_no_cost_in_seconds(tmp_path: Path) -> None:
    in_turn, at_once = ([step * item for item in range(40)] for step in (1.0, 0.1))
    assert call_on(decide, imported(tmp_path / "turn", in_turn)).unit is CostUnit.SECONDS
    assert call_on(decide, imported(tmp_path / "once", at_once)).unit is None


def test_a_request_without_a_time_is_not_one_of_0_seconds(tmp_path: Path) -> None:
    analysis = imported(tmp_path, [1.0 * item for item in range(40)], untimed=1)
    assert analysis.weighed.costs[CostUnit.SECONDS].missing == {"b": UNTIMED}
    assert call_on(decide, analysis).unit is None


def test_under_load_there_is_no_cost_in_seconds(run) -> None:
    records = run(joules=False, batch=8)
    assert call_on(decide, analyse(records)).unit is None
