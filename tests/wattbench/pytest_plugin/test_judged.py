"""The verdict as a test asserts on it: what is missing never passes."""

from __future__ import annotations

import pytest

from wattbench.config import GatePolicy
from wattbench.pytest_plugin.judged import Judged
from wattbench_reports.gate.policy import policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict


def judged(overall: Verdict, **metrics: Verdict) -> Judged:
    rows = tuple(
        MetricVerdict(name, verdict, blocks=True, margin=0.1, reason=f"why {name} is so")
        for name, verdict in metrics.items()
    )
    policy = policy_of(GatePolicy())
    return Judged(GateResult(overall, "What happened.", "old", "new", "sums", (), rows, policy))


def test_metrics_are_attributes() -> None:
    one = judged(Verdict.REGRESSED, accuracy=Verdict.PASS, latency_p50=Verdict.REGRESSED)
    assert one.accuracy.verdict == "pass"
    assert one.latency_p50.verdict == "regressed"
    assert one.verdict == "regressed"
    assert not one.passed
    assert repr(one) == "<old → new: regressed. What happened.>"


@pytest.mark.parametrize(("verdict", "passes"), [(v, v in ("pass", "improved")) for v in Verdict])
def test_only_a_pass_and_an_improvement_pass(verdict: Verdict, passes: bool) -> None:
    assert judged(verdict).passed is passes


@pytest.mark.parametrize("verdict", [Verdict.NOT_MEASURED, Verdict.NOT_COMPARABLE, Verdict.ERROR])
def test_what_could_not_be_judged_fails_the_test_that_asks_for_it(verdict: Verdict) -> None:
    one = judged(verdict, joules_per_correct=verdict, accuracy=Verdict.INCONCLUSIVE)
    assert one.accuracy.verdict == "inconclusive"  # that one could be judged, and the items did not tell
    with pytest.raises(pytest.fail.Exception, match="joules_per_correct: why joules_per_correct is so"):
        _ = one.joules_per_correct
    with pytest.raises(pytest.fail.Exception, match="What happened"):
        _ = one.verdict
    assert one.result.metrics[0].verdict == verdict


def test_a_metric_outside_the_policy_fails_the_test_and_none_at_all_is_a_mistake() -> None:
    one = judged(Verdict.PASS, accuracy=Verdict.PASS)
    with pytest.raises(pytest.fail.Exception, match="does not judge latency_p95: it judges accuracy"):
        _ = one.latency_p95
    with pytest.raises(AttributeError, match="no metric 'acuracy'; there are accuracy, latency_mean"):
        _ = one.acuracy
    assert not hasattr(one, "__iter__")
