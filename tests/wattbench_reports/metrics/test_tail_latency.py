"""The tail is the highest percentile that the requests support, and a table shows one for all of its systems."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.percentiles import percentile_of
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.metrics.latencies import Latencies
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.tail_latency import SHARES, above_median, common_tail, tail_share
from wattbench_reports.stats.percentiles import needed


def measures(requests: int) -> Measures:
    return Measures(
        "a", requests, requests, None, Latencies(lambda: np.arange(float(requests))), None, 0, None, None, ""
    )


@pytest.mark.parametrize(
    ("requests", "label"), [(0, None), (6, None), (7, "p50"), (43, "p50"), (44, "p90"), (89, "p90"), (90, "p95")]
)
def test_the_tail_is_the_highest_percentile_that_is_supported(requests: int, label: str | None) -> None:
    figures = measures(requests)
    tail = figures.tail
    assert (None if tail is None else tail.label) == label
    if tail is not None:
        assert tail.requests == requests
        assert tail.seconds == pytest.approx(percentile_of(figures.latency_s.sorted_s(), tail.share))
    for share in SHARES:
        assert (figures.latency_percentile_s(share) is None) == (requests < needed(share))


@given(st.lists(st.integers(0, 200)))
def test_every_system_with_a_tail_supports_the_one_of_the_table(requests: list[int]) -> None:
    shares = [tail_share(number) for number in requests]
    common = common_tail(shares)
    assert (common is None) == all(number < 7 for number in requests)
    if common is not None:
        supported = [number for number, share in zip(requests, shares, strict=True) if share is not None]
        assert all(number >= needed(common) for number in supported)
        assert all(min(supported) < needed(share) for share in SHARES if share > common), "else it would be higher"


def test_a_tail_above_the_median_is_not_the_p50() -> None:
    assert [above_median(share) for share in (None, 0.5, 0.9, 0.95)] == [None, None, 0.9, 0.95]


@pytest.mark.parametrize(("items", "percentile"), [(6, None), (30, "p50"), (60, "p90"), (100, "p95")])
def test_a_comparison_states_what_is_supported_and_names_it(make_run, fake, items: int, percentile: str | None) -> None:
    run = dataclasses.replace(fake.Run((fake.System("a"),), (("t", "d"),), items=items), id=f"t{items}")
    comparison = compare(make_run(run))
    (row,) = comparison.systems
    assert row.latency_tail_percentile == percentile
    assert row.latency_tail_s == (None if percentile is None else getattr(row, f"latency_{percentile}_s"))
    assert (row.latency_p95_s is not None) == (items >= 90)
    assert comparison.tail_share == (None if items < 44 else 0.9 if items < 90 else 0.95)
    said = [caveat.text for caveat in comparison.caveats if caveat.code == "few-requests"]
    assert said == ([] if items >= 90 else [
        f"The highest latency percentile that the requests support is {percentile or 'none'} (a): a p95 needs 90 "
        "requests, a p90 44 and a p50 7."
    ])  # fmt: skip
