"""Write the figures as tables for docs/methodology.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.nights.figures import NOISES, SYSTEMS, NightFigures
from benchmarks.nights.machines import NIGHTS, SIZES, Machines
from benchmarks.nights.records import RecordGates
from benchmarks.written_tables import Place, table
from tests.made_up.noisy_nights import WORLDS

PLACE = Place("nights")
MOST_ALARMED = 0.05
"""Limit of years without a change: figures beyond it are bold."""


def tables(figures: NightFigures) -> str:
    """Return the tables as Markdown."""
    return f"{_machines(figures.machines)}\n{_records(figures.records)}\n{_years(figures)}"


def _years(figures: NightFigures) -> str:
    of = {(each.world, each.noise, each.systems): each for each in figures.years}
    number = max(each.years for each in figures.years)
    rows = []
    for world in WORLDS:
        for noise in NOISES:
            cells = [_alarmed(of[world, noise, systems].alarmed, number) for systems in SYSTEMS]
            rows.append([world, f"{noise:.0%}", *cells])
    columns = ["years without a change", "noise", *(f"{each} system{'s' if each > 1 else ''}" for each in SYSTEMS)]
    return (
        f"Years that raise a false alarm, of {number} each; **bold** is more than {MOST_ALARMED:.0%}:\n\n"
        f"{table(columns, rows)}"
    )


def _alarmed(alarmed: int, of: int) -> str:
    return f"{alarmed}" if alarmed <= MOST_ALARMED * of else f"**{alarmed}**"


def _machines(machines: Machines) -> str:
    rows = []
    for size, within in SIZES.items():
        steps = {each.night: each for each in machines.steps if each.size == size}
        shares = [f"{steps[night].alarmed / steps[night].series:.0%}" for night in NIGHTS]
        rows.append([f"+{size:.0%} raises an alarm within {within} nights", *shares])
        passed = [f"{steps[night].passed / steps[night].series:.0%}" for night in NIGHTS]
        rows.append([f"+{size:.0%}: a night passes before that", *passed])
    return (
        f"{machines.series} series of real machines, {machines.nights:,} nights, {machines.years:.0f} series-years: "
        f"unchanged, {machines.alarmed} of {machines.series} series raise {machines.alarms} alarms. "
        f"A doubled night raises an alarm in {_share(machines.bad_alarmed, machines.bad_nights)}; a step of 30% three "
        f"nights after it, within three nights, in {_share(machines.after_bad, machines.bad_nights)}. A creep of 10% a "
        f"year is named in {_share(machines.creeps_named, machines.creeps)} of the series, and one without it in "
        f"{_share(machines.creeps_named_unchanged, machines.creeps)}. Planted steps:\n\n"
        f"{table(['planted on night', *map(str, NIGHTS)], rows)}"
    )


def _records(records: Sequence[RecordGates]) -> str:
    rows = [
        [f"{each.slower:.0%} slower" if each.slower else "no change", f"{each.failed / each.gates:.1%}",
         f"{each.passed / each.gates:.1%}"]
        for each in records
    ]  # fmt: skip
    return (
        f"Gates of two nights of these machines as two records, with five sessions before them and the default margin "
        f"of mean seconds ({records[0].gates:,} gates each):\n\n{table(['candidate', 'fails', 'passes'], rows)}"
    )


def _share(number: int, of: int) -> str:
    return f"{number:,} of {of:,}"


def with_tables(document: str, figures: NightFigures) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
