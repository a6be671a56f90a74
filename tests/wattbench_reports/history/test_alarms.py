"""What the last night raises: changes of level for the worse that it is the first to show."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.made_up.history_of_figures import day, history_of
from wattbench.records.schema.gate import Waiver
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy, Rule
from wattbench_reports.history import Alarm, alarms

NIGHTS, AT = 46, 40
WAIVER = Waiver(metric="latency_p50", reason="known", until=datetime.date(2027, 1, 1))


def stepped(by: float, count: int = NIGHTS, at: int = AT, seed: int = 1) -> np.ndarray:
    figures = 0.5 * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, count))
    figures[at:] *= 1 + by
    return figures


def raised(metric: str, figures: np.ndarray, policy: Policy = NIGHT_POLICY, **more: Any) -> dict[int, list[Alarm]]:
    """The alarms of each night since the step, by its number from 1; nights without one are left out."""
    nights = {
        count: list(alarms(history_of({("a", "text", metric): figures[:count]}, **more), policy))
        for count in range(AT, len(figures) + 1)
    }
    return {count: own for count, own in nights.items() if own}


@pytest.mark.slow
def test_a_change_is_raised_on_the_night_that_first_shows_it_and_not_again() -> None:
    ((shown, [alarm]),) = raised("latency_p50", stepped(0.3)).items()
    assert shown == AT + 3
    assert (alarm.system, alarm.domain, alarm.metric) == ("a", "text", "latency_p50")
    assert (alarm.change.date, alarm.change.shown, alarm.change.nights) == (day(AT), day(AT + 2), 3)


@pytest.mark.slow
def test_a_smaller_change_takes_more_nights_and_one_within_the_margin_none() -> None:
    first = {by: min(raised("latency_p50", stepped(by, 60)), default=0) for by in (0.05, 0.15, 0.3, 2.5)}
    assert first[0.05] == 0
    assert AT + 2 <= first[2.5] <= first[0.3] < first[0.15] <= AT + 6


@pytest.mark.parametrize(
    ("metric", "by", "more", "policy"),
    [
        ("latency_p50", -0.3, {}, NIGHT_POLICY),
        ("output_tokens", 0.3, {}, NIGHT_POLICY),
        ("latency_p95", 0.3, {}, NIGHT_POLICY),
        ("joules_per_request", 0.3, {"provenance": "counter+modelled"}, NIGHT_POLICY),
        ("latency_p50", 0.3, {}, Policy((Rule("latency_p50", 0.1, blocks=False),))),
        ("latency_p50", 0.3, {}, replace(NIGHT_POLICY, waivers=(WAIVER,))),
    ],
    ids=["better", "tokens", "not in the policy", "modelled", "does not block", "waived"],
)
def test_what_raises_no_alarm(metric: str, by: float, more: dict[str, str], policy: Policy) -> None:
    assert not raised(metric, stepped(by), policy, **more)


def test_modelled_joules_raise_one_where_the_policy_judges_them() -> None:
    policy = replace(NIGHT_POLICY, judge_modelled=True)
    assert len(raised("joules_per_request", stepped(0.3), policy, provenance="modelled")) == 1


def test_a_waiver_that_has_run_out_lets_nothing_through() -> None:
    past = replace(NIGHT_POLICY, waivers=(WAIVER.model_copy(update={"until": datetime.date(2026, 1, 31)}),))
    assert len(raised("latency_p50", stepped(0.3), past)) == 1


def test_either_direction_counts_where_the_policy_says_so() -> None:
    either = Policy((Rule("latency_p50", 0.1, either=True),))
    assert len(raised("latency_p50", stepped(-0.3), either)) == 1


def test_no_nights_no_alarms() -> None:
    assert alarms(history_of({("a", "", "latency_p50"): np.ones(1)}, gaps=(0,))) == ()


@pytest.mark.slow
def test_golden_sentences(golden) -> None:
    accuracy = np.full(NIGHTS, 0.6)
    accuracy[AT:] = 0.45
    said = [
        alarm.text
        for metric, figures in (
            ("latency_p50", stepped(0.16)), ("joules_per_request", 40 * stepped(0.6)), ("accuracy", accuracy),
        )
        for some in raised(metric, figures, provenance="rapl").values()
        for alarm in some
    ]  # fmt: skip
    assert len(said) == 3
    golden("alarms.txt", "\n".join(said) + "\n")
