"""What each night had to report, from its verdict on record or as it is judged now."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.made_up.night_verdicts import FELL, LESS_ACCURATE, WEEKS, change, history, verdict
from wattbench_reports.export.night import as_json
from wattbench_reports.history import History
from wattbench_reports.history.night_alerts import ALARM, WORSE, Alert, alerts, all_alerts
from wattbench_reports.history.night_verdict import NightVerdict

SLOW = change(0.8)


def kept(root: Path, nights: History, place: int, judged: NightVerdict) -> str:
    run = nights.nights[place].run
    (root / "verdicts").mkdir(exist_ok=True)
    (root / "verdicts" / f"{run}.json").write_text(as_json(judged))
    return run


def test_alarms_come_first_and_a_series_is_reported_once() -> None:
    still = change(-0.2, metric="accuracy", against="best", state="still_regressed")
    assert alerts(verdict(history(12), [LESS_ACCURATE], [FELL, still, SLOW])) == (
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
    judged = verdict(history(12), [LESS_ACCURATE], [FELL, SLOW])
    run = kept(tmp_path, nights, 1, judged)
    reported = all_alerts(nights, verdict(nights))
    assert reported[run] == alerts(judged)
    assert [each.kind for each in reported[run]] == [ALARM, WORSE]
    assert not reported[nights.nights[0].run]
    assert not reported[nights.nights[2].run]


def test_what_stays_worse_is_reported_by_the_first_night(tmp_path: Path) -> None:
    nights = replace(history(4), root=tmp_path)
    for place in (1, 2):
        kept(tmp_path, nights, place, verdict(history(12), changes=[SLOW]))
    other = change(0.9, system="big")
    reported = all_alerts(nights, verdict(nights, changes=[SLOW, other]))
    assert [[alert.system for alert in reported[night.run]] for night in nights.nights] == [
        [], ["small"], [], ["big"],
    ]  # fmt: skip


def test_a_worsening_of_an_older_verdict_is_one(tmp_path: Path) -> None:
    """Older ones called it beyond anything that was seen."""
    nights = replace(history(2), root=tmp_path)
    run = kept(tmp_path, nights, 0, verdict(history(12), changes=[SLOW]))
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
