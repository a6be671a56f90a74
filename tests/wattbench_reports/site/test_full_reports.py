"""Full reports: made once, kept for a while, and put into the site."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from tests.made_up.runs import FakeRun, write_run
from tests.made_up.site_history import Made, made_up
from tests.made_up.standard_runs import plain_systems
from wattbench_reports.history import Night
from wattbench_reports.site import full_reports as fullreports
from wattbench_reports.site.full_reports import KEPT, full_reports


@pytest.fixture
def made(tmp_path) -> Made:
    """A history whose last night is a real record."""
    made = made_up(tmp_path, KEPT + 4)
    root = write_run(tmp_path / "runs", FakeRun(plain_systems(), items=6))
    last = Night(root.name, root, datetime.date(2026, 3, 1), "2026-03-01T02:00:00+00:00", None, False, "demo")
    history = dataclasses.replace(made.history, nights=(*made.history.nights[:-1], last))
    return dataclasses.replace(made, history=history)


def test_the_last_night_has_its_report_in_the_site(made, tmp_path) -> None:
    found = full_reports(made.history, tmp_path / "new site")
    last = made.history.nights[-1]
    page = tmp_path / "new site" / "reports" / f"{last.run}.html"
    assert found == fullreports.FullReports(frozenset({last.run}), "")
    assert "<h1>demo</h1>" in page.read_text()


def test_a_report_is_made_once(made, tmp_path, monkeypatch) -> None:
    full_reports(made.history, tmp_path / "one")
    monkeypatch.setattr(fullreports, "report", lambda run: pytest.fail("made again"))
    assert full_reports(made.history, tmp_path / "two").runs
    assert len(list((tmp_path / "two" / "reports").iterdir())) == 1


def test_only_those_of_the_last_nights_are_kept(made, tmp_path) -> None:
    kept = tmp_path / ".index" / "reports"
    kept.mkdir(parents=True)
    nights = made.history.nights
    for night in nights[:-1]:
        (kept / f"{night.run}.html").write_text("old")
    found = full_reports(made.history, tmp_path / "site")
    assert found.runs == {night.run for night in nights[-KEPT:]}
    assert {path.stem for path in kept.iterdir()} == found.runs
    assert {path.stem for path in (tmp_path / "site" / "reports").iterdir()} == found.runs


def test_a_night_that_cannot_be_reported_says_why(made, tmp_path) -> None:
    last = made.history.nights[-1]
    (last.root / "finished.json").unlink()
    found = full_reports(made.history, tmp_path / "site")
    assert found.runs == frozenset()
    assert "not finished" in found.missing_reason
