"""A whole night's verdict: a function of its alarms and of the bounds of what blocks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.night_verdicts import (
    FELL,
    LESS_ACCURATE,
    NIGHTS,
    SHARED,
    SLOWER,
    WEEKS,
    change,
    difference,
    history,
    too_few,
    verdict,
)
from wattbench_reports.export.night import as_json
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.history import Alarm, History, NightChange
from wattbench_reports.history.night_verdict import (
    ALARM,
    WORSE,
    Alert,
    NightVerdict,
    alerts,
    all_alerts,
    worsenings_to_see,
)

SLOW = change(0.5, note="an alarm takes 3 such nights")
STILL = change(0.5, against="best", state="still_regressed", note="changed on 2026-03-05; a later reference accepts it")
OPEN = change(0.02, 0.35)
MUCH_SLOWER = change(0.8)


def judged(nights: int, changes: Sequence[NightChange] = (), alarms: Sequence[Alarm] = ()) -> GateResult:
    return verdict(history(nights), alarms, changes).result


def test_the_first_night_has_no_verdict() -> None:
    result = judged(1)
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == (
        "The night of 2026-03-01 is the first of its suite here: there is no earlier night to compare it with yet."
    )


def test_a_night_passes_where_every_worsening_by_a_margin_is_ruled_out() -> None:
    result = judged(12, [change(), change(-0.5), change(metric="accuracy")])
    assert (result.verdict, result.exit_code) == (Verdict.PASS, 0)
    assert result.headline == (
        "The night of 2026-03-12 passes: of every judged metric, a worsening by its margin is ruled out."
    )


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (OPEN, "small latency p50 is +2.0% [−33.0, +37.0] against the last four weeks, margin 10.0%; only +45.0% would "
               "show"),
        (change(-0.02, 0.05, metric="accuracy"),
         "small accuracy is −2.0 points [−7.0, +3.0] against the last four weeks, margin 5.0 points; only −10.0 points "
         "would show"),
        (SLOW, "small latency p50 is +50.0% [+47.0, +53.0] against the last four weeks; an alarm takes 3 such nights"),
        (change(0.5),
         "small latency p50 is +50.0% [+47.0, +53.0] against the last four weeks, beyond the margin of 10.0%"),
        (change(0.5, note=SHARED), "small latency p50 is +50.0% [+47.0, +53.0] against the last four weeks; others on "
                                   "this machine moved with it"),
        (change(0.11, 0.04, against="best", note="it creeps: +9.2% since 2026-01-12"),
         "small latency p50 is +11.0% [+7.0, +15.0] against the best stretch; it creeps: +9.2% since 2026-01-12"),
        (change(0.1, None, **too_few(2)), "small latency p50 has too few nights (2 of 4 before this one)"),
        (change(None, None, state="not_comparable", note="other items, machine or meters"),
         "small latency p50 cannot be compared: other items, machine or meters"),
        (change(None, None, state="not_measured", label="2026-03-11"),
         "small latency p50 was measured on 2026-03-11, and not this night"),
    ],
    ids=lambda each: getattr(each, "state", ""),
)  # fmt: skip
def test_what_keeps_a_night_from_passing_is_said_first(left: NightChange, why: str) -> None:
    result = judged(12, [left, change()])
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == f"The night of 2026-03-12 does not pass: {why}."
    more = judged(12, [left, left, left, change()])
    assert "(and 2 more)" in more.headline or left.state == "worse"  # of a series a worsening counts once


def test_where_no_metric_has_enough_nights_there_is_no_verdict() -> None:
    result = judged(3, [change(0.1, None, **too_few(2)), change(0.0, None, metric="accuracy", **too_few(2))])
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline == "The night of 2026-03-03 has no verdict: too few nights (2 of 4 before this one)."


def test_a_night_that_cannot_be_compared_says_so() -> None:
    result = judged(2, [change(None, None, state="not_comparable", note="other items, machine or meters")])
    assert (result.verdict, result.exit_code) == (Verdict.NOT_COMPARABLE, 2)
    assert result.headline == (
        "The night of 2026-03-02 cannot be compared with any earlier night: other items, machine or meters."
    )


def test_a_night_without_a_judged_metric_does_not_pass() -> None:
    result = judged(9, [change(blocks=False)])
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert result.headline.endswith("has no figure to judge: no metric of the policy was measured.")


def test_an_alarm_is_a_regression_and_so_is_what_it_left() -> None:
    one, two = judged(12, [FELL], [LESS_ACCURATE]), judged(12, [FELL, change()], [LESS_ACCURATE, SLOWER])
    assert (one.verdict, two.verdict, one.exit_code) == (Verdict.REGRESSED, Verdict.REGRESSED, 1)
    assert one.headline == f"The night of 2026-03-12 raises an alarm: {LESS_ACCURATE.text}."
    assert two.headline == f"The night of 2026-03-12 raises 2 alarms, first: {LESS_ACCURATE.text}."
    still = judged(13, [STILL, change()])
    assert (still.verdict, still.exit_code) == (Verdict.REGRESSED, 1)
    assert still.headline == (
        "The night of 2026-03-13 is still regressed: small latency p50 is +50.0% [+47.0, +53.0] against the best "
        "stretch; changed on 2026-03-05; a later reference accepts it."
    )


def test_an_alarm_of_a_domain_is_a_metric_of_its_own() -> None:
    result = judged(12, [FELL, change(blocks=False)], [LESS_ACCURATE, SLOWER])
    assert [(each.metric, each.verdict) for each in result.metrics if each.blocks] == [
        ("big · text · since 2026-03-09 · latency_p50", Verdict.REGRESSED),
        ("small · last four weeks · accuracy", Verdict.REGRESSED),
    ]


def test_what_does_not_block_has_no_say() -> None:
    unjudged = change(0.5, state="not_judged", blocks=False)
    result = judged(12, [unjudged, change()])
    assert result.verdict is Verdict.PASS
    assert [(each.verdict, each.blocks) for each in result.metrics] == [
        (Verdict.REGRESSED, False), (Verdict.PASS, True),
    ]  # fmt: skip
    assert worsenings_to_see([unjudged]) == []


def test_of_a_series_the_first_worsening_is_listed_once() -> None:
    again = change(0.4, against="reference")
    other = change(0.3, system="big")
    assert worsenings_to_see((SLOW, again, other, change(-0.5, metric="accuracy", state="better"))) == [SLOW, other]


def test_notes_are_those_of_the_history() -> None:
    assert verdict(history(2, ["small could not be read: damaged"])).result.notes == (
        "small could not be read: damaged",
    )


@pytest.mark.parametrize("name", NIGHTS)
def test_a_headline_has_at_most_30_words(name: str) -> None:
    assert len(NIGHTS[name].result.headline.split()) <= 30


def test_what_changed_is_no_reason() -> None:
    nights = history(12)
    assert verdict(nights, changes=[change()], differences=[difference(nights)]).result.verdict is Verdict.PASS


def kept(root: Path, nights: History, place: int, judged: NightVerdict) -> str:
    run = nights.nights[place].run
    (root / "verdicts").mkdir(exist_ok=True)
    (root / "verdicts" / f"{run}.json").write_text(as_json(judged))
    return run


def test_alarms_come_first_and_a_series_is_reported_once() -> None:
    still = change(-0.2, metric="accuracy", against="best", state="still_regressed")
    assert alerts(verdict(history(12), [LESS_ACCURATE], [FELL, still, MUCH_SLOWER])) == (
        Alert(ALARM, "small", "", "accuracy", f"{LESS_ACCURATE.text}."),
        Alert(
            WORSE, "small", "", "latency_p50",
            f"small: latency p50 +80.0% [+77.0, +83.0] against the last four weeks ({WEEKS}), 500 ms → 900 ms: worse.",
        ),
    )  # fmt: skip


def test_what_is_not_judged_is_no_alert() -> None:
    assert alerts(verdict(history(12), changes=[change(0.8, state="not_judged", blocks=False)])) == ()


def test_an_earlier_night_reports_what_its_verdict_has(tmp_path: Path) -> None:
    nights = replace(history(3), root=tmp_path)
    judged = verdict(history(12), [LESS_ACCURATE], [FELL, MUCH_SLOWER])
    run = kept(tmp_path, nights, 1, judged)
    reported = all_alerts(nights, verdict(nights))
    assert reported[run] == alerts(judged)
    assert [each.kind for each in reported[run]] == [ALARM, WORSE]
    assert not reported[nights.nights[0].run]
    assert not reported[nights.nights[2].run]


def test_what_stays_worse_is_reported_by_the_first_night(tmp_path: Path) -> None:
    nights = replace(history(4), root=tmp_path)
    for place in (1, 2):
        kept(tmp_path, nights, place, verdict(history(12), changes=[MUCH_SLOWER]))
    other = change(0.9, system="big")
    reported = all_alerts(nights, verdict(nights, changes=[MUCH_SLOWER, other]))
    assert [[alert.system for alert in reported[night.run]] for night in nights.nights] == [
        [], ["small"], [], ["big"],
    ]  # fmt: skip


def test_a_worsening_of_an_older_verdict_is_one(tmp_path: Path) -> None:
    """Older ones called it beyond anything that was seen."""
    nights = replace(history(2), root=tmp_path)
    run = kept(tmp_path, nights, 0, verdict(history(12), changes=[MUCH_SLOWER]))
    path = tmp_path / "verdicts" / f"{run}.json"
    path.write_text(path.read_text().replace('"kind": "worse"', '"kind": "beyond_all_seen"'))
    assert "beyond_all_seen" in path.read_text()
    reported = all_alerts(nights, verdict(nights))[run]
    assert [(each.kind, each.metric) for each in reported] == [(WORSE, "latency_p50")]


def test_a_verdict_of_an_older_wattbench_is_read_by_its_metrics(tmp_path: Path) -> None:
    nights = replace(history(2), root=tmp_path)
    run = kept(tmp_path, nights, 0, verdict(history(12), [LESS_ACCURATE]))
    path = tmp_path / "verdicts" / f"{run}.json"
    metric = {"metric": "small · previous night · accuracy", "blocks": True, "verdict": "regressed", "reason": "Fell."}
    document = {name: value for name, value in json.loads(path.read_text()).items() if name != "night"}
    path.write_text(json.dumps(document | {"metrics": [metric, metric | {"blocks": False}]}))
    assert [alert.text for alert in all_alerts(nights, verdict(nights))[run]] == ["Fell."]
