"""Try nights on real machines: as they are, and with changes planted in them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.nights.years import alarmed_on
from tests.made_up.history_of_figures import history_of
from wattbench_reports.gate.policy import NIGHT_POLICY
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import alarms, night_changes
from wattbench_reports.history.night_changes import CREEPS
from wattbench_reports.history.night_verdict import verdict_of

SAMPLE = Path(__file__).with_name("machines.csv")
SIZES = {0.05: 10, 0.20: 5, 0.58: 2, 2.42: 2}
"""A planted step to the nights within which it is looked for."""
NIGHTS = (6, 8, 12, 15, 30, 120, 240)
"""The night of a series, counted from 1, on which it is planted."""
OFFSETS = (0, 60, 120, 180)
"""Nights of a machine at which a series is begun anew, for more of them."""
BAD, AFTER_BAD, GAP = 1.0, 0.30, 3
"""A doubled night, and the step of 30% that many nights later."""
CREEP_A_YEAR = 0.10
_LOOK = 15
"""Nights between two looks for a creep."""
_HIGHER_IS_BETTER = ("Redis", "Bandwidth")
_YEAR = 365.25
_METRIC = "latency_p50"


@dataclass(frozen=True, eq=False)
class Machine:
    """One series of a machine."""

    logarithms: NDArray[np.float64]
    """Shape (nights,): higher is worse."""
    days: tuple[datetime.date, ...]
    name: str = ""
    """Of the machine: several series are of one."""

    @property
    def years(self) -> float:
        """Return the length of the series in years."""
        return (self.days[-1] - self.days[0]).days / _YEAR


@dataclass(frozen=True)
class PlantedSteps:
    """Steps of one size planted on one night of the series."""

    size: float
    night: int
    within: int
    series: int
    alarmed: int
    """Raised an alarm within those nights."""
    passed: int
    """Had a night that passed before an alarm, among those nights."""


@dataclass(frozen=True)
class Machines:
    """The figures of some machines."""

    series: int
    nights: int
    years: float
    alarms: int
    """False ones, of all series."""
    alarmed: int
    """Series that raised any."""
    steps: tuple[PlantedSteps, ...]
    bad_nights: int
    """Single doubled nights that were planted."""
    bad_alarmed: int
    """Of those that raised an alarm by themselves."""
    after_bad: int
    """Of those whose step of 30% three nights later raised an alarm within three nights."""
    creeps: int
    """Series of 120 nights or more in which a creep of 10% a year was planted."""
    creeps_named: int
    creeps_named_unchanged: int
    """The same series without it, in which a creep was named."""


def read_machines(path: Path = SAMPLE) -> list[Machine]:
    """Read a table with the columns machine, suite, test, night and median."""
    table = pd.read_csv(path)
    machines = []
    for (name, suite, test), rows in table.groupby(["machine", "suite", "test"], sort=True):
        nights = rows.sort_values("night")
        better = any(word in f"{suite} {test}" for word in _HIGHER_IS_BETTER)
        values = np.log(nights["median"].to_numpy(dtype=np.float64))
        days = tuple(datetime.date.fromisoformat(night) for night in nights["night"])
        machines.append(Machine(-values if better else values, days, str(name)))
    return machines


def tried(machines: Sequence[Machine]) -> Machines:
    """Try nights on machines."""
    false = [alarmed_on(each.logarithms[None, None]) for each in machines]
    long = [each for each in machines if len(each.days) >= NIGHTS[-2]]
    bad = list(_bad_nights(machines))
    return Machines(
        series=len(machines),
        nights=sum(len(each.days) for each in machines),
        years=round(sum(each.years for each in machines), 1),
        alarms=sum(map(len, false)),
        alarmed=sum(map(bool, false)),
        steps=tuple(_steps(machines, size, night) for size in SIZES for night in NIGHTS),
        bad_nights=len(bad),
        bad_alarmed=sum(each[0] for each in bad),
        after_bad=sum(each[1] for each in bad),
        creeps=len(long),
        creeps_named=sum(_creep_named(each, CREEP_A_YEAR) for each in long),
        creeps_named_unchanged=sum(_creep_named(each, 0.0) for each in long),
    )


def _parts(machines: Sequence[Machine], nights: int) -> Iterator[tuple[Machine, int]]:
    """Yield the stretches of so many nights, and where each begins."""
    for each in machines:
        for first in OFFSETS:
            if first + nights <= len(each.days):
                yield each, first


def _steps(machines: Sequence[Machine], size: float, night: int) -> PlantedSteps:
    within = SIZES[size]
    series = alarmed = passed = 0
    for each, first in _parts(machines, night - 1 + within):
        values = each.logarithms[first : first + night - 1 + within].copy()
        values[night - 1 :] += math.log1p(size)
        verdicts = []
        for nights in range(night, night + within):
            verdicts.append(_verdict(values[:nights], each.days[first : first + nights]))
            if verdicts[-1][0]:
                break
        series += 1
        alarmed += verdicts[-1][0]
        passed += any(verdict is Verdict.PASS for _, verdict in verdicts)
    return PlantedSteps(size, night, within, series, alarmed, passed)


def _bad_nights(machines: Sequence[Machine]) -> Iterator[tuple[bool, bool]]:
    """Yield whether a doubled night raised an alarm, and whether the step after it did."""
    for night in NIGHTS[1:-1]:
        for each, first in _parts(machines, night + 2 * GAP):
            values = each.logarithms[first : first + night + 2 * GAP].copy()
            values[night] += math.log1p(BAD)
            values[night + GAP :] += math.log1p(AFTER_BAD)
            alarmed = alarmed_on(values[None, None])
            yield night in alarmed, any(shown >= night + GAP for shown in alarmed)


def _verdict(values: NDArray[np.float64], days: Sequence[datetime.date]) -> tuple[bool, Verdict]:
    """Return whether a history's last night raises an alarm, and its verdict."""
    history = history_of({("a", "", _METRIC): np.exp(values - values[0])}, days=days)
    raised = alarms(history, NIGHT_POLICY)
    return bool(raised), verdict_of(raised, night_changes(history, NIGHT_POLICY))


def _creep_named(machine: Machine, by_year: float) -> bool:
    """Return whether a creep is named on any of the nights."""
    days = np.array([(day - machine.days[0]).days for day in machine.days]) / _YEAR
    values = machine.logarithms + math.log1p(by_year) * days
    for nights in range(60, len(values) + 1, _LOOK):
        history = history_of({("a", "", _METRIC): np.exp(values[:nights] - values[0])}, days=machine.days[:nights])
        if any(each.note.startswith(CREEPS) and each.worse for each in night_changes(history, NIGHT_POLICY)):
            return True
    return False
