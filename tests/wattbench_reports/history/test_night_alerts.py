"""What each night had to report, from its verdict on record or as it is judged now."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.made_up.night_verdicts import LESS_ACCURATE, change, history, verdict
from wattbench_reports.export.night import as_json
from wattbench_reports.history import History
from wattbench_reports.history.night_alerts import ALARM, BEYOND, Alert, NightAlerts, alerts, all_alerts
from wattbench_reports.history.night_verdict import NightVerdict

SLOW = change("beyond_all_seen", 0.8)


def kept(root: Path, nights: History, place: int, judged: NightVerdict) -> str:
    run = nights.nights[place].run
    (root / "verdicts").mkdir(exist_ok=True)
    (root / "verdicts" / f"{run}.json").write_text(as_json(judged))
    return run


def test_alarms_come_first_and_a_series_is_reported_once() -> None:
    alarmed = change("beyond_all_seen", -0.2, metric="accuracy")
    assert alerts(verdict(history(12), [LESS_ACCURATE], [alarmed, SLOW])) == (
        Alert(ALARM, "small", "", "accuracy", f"{LESS_ACCURATE.text}."),
        Alert(
            BEYOND, "small", "", "latency_p50",
            "small: latency p50 +80.0% against the previous night (2026-03-11), 500 ms → 900 ms: "
            "beyond anything seen, worse.",
        ),
    )  # fmt: skip


def test_an_earlier_night_reports_what_its_verdict_has(tmp_path: Path) -> None:
    nights = replace(history(3), root=tmp_path)
    judged = verdict(history(12), [LESS_ACCURATE], [SLOW])
    run = kept(tmp_path, nights, 1, judged)
    reported = all_alerts(nights, verdict(nights))
    assert reported[run] == NightAlerts(judged.result.headline, alerts(judged))
    assert (reported[run].count(ALARM), reported[run].count(BEYOND)) == (1, 1)
    assert not reported[nights.nights[0].run].alerts
    assert not reported[nights.nights[2].run].alerts


def test_what_stays_beyond_anything_seen_is_reported_by_the_first_night(tmp_path: Path) -> None:
    nights = replace(history(4), root=tmp_path)
    for place in (1, 2):
        kept(tmp_path, nights, place, verdict(history(12), changes=[SLOW]))
    other = change("beyond_all_seen", 0.9, system="big")
    reported = all_alerts(nights, verdict(nights, changes=[SLOW, other]))
    assert [[alert.system for alert in reported[night.run].alerts] for night in nights.nights] == [
        [], ["small"], [], ["big"],
    ]  # fmt: skip


def test_a_verdict_of_an_older_wattbench_is_read_by_its_metrics(tmp_path: Path) -> None:
    nights = replace(history(2), root=tmp_path)
    run = kept(tmp_path, nights, 0, verdict(history(12), [LESS_ACCURATE]))
    path = tmp_path / "verdicts" / f"{run}.json"
    metric = {"metric": "small · previous night · accuracy", "blocks": True, "verdict": "regressed", "reason": "Fell."}
    document = {name: value for name, value in json.loads(path.read_text()).items() if name != "night"}
    path.write_text(json.dumps(document | {"metrics": [metric, metric | {"blocks": False}]}))
    assert [alert.text for alert in all_alerts(nights, verdict(nights))[run].alerts] == ["Fell."]
