"""Sum what was estimated of requests to services, apart from what was measured.

Its joules never enter a ranking, a front, a ratio, a saving or a decision. Where the reader asks for it (`--across
estimated`), the ranges are held against measured joules, and a system is said to use less only if it does wherever in
their ranges both are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wattbench.records import EstimateRow
from wattbench.records.rows.estimates import QUANTITIES
from wattbench_reports.comparison.system_figures import SystemFigures

Range = tuple[float, float]
"""Lowest and highest."""


@dataclass(frozen=True)
class EstimatedSystem:
    """The requests of one system to one service, all tasks together."""

    system: str
    answered_by: str
    """The system whose requests these are: of a hybrid, one of those that it asked."""
    requests: int
    estimated: int
    """Those of which figures are."""
    by: str
    provider: str
    model: str
    zone: str
    sums: Mapping[str, Range]
    """Those of `QUANTITIES` that every estimated cell has, to their sums; empty where nothing was estimated."""
    notes: tuple[str, ...]
    why_none: str
    correct: float | None = None
    """Correct answers of the system; None where these are not all of its requests, or not all were estimated."""

    def per_request(self, quantity: str) -> Range | None:
        """Return the range of a quantity for a request; None where it was not estimated."""
        return self._divided(quantity, self.estimated)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the names in `QUANTITIES` that have no sum, as some estimated requests lack them."""
        return tuple(name for name in QUANTITIES if self.estimated and name not in self.sums)

    @property
    def j_per_correct(self) -> Range | None:
        """Return the range of joules per correct answer; None without one, or if some requests have no figures."""
        return None if self.correct is None or self.correct <= 0 else self._divided("energy_j", self.correct)

    def _divided(self, quantity: str, number: float) -> Range | None:
        total = self.sums.get(quantity)
        return None if total is None or not number else (total[0] / number, total[1] / number)


def estimated_systems(
    rows: Iterable[EstimateRow], systems: Iterable[str], correct: Mapping[str, float]
) -> tuple[EstimatedSystem, ...]:
    """Sum the estimates of each system and service over its tasks.

    Args:
        rows: of a run.
        systems: those that are compared, in their order.
        correct: system to its correct answers, over all of its requests.
    """
    by_key: dict[tuple[str, str], list[EstimateRow]] = {}
    for row in rows:
        by_key.setdefault((row.system, row.answered_by), []).append(row)
    return tuple(
        _summed(of_key, correct.get(name))
        for name in systems
        for (system, _), of_key in by_key.items()
        if system == name
    )


def _summed(rows: list[EstimateRow], correct: float | None) -> EstimatedSystem:
    known = [row for row in rows if any(getattr(row, name) for name in QUANTITIES)]
    first = (known or rows)[0]
    requests, estimated = sum(row.requests for row in rows), sum(row.estimated for row in known)
    whole = first.system == first.answered_by and requests == estimated
    return EstimatedSystem(
        system=first.system,
        answered_by=first.answered_by,
        requests=requests,
        estimated=estimated,
        by=first.by,
        provider=first.provider or "",
        model=first.model or "",
        zone=first.zone or "",
        sums={name: total for name in QUANTITIES if (total := _total(known, name)) is not None},
        notes=tuple(dict.fromkeys(note for row in rows for note in row.notes)),
        why_none="" if known else first.why_none,
        correct=correct if whole else None,
    )


def _total(rows: Iterable[EstimateRow], name: str) -> Range | None:
    ranges = [getattr(row, name) for row in rows]
    if not ranges or not all(ranges):
        return None
    return math.fsum(low for low, _ in ranges), math.fsum(high for _, high in ranges)


def renamed(systems: Iterable[EstimatedSystem], names: Mapping[str, str]) -> tuple[EstimatedSystem, ...]:
    """Return the estimates with their systems renamed."""
    return tuple(replace(each, system=names.get(each.system, each.system)) for each in systems)


@dataclass(frozen=True)
class HeldAgainst:
    """One estimated system's joules per correct answer, compared with those of measured systems."""

    system: str
    range: Range
    less: tuple[str, ...]
    """Measured systems that use less, wherever in the range it is."""
    more: tuple[str, ...]
    unclear: tuple[str, ...]


def held_against(estimates: Iterable[EstimatedSystem], measured: Iterable[SystemFigures]) -> tuple[HeldAgainst, ...]:
    """Compare estimated joules per correct answer with measured ones: whole ranges with whole intervals."""
    known = [each for each in measured if each.j_per_correct is not None and each.valid]
    return tuple(_held(each.system, each.j_per_correct, known) for each in estimates if each.j_per_correct is not None)


def _held(system: str, of_estimate: Range, measured: Iterable[SystemFigures]) -> HeldAgainst:
    sides: dict[str, list[str]] = {"less": [], "more": [], "unclear": []}
    for each in measured:
        low, high = each.j_per_correct_low or 0.0, each.j_per_correct_high
        if high is not None and high < of_estimate[0]:
            sides["less"].append(each.system)
        elif low > of_estimate[1]:
            sides["more"].append(each.system)
        else:
            sides["unclear"].append(each.system)
    return HeldAgainst(system, of_estimate, *(tuple(sides[side]) for side in ("less", "more", "unclear")))
