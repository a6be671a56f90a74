"""A whole night's verdict: alarms make it, inconclusive nights don't, and what could not be compared is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from wattbench_reports.export.gate import as_junit, as_markdown
from wattbench_reports.export.night_text import night_text
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history import Alarm, Change, Drift, History, Night
from wattbench_reports.history.night_verdict import night_result

POLICY = Policy(rules=(Rule("accuracy", 0.05), Rule("latency_p50", 0.1)))


def nights(number: int) -> History:
    own = tuple(
        Night(
            f"run-{n}", Path(f"runs/run-{n}"), date(2026, 3, n), f"2026-03-{n:02d}T02:00:00+00:00", None, False, "sums"
        )
        for n in range(1, number + 1)
    )
    return History(Path("nights"), own, pd.DataFrame(columns=["run", "system"]), None, notes=())


def result(verdict: Verdict, *, notes: tuple[str, ...] = ()) -> GateResult:
    metrics = (
        MetricVerdict("accuracy", verdict, True, 0.05, f"It is {verdict.value}.", 0.8, 0.6, -0.2, items=40),
        MetricVerdict("latency_p50", Verdict.INCONCLUSIVE, True, 0.1, "Too few items.", 0.5, 0.51, 0.02, items=40),
    )
    return GateResult(verdict, "…", "a", "a", "sums", ("run-1", "run-2"), metrics, POLICY, items=40, notes=notes)


def alarm(of: GateResult) -> Alarm:
    text = "small: accuracy is 20.0 points lower (60.0%, was 80.0%) than in the previous night, 2026-03-01"
    return Alarm("previous", "small", "", "accuracy", text, result=of)


CHANGE = Alarm(
    "change", "big", "text", "latency_p50",
    "big, text: latency p50 rose by 12.0% on 2026-03-02, from 500 ms to 560 ms (p < .001 over all series)",
    change=Change(date(2026, 3, 2), "run-2", 0.5, 0.56, 0.12, 0.0004),
)  # fmt: skip


def judged(history: History, alarms: tuple[Alarm, ...], drift: Drift) -> GateResult:
    return night_result(history, alarms, drift)


def test_the_first_night_has_no_verdict() -> None:
    told = judged(nights(1), (), Drift(POLICY))
    assert (told.verdict, told.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert told.headline == (
        "The night of 2026-03-01 is the first of its suite here: there is no earlier night to compare it with yet."
    )


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.IMPROVED, Verdict.INCONCLUSIVE])
def test_a_night_without_an_alarm_passes(verdict: Verdict) -> None:
    told = judged(nights(2), (), Drift(POLICY, previous={"small": result(verdict)}))
    assert (told.verdict, told.exit_code) == (Verdict.PASS, 0)
    assert not any(metric.blocks for metric in told.metrics)


def test_nothing_that_can_be_compared_is_no_pass() -> None:
    apart = result(Verdict.NOT_COMPARABLE)
    apart = replace(apart, metrics=(apart.metrics[0],))
    told = judged(nights(2), (), Drift(POLICY, previous={"small": apart}))
    assert (told.verdict, told.exit_code) == (Verdict.NOT_COMPARABLE, 2)
    assert told.headline == "The night of 2026-03-02 cannot be compared with any earlier night: It is not_comparable."


def test_a_comparison_that_failed_is_no_pass_and_is_noted() -> None:
    told = judged(nights(2), (), Drift(POLICY, notes=("small could not be held against it: damaged",)))
    assert told.exit_code == 2
    assert told.notes == ("small could not be held against it: damaged",)


def test_only_what_an_alarm_rests_on_blocks() -> None:
    worse = result(Verdict.REGRESSED)
    drift = Drift(POLICY, previous={"big": worse, "small": worse}, reference={"small": worse})
    told = judged(nights(2), (alarm(worse), CHANGE), drift)
    assert (told.verdict, told.exit_code) == (Verdict.REGRESSED, 1)
    assert [metric.metric for metric in told.metrics if metric.blocks] == [
        "big · text · since 2026-03-02 · latency_p50", "small · previous night · accuracy",
    ]  # fmt: skip
    junit = as_junit(told)
    assert 'failures="2" errors="0"' in junit
    assert "raises 2 alarms, of which" in as_markdown(told)


@pytest.mark.parametrize(
    ("name", "history", "alarms", "drift"),
    [
        ("first", nights(1), (), Drift(POLICY)),
        (
            "no-alarm",
            nights(2),
            (),
            Drift(
                POLICY,
                previous={"big": result(Verdict.PASS), "small": result(Verdict.REGRESSED)},
                reference={"big": result(Verdict.INCONCLUSIVE), "small": result(Verdict.NOT_COMPARABLE)},
                notes=("tiny could not be compared with the night of 2026-03-01: its record is damaged",),
            ),
        ),
        (
            "alarm",
            nights(2),
            (alarm(result(Verdict.REGRESSED)),),
            Drift(POLICY, previous={"small": result(Verdict.REGRESSED)}),
        ),
        (
            "alarms",
            nights(2),
            (alarm(result(Verdict.REGRESSED)), CHANGE),
            Drift(POLICY, previous={"big": result(Verdict.PASS), "small": result(Verdict.REGRESSED)}),
        ),
    ],
)
def test_text(name: str, history: History, alarms: tuple[Alarm, ...], drift: Drift, golden) -> None:
    told = night_text(judged(history, alarms, drift), alarms, drift)
    golden(f"night-{name}.txt", told)
