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
