"""Write a night's verdict as JUnit XML: a test case per system, metric and comparison."""

from __future__ import annotations

from wattbench_reports.export.gate import as_junit as gate_junit
from wattbench_reports.history.night_verdict import NightVerdict


def as_junit(verdict: NightVerdict) -> str:
    """Return a test suite: an alarm fails, and what could not be decided is skipped."""
    return gate_junit(verdict.result, command="nightly")
