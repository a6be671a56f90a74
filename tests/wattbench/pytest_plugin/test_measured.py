"""What a test may assert on, and what it may not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wattbench.pytest_plugin.measured import Measured
from wattbench_reports.metrics.latencies import Latencies
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.stats import Interval

JOULES = Interval(2.0, 1.5, 3.0)


def measured(
    *,
    provenance: str = "counter",
    modelled: bool = False,
    requests: int = 100,
    j_per_request: Interval | None = JOULES,
    j_per_correct: Interval | None = JOULES,
    judged: Validity | None = None,
) -> Measured:
    figures = Measures(
        system="small",
        items=requests,
        requests=requests,
        accuracy=Interval(0.5, 0.4, 0.6),
        latency_s=Latencies(lambda: np.linspace(0.0, 1.0, requests)),
        output_tokens=None,
        unmetered=0,
        j_per_request=j_per_request,
        j_per_correct=j_per_correct,
        provenance=provenance,
    )
    return Measured("small", "generalist", Path("run"), modelled, figures, judged or Validity("small", 1, 0, ()))


def test_measured_figures_are_those_of_the_analysis() -> None:
    one = measured()
    assert one.joules_per_request == one.joules_per_correct == JOULES
    assert one.latency_p50_s == pytest.approx(49 / 99)
    assert one.latency_p95_s == pytest.approx(94 / 99)
    assert one.valid
    assert repr(one) == (
        "<small: accuracy 50.0% [40.0, 60.0], 2.00 [1.50, 3.00] J per correct (counter), p50 495 ms, 100 items>"
    )


@pytest.mark.parametrize("figure", ["joules_per_request", "joules_per_correct"])
@pytest.mark.parametrize(
    ("provenance", "said"), [("modelled", "modelled, not measured"), ("counter+modelled", "partly modelled")]
)
def test_modelled_joules_fail_the_test_that_does_not_allow_them(figure: str, provenance: str, said: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=said):
        getattr(measured(provenance=provenance), figure)
    assert getattr(measured(provenance=provenance, modelled=True), figure) == JOULES


@pytest.mark.parametrize("figure", ["joules_per_request", "joules_per_correct"])
@pytest.mark.parametrize("modelled", [False, True])
def test_joules_that_are_missing_fail_it_whatever_it_allows(figure: str, modelled: bool) -> None:
    nothing = Validity("small", 2, 2, (("throttled", 2),))
    one = measured(provenance="", modelled=modelled, j_per_request=None, j_per_correct=None, judged=nothing)
    with pytest.raises(pytest.fail.Exception, match=r"small: .* not measured: 2 of 2 windows not valid .throttled: 2."):
        getattr(one, figure)
    assert not one.valid


def test_a_price_per_right_answer_takes_a_right_answer() -> None:
    one = measured(j_per_correct=None)
    assert one.joules_per_request == JOULES
    with pytest.raises(pytest.fail.Exception, match="none of its metered answers is correct"):
        _ = one.joules_per_correct


def test_a_p95_of_few_requests_fails_the_test_that_asks_for_it() -> None:
    few = measured(requests=89)
    with pytest.raises(
        pytest.fail.Exception,
        match="a p95 needs 90 requests, and there are 89: measure more items, or use latency_tail, which is a p90 here",
    ):
        _ = few.latency_p95_s
    assert (few.latency_tail.label, few.latency_tail.seconds) == ("p90", pytest.approx(80 / 88))


@pytest.mark.parametrize("figure", ["latency_p50_s", "latency_tail"])
def test_no_percentile_is_stated_of_fewer_than_seven_requests(figure: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"a p50 needs 7 requests, and there are 6: measure more items$"):
        getattr(measured(requests=6), figure)
