"""The last nights all, then one a week, then one a month; and what is never given up."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.folder_aside import folder_aside
from wattbench.nights import Keep, KeptRun, NightsLayout, kept_runs, prune
from wattbench.nights.retention import decide
from wattbench.records import RunWriter


def night(day: date, *, finished: bool = True, machine: str = "a", run: str = "") -> KeptRun:
    name = run or f"{day:%Y%m%d}-{machine}"
    return KeptRun(name, Path(name), day, None, finished, "sums", machine)


def kept(runs: list[KeptRun], keep: Keep, never: dict[str, str] | None = None) -> list[KeptRun]:
    return [decision.run for decision in decide(runs, keep, never or {}) if decision.kept]


def test_a_year_of_nights_thins_out() -> None:
    year = [night(date(2026, 1, 1) + timedelta(days=n)) for n in range(365)]
    dates = [each.date for each in kept(year, Keep(nights=30, weeks=8))]
    assert dates[-30:] == [date(2026, 12, 2) + timedelta(days=n) for n in range(30)]
    weekly = [day for day in dates[:-30] if day >= date(2026, 10, 12)]
    assert [day for day in weekly if day.weekday() == 0] == [date(2026, 10, 12) + timedelta(weeks=n) for n in range(8)]
    assert [day for day in dates if day < date(2026, 10, 12)] == [date(2026, month, 1) for month in range(1, 11)]
    why = {decision.run.date: decision.why for decision in decide(year, Keep(30, 8), {})}
    assert why[date(2026, 12, 31)] == "among the last 30 nights"
    assert why[date(2026, 10, 19)] == "first of its week"
    assert why[date(2026, 3, 1)] == "first of its month"
    assert why[date(2026, 3, 2)] == "another night represents its week or month"


def test_the_reference_and_a_night_behind_a_change_are_kept_whatever_their_age() -> None:
    year = [night(date(2026, 1, 1) + timedelta(days=n)) for n in range(365)]
    never = {"20260115-a": "it is the reference", "20260220-a": "accuracy changed"}
    assert {"20260115-a", "20260220-a"} <= {each.run for each in kept(year, Keep(10, 2), never)}
    torn = [night(each.date, finished=each.run != "20260115-a") for each in year]
    assert "20260115-a" in {each.run for each in kept(torn, Keep(10, 2), never)}


def test_each_machine_has_weeks_of_its_own() -> None:
    runs = [night(date(2026, 1, 5) + timedelta(days=n), machine="ab"[n % 2]) for n in range(100)]
    runs.sort(key=lambda each: each.date)
    left = kept(runs, Keep(nights=3, weeks=20))
    for machine in "ab":
        weeks = {each.date.isocalendar()[:2] for each in runs if each.machine == machine}
        assert {each.date.isocalendar()[:2] for each in left if each.machine == machine} == weeks


def test_one_that_was_never_finished_goes_when_it_is_old_and_stands_for_no_week() -> None:
    runs = [night(date(2026, 1, 1) + timedelta(days=n), finished=n not in (0, 39)) for n in range(40)]
    by_date = {decision.run.date: decision for decision in decide(runs, Keep(nights=5, weeks=50), {})}
    assert not by_date[date(2026, 1, 1)].kept
    assert by_date[date(2026, 1, 2)].kept
    assert by_date[date(2026, 2, 9)].why == "not finished: it can be resumed"


days = st.lists(st.integers(0, 800), min_size=1, max_size=120, unique=True).map(sorted)


@given(days, st.integers(1, 40), st.integers(0, 60))
def test_pruning_again_deletes_nothing_more_and_every_month_keeps_a_night(
    numbers: list[int], nights: int, weeks: int
) -> None:
    runs = [night(date(2025, 1, 1) + timedelta(days=n)) for n in numbers]
    left = kept(runs, Keep(nights, weeks))
    assert kept(left, Keep(nights, weeks)) == left
    assert {(each.date.year, each.date.month) for each in left} == {(each.date.year, each.date.month) for each in runs}
    assert left[-nights:] == runs[-nights:]


@given(days, st.integers(1, 20), st.integers(0, 20), st.integers(1, 60))
def test_pruning_every_night_keeps_as_many_weeks_as_pruning_once(
    numbers: list[int], nights: int, weeks: int, every: int
) -> None:
    """What stands for a week stays its first, so that nothing is lost by pruning often."""
    runs = [night(date(2025, 1, 1) + timedelta(days=n)) for n in numbers]
    left: list[KeptRun] = []
    for place, each in enumerate(runs):
        left.append(each)
        if place % every == 0:
            left = kept(left, Keep(nights, weeks))
    assert kept(left, Keep(nights, weeks)) == kept(runs, Keep(nights, weeks))


@pytest.fixture
def three(layout: NightsLayout, make_run) -> list[Path]:
    return [make_run(layout.runs, day) for day in ("2026-03-02", "2026-03-03", "2026-03-04")]


def test_what_goes_is_gone_with_its_verdict_and_a_dry_run_deletes_nothing(
    layout: NightsLayout, three: list[Path]
) -> None:
    layout.verdicts.mkdir()
    verdict = layout.verdicts / f"{three[1].name}.json"
    verdict.write_text("{}")
    would = prune(layout, Keep(1, 0), {}, dry_run=True)
    assert [decision.kept for decision in would] == [True, False, True]
    assert len(kept_runs(layout)) == 3
    assert prune(layout, Keep(1, 0), {}, dry_run=False) == would
    assert [each.root for each in kept_runs(layout)] == [three[0], three[2]]
    assert not verdict.exists()
    assert not list(layout.aside.iterdir())


def test_a_run_that_is_being_written_is_not_touched(layout: NightsLayout, make_run, three: list[Path]) -> None:
    old = make_run(layout.runs, "2026-01-01", finished=False)
    with RunWriter(old):
        (decision, *_) = prune(layout, Keep(1, 0), {}, dry_run=False)
    assert decision.kept
    assert decision.why == "it is being written"
    assert old.is_dir()
    prune(layout, Keep(1, 0), {}, dry_run=False)
    assert not old.exists()


def test_what_the_killed_left_aside_is_cleared(layout: NightsLayout, three: list[Path]) -> None:
    (layout.aside / "x.0000.out").mkdir(parents=True)
    (layout.aside / "y.0000.in").mkdir()
    with folder_aside(layout.aside / "z.0000.in") as at_work:
        prune(layout, Keep(9, 0), {}, dry_run=False)
        assert [*layout.aside.iterdir()] == [at_work]
