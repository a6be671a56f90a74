"""The verdict on two systems, as a test asserts on it. A metric without a figure fails the test that asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict

UNJUDGED = (Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.ERROR)
"""There is nothing to judge, which `!= "regressed"` would let through."""


@dataclass(frozen=True, repr=False)
class Judged:
    """A candidate against a baseline, by metric: `judged.accuracy.verdict`, `judged.latency_p50.change`."""

    result: GateResult
    """All of it, what could not be judged included."""

    @property
    def verdict(self) -> Verdict:
        """Of the whole gate; fails the test where there is nothing to judge."""
        __tracebackhide__ = True
        return _judged(self.result.verdict, self.result.headline)

    @property
    def passed(self) -> bool:
        """Whether the gate lets the candidate through: it passes, or is an improvement."""
        return self.result.exit_code == 0

    def __getattr__(self, name: str) -> MetricVerdict:
        """One metric's verdict.

        Raises:
            pytest.fail.Exception: the policy does not judge it, or there is nothing to judge.
        """
        __tracebackhide__ = True
        if name not in METRICS:
            raise AttributeError(f"no metric {name!r}; there are {', '.join(METRICS)}")
        found = next((each for each in self.result.metrics if each.metric == name), None)
        if found is None:
            judged = ", ".join(each.metric for each in self.result.metrics)
            raise pytest.fail.Exception(f"the gate's policy does not judge {name}: it judges {judged}")
        _judged(found.verdict, f"{name}: {found.reason}")
        return found

    def __repr__(self) -> str:
        return f"<{self.result.baseline} → {self.result.candidate}: {self.result.verdict}. {self.result.headline}>"


def _judged(verdict: Verdict, why: str) -> Verdict:
    __tracebackhide__ = True
    if verdict in UNJUDGED:
        raise pytest.fail.Exception(f"{verdict.replace('_', ' ')}: {why}")
    return verdict
