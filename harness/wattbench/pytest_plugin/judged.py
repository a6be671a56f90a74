"""The verdict on two systems, as a test asserts on it. A metric without a figure fails the test that reads it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.metrics.registry import METRICS

UNJUDGED = (Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.ERROR)
"""There is nothing to judge, which an assertion such as `!= "regressed"` would let through."""


@dataclass(frozen=True, repr=False)
class Judged:
    """The verdict on a candidate, by metric: `judged.accuracy.verdict`, `judged.latency_p50.change`."""

    result: GateResult
    """All verdicts, including those of what could not be judged."""

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole gate; fails the test where there is nothing to judge."""
        __tracebackhide__ = True
        return _checked(self.result.verdict, self.result.headline)

    @property
    def passed(self) -> bool:
        """Whether the candidate may replace the baseline: the verdict is `pass` or `improved`."""
        return self.result.exit_code == 0

    def __getattr__(self, name: str) -> MetricVerdict:
        """Return one metric's verdict.

        Raises:
            pytest.fail.Exception: the policy does not judge it, or there is nothing to judge.
        """
        __tracebackhide__ = True
        if name not in METRICS:
            raise AttributeError(f"no metric {name!r}; there are {', '.join(METRICS)}")
        verdict_of_metric = next((each for each in self.result.metrics if each.metric == name), None)
        if verdict_of_metric is None:
            metrics = ", ".join(each.metric for each in self.result.metrics)
            raise pytest.fail.Exception(f"the gate's policy does not judge {name}: it judges {metrics}")
        _checked(verdict_of_metric.verdict, f"{name}: {verdict_of_metric.reason}")
        return verdict_of_metric

    def __repr__(self) -> str:
        return f"<{self.result.baseline} → {self.result.candidate}: {self.result.verdict}. {self.result.headline}>"


def _checked(verdict: Verdict, why: str) -> Verdict:
    __tracebackhide__ = True
    if verdict in UNJUDGED:
        raise pytest.fail.Exception(f"{verdict.replace('_', ' ')}: {why}")
    return verdict
