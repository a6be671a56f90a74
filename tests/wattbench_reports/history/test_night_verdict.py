"""A whole night's verdict: only an alarm fails, and where nothing could have been found it does not pass."""

from __future__ import annotations

import pytest

from tests.made_up.night_verdicts import LESS_ACCURATE, POLICY, SLOWER, change, history
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.history import Alarm, Drift, History, NightChange
from wattbench_reports.history.night_verdict import night_result, unseen

EARLY = "too few nights (4 of 10): nothing could have been found"


def judged(nights: History, alarms: tuple[Alarm, ...] = (), changes: tuple[NightChange, ...] = ()) -> GateResult:
    return night_result(nights, alarms, Drift(POLICY), changes)


def test_the_first_night_has_no_verdict() -> None:
    result = judged(history(1))
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == (
        "The night of 2026-03-01 is the first of its suite here: there is no earlier night to compare it with yet."
    )


@pytest.mark.parametrize("state", ["changed", "not_distinguishable"])
def test_a_night_without_an_alarm_passes_where_one_could_have_been_raised(state: str) -> None:
    result = judged(history(12), changes=(change(state), change("too_few_nights", note=EARLY)))
    assert (result.verdict, result.exit_code) == (Verdict.PASS, 0)
    assert not any(metric.blocks for metric in result.metrics)


def test_where_nothing_could_have_been_found_it_does_not_pass() -> None:
    result = judged(history(4), changes=(change("too_few_nights", note=EARLY), change("not_comparable", None)))
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == f"The night of 2026-03-04 has no verdict: {EARLY}."


def test_a_threefold_slowdown_in_the_fifth_night_is_in_the_headline_with_its_size() -> None:
    slow = change("beyond_all_seen", 2.42, note="too few nights (5 of 10): nothing could have been found")
    result = judged(history(5), changes=(slow, change("too_few_nights", metric="accuracy", note=EARLY)))
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == (
        "The night of 2026-03-05 raises no alarm, as there are too few nights (5 of 10), but a figure is worse than "
        "anything seen before: small latency p50 +242.0% against the previous night."
    )
    assert result.metrics[0].verdict is Verdict.REGRESSED
    assert not result.metrics[0].blocks


def test_a_worsening_beyond_anything_seen_keeps_any_night_from_passing() -> None:
    changes = (change("beyond_all_seen", 0.9), change("beyond_all_seen", 0.8, system="big"), change())
    result = judged(history(40), changes=changes)
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert "but 2 figures are worse than anything seen before: first of all small latency p50 +90.0%" in result.headline


def test_a_betterment_beyond_anything_seen_passes() -> None:
    assert judged(history(40), changes=(change("beyond_all_seen", -0.5), change())).verdict is Verdict.PASS


def test_nothing_that_can_be_compared_is_no_pass() -> None:
    result = judged(history(2), changes=(change("not_comparable", None, note="other items, machine or meters"),))
    assert (result.verdict, result.exit_code) == (Verdict.NOT_COMPARABLE, 2)
    assert result.headline == (
        "The night of 2026-03-02 cannot be compared with any earlier night: other items, machine or meters."
    )


def test_what_could_not_be_read_is_noted() -> None:
    drift = Drift(POLICY, notes=("small could not be compared: damaged",))
    assert night_result(history(2), (), drift, ()).notes == ("small could not be compared: damaged",)


def test_only_what_an_alarm_rests_on_blocks() -> None:
    changes = (change("changed", -0.2, metric="accuracy"), change("changed", 0.5), change(system="big"))
    result = judged(history(12), (LESS_ACCURATE, SLOWER), changes)
    assert (result.verdict, result.exit_code) == (Verdict.REGRESSED, 1)
    assert [metric.metric for metric in result.metrics if metric.blocks] == [
        "big · text · since 2026-03-12 · latency_p50", "small · previous night · accuracy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (change(low=-0.02, high=0.04), Verdict.PASS),
        (change(low=-0.02, high=0.14), Verdict.INCONCLUSIVE),
        (change(), Verdict.INCONCLUSIVE),
        (change(size=-0.01, metric="accuracy", low=-0.04, high=0.02), Verdict.PASS),
        (change(size=-0.01, metric="accuracy", low=-0.06, high=0.02), Verdict.INCONCLUSIVE),
        (change("changed", 0.1, low=0.05, high=0.15), Verdict.REGRESSED),
        (change("changed", 0.1, metric="accuracy", low=0.05, high=0.15), Verdict.IMPROVED),
        (change("too_few_nights", note=EARLY), Verdict.INCONCLUSIVE),
        (change("not_comparable", None), Verdict.NOT_COMPARABLE),
        (change("beyond_all_seen", -0.5), Verdict.IMPROVED),
        (change("alarm", 0.5), Verdict.REGRESSED),
    ],
)
def test_a_metric_passes_only_where_its_interval_is_within_the_margin(given: NightChange, verdict: Verdict) -> None:
    (metric,) = judged(history(12), changes=(given,)).metrics
    assert metric.verdict is verdict
    assert metric.reason.startswith(f"small: {'accuracy' if given.metric == 'accuracy' else 'latency p50'}")


def test_of_a_series_the_biggest_worsening_is_listed_once() -> None:
    small = change("beyond_all_seen", 0.8)
    again = change("beyond_all_seen", 0.7, against="reference")
    other = change("beyond_all_seen", 0.6, system="big")
    assert unseen((small, again, other, change("beyond_all_seen", -0.5, metric="ttft"))) == [small, other]
