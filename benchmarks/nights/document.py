"""Write the figures as tables of docs/data."""

from __future__ import annotations

from benchmarks.nights.figures import NightFigures
from benchmarks.nights.machines import SIZES, Machines
from benchmarks.shares import Share
from benchmarks.written_tables import RATE_COLUMNS, Table, rate_row

MOST_ALARMED = 0.05
"""Limit of years without a change."""
OWN_NOISE = ("constant", "alike .5", "Student's t, 3 degrees of freedom", "tripled from night 120 on")
"""Worlds in which the stated assumption holds, or fails for a few nights."""
ALARMED = "a year without a change raises an alarm"


def tables(figures: NightFigures) -> tuple[Table, ...]:
    """Return the rates of nights, and those of gates of two nights as two records."""
    of = figures.machines
    made = (
        f"Made by tox -e calibration. Real machines: Azure VM Noise Dataset 2024 (CC-BY 4.0), {of.series} series, "
        f"{of.nights:,} nights, {of.years:.0f} series-years"
    )
    years = [
        _row(ALARMED, f"{each.world}, {each.noise:.0%} noise, {each.systems} system{'s' if each.systems > 1 else ''}",
             each.world in OWN_NOISE, each.alarmed, each.years, MOST_ALARMED)
        for each in figures.years
    ]  # fmt: skip
    records = [
        _row(f"two records: {verdict}", f"{each.slower:.0%} slower" if each.slower else "no change", True, number,
             each.gates)
        for each in figures.records
        for verdict, number in (("fails", each.failed), ("passes", each.passed))
    ]  # fmt: skip
    return (
        Table("nights", made, RATE_COLUMNS, (*years, *_machines(of))),
        Table("gates-of-records", made, RATE_COLUMNS, tuple(records)),
    )


def _machines(machines: Machines) -> list[tuple[str, ...]]:
    unchanged = "real machines"
    rows = [
        _row("an unchanged series raises an alarm", unchanged, True, machines.alarmed, machines.series),
        _row("a doubled night raises an alarm", unchanged, True, machines.bad_alarmed, machines.bad_nights),
        _row("a step of 30% three nights after a doubled one raises an alarm within three nights", unchanged, True,
             machines.after_bad, machines.bad_nights),
        _row("a creep of 10% a year is named", unchanged, True, machines.creeps_named, machines.creeps),
        _row("a series without a creep is named", unchanged, True, machines.creeps_named_unchanged, machines.creeps),
    ]  # fmt: skip
    for each in machines.steps:
        world = f"+{each.size:.0%} from night {each.night} on"
        raised = f"a step raises an alarm within {SIZES[each.size]} nights"
        rows.append(_row(raised, world, True, each.alarmed, each.series))
        rows.append(_row("a night passes before that", world, True, each.passed, each.series))
    return rows


def _row(claim: str, world: str, holds: bool, number: int, of: int, most: float = 1.0) -> tuple[str, ...]:
    return rate_row(claim, world, holds, of, Share(number / of, float("nan")), most=most)
