"""Assumptions as the options that the command line takes."""

from __future__ import annotations

from pathlib import Path

from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.workload import WorkloadChoice


def test_as_in_the_suite_needs_no_option() -> None:
    assert Assumptions() == AS_IN_SUITE
    assert AS_IN_SUITE.as_options() == AS_IN_SUITE.as_report_options() == []


def test_only_the_report_replays_routers() -> None:
    assumptions = Assumptions(CarbonChoice("FRA"), WorkloadChoice("a=1,b=2", 5e5, 0.25), Path("my routes.csv"))
    shared = ["--region", "FRA", "--mix", "a=1,b=2", "--requests", "500000", "--price", "0.25"]
    assert assumptions.as_options() == shared
    assert assumptions.as_report_options() == ["--routes", "my routes.csv", *shared]


def test_prices_are_options_one_for_each_system() -> None:
    prices = ("a:per_request=1,currency=USD", "b:output_per_million=2,currency=USD")
    assumptions = Assumptions(workload=WorkloadChoice(price_per_kwh=0.25, currency="USD"), prices=prices)
    assert assumptions.as_options() == [
        "--price", "0.25", "--currency", "USD", "--system-price", prices[0], "--system-price", prices[1],
    ]  # fmt: skip
