"""Latencies of two systems: one figure in all of an output, tied as joules are, and by what the machine did."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from tests.made_up.percentiles import percentile_of
from tests.made_up.records import call_on
from wattbench_reports.comparability.rules import LATENCY
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.comparison.ties import latency_leaders
from wattbench_reports.decision.latency_limit import latencies
from wattbench_reports.export.comparison.comparison_rows import plain_row
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.workload import WorkloadChoice


@pytest.fixture
def run(make_run, fake):
    systems = (
        fake.System("quick", latency_s=0.5),
        fake.System("alike", latency_s=0.5),
        fake.System("slow", latency_s=0.9),
    )
    return make_run(fake.Run(systems, items=250, blocks=8))


@pytest.mark.parametrize("mix", [None, "arithmetic=3,text=1"])
def test_a_system_has_one_p95_in_all_of_an_output(run, mix: str | None) -> None:
    """The decision read it off 201 quantiles of each domain, and tables interpolated between two requests."""
    analysis = analyse(run, Assumptions(workload=WorkloadChoice(mix=mix)))
    rows, frame = pd.read_parquet(run.layout.items_table), call_on(figures_frame, analysis)
    for limited, figures in zip(latencies(analysis.measured), analysis.comparison.systems, strict=True):
        own = rows[rows["system"] == figures.system]
        if mix is None:
            assert figures.latency_p95_s == percentile_of(own["finished_s"] - own["started_s"], 0.95)
        everywhere = frame[(frame["system"] == figures.system) & frame["domain"].isna()].iloc[0]
        shown = {
            limited.p95_s, figures.latency_p95_s, analysis.measured.systems[figures.system].latency_percentile_s(0.95),
            plain_row(figures)["latency_p95_s"], float(everywhere["latency_p95_s"]), figures.latency_tail_s,
        }  # fmt: skip
        assert len(shown) == 1
        low, high = figures.latency_p95_low_s, figures.latency_p95_high_s
        assert low is not None and high is not None
        assert low < figures.latency_p95_s < high == math.inf, "two blocks of eight have the slow ones of these runs"
        assert everywhere["latency_p95_low_s"] == low
        assert pd.isna(everywhere["latency_p95_high_s"])
        p50, row = figures.latency_interval(0.5), plain_row(figures)
        assert 0 < p50.low < p50.estimate < p50.high < math.inf
        assert (row["latency_p50_low_s"], row["latency_p50_high_s"]) == (p50.low, p50.high)
        assert row["latency_p95_high_s"] is None


def test_the_fastest_are_tied_and_a_slow_one_is_not(run) -> None:
    comparison = side_by_side([run])
    (standing,) = (each for each in comparison.ranked.standings if each.figure == LATENCY)
    assert {each.system: each.beaten for each in standing.places[1:]} in (
        {"alike": False, "slow": True},
        {"quick": False, "slow": True},
    )


def test_systems_of_different_runs_are_not_compared(run) -> None:
    pairs = LatencyPairs(analyse(run).measured.systems, {"quick": "one", "alike": "one", "slow": "another"})
    assert pairs.gap("quick", "slow") is None
    by_system = {each.system: each.beaten for each in latency_leaders(pairs, ["quick", "alike", "slow"])}
    assert by_system == {"alike": False, "slow": None}


def test_too_few_requests_are_not_compared(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b", latency_s=2.0)), items=3))
    assert LatencyPairs(analyse(run).measured.systems).gap("a", "b") is None
