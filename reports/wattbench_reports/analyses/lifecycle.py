"""Compute what a system costs over its life, training included, and which system has used the fewest joules so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.records.schema.workload import REQUESTS_PER_YEAR
from wattbench_reports.analyses.training_cost import in_use, trainings
from wattbench_reports.comparability.joules import same_provenance
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.ranking import accuracy_order
from wattbench_reports.tables import provenance


@dataclass(frozen=True)
class Total:
    """The cost of one system over a number of requests, training included. Grams are None where a part is missing."""

    system: str
    kind: str
    requests_j: float
    training_j: float | None
    """0 where no training is on record; None where one is without joules."""
    training_recorded: bool
    """Whether a training is on record."""
    requests_g: float | None
    training_g: float | None
    manufacture_g: float | None
    """Of the hardware, for the time that the requests take; 0 where none is declared."""
    provenance: str
    """Of all its joules, joined."""
    valid: bool

    @property
    def energy_j(self) -> float | None:
        """Return the joules of requests and training. None where the joules of training are not known."""
        return None if self.training_j is None else self.requests_j + self.training_j

    @property
    def grams_co2e(self) -> float | None:
        """Return the grams of requests, training and manufacture; None where one of them is not known."""
        if self.requests_g is None or self.training_g is None or self.manufacture_g is None:
            return None
        return self.requests_g + self.training_g + self.manufacture_g


def totals(measured: Measured, emitted: Emitted, requests: float = REQUESTS_PER_YEAR) -> tuple[Total, ...]:
    """Compute the total of every system that has joules, without yardsticks, in the order of the run.

    Args:
        measured, emitted: the run.
        requests: how many, of the mix of the run's items.
    """
    trained = {each.system: each for each in trainings(measured, emitted)}
    systems = []
    for name in in_use(measured):
        figures = measured.systems[name]
        if figures.j_per_request is None:
            continue
        training, sci = trained.get(name), emitted.sci.get(name)
        made_g = None if sci is None or not sci.requests else (sci.embodied_g or 0.0) / sci.requests
        per_1000 = None if sci is None else sci.co2_g_per_1000
        systems.append(
            Total(
                system=name,
                kind=measured.kinds[name],
                requests_j=figures.j_per_request.estimate * requests,
                training_j=0.0 if training is None else training.energy_j,
                training_recorded=training is not None,
                requests_g=None if per_1000 is None else per_1000 / 1000 * requests,
                training_g=0.0 if training is None else training.grams_co2e,
                manufacture_g=None if made_g is None else made_g * requests,
                provenance=provenance.joined((figures.provenance, "" if training is None else training.provenance)),
                valid=measured.judged[name].valid,
            )
        )
    return tuple(systems)


@dataclass(frozen=True)
class CumulativeEnergy:
    """The cumulative joules of a system by number of correct answers: a straight line."""

    system: str
    training_j: float
    j_per_correct: float

    def joules(self, answers: float) -> float:
        """Return the cumulative joules after some correct answers."""
        return self.training_j + self.j_per_correct * answers


@dataclass(frozen=True)
class LeastEnergyRange:
    """The system with the fewest cumulative joules between two numbers of correct answers."""

    system: str
    first: float
    last: float
    """Infinite for the last range."""


@dataclass(frozen=True)
class CumulativeEnergies:
    """The systems whose joules may be compared with each other."""

    comparable: tuple[CumulativeEnergy, ...]
    left_out: tuple[tuple[str, str], ...]
    """A system, and why it is not among them."""
    accurate: tuple[CumulativeEnergy, ...]
    """Of `comparable`, those that are not shown to be less accurate than the most accurate of them."""
    declared: tuple[str, ...]
    """Those whose training is declared at least in part."""


def cumulative_energies(measured: Measured, emitted: Emitted) -> CumulativeEnergies:
    """Return the cumulative joules over all items, of the largest group of systems whose joules may be compared."""
    trained = {each.system: each for each in trainings(measured, emitted)}
    usable: dict[str, CumulativeEnergy] = {}
    left_out: dict[str, str] = {}
    for name in in_use(measured):
        figures, training = measured.systems[name], trained.get(name)
        reason, label = measured.joules_of(name).why_not_usable, "" if training is None else training.provenance
        if reason:
            left_out[name] = reason
        elif figures.j_per_correct is None:
            left_out[name] = "nothing answered correctly"
        elif training is not None and training.energy_j is None:
            left_out[name] = "the joules of its training are not known"
        elif not same_provenance((label, figures.provenance)):
            left_out[name] = f"provenance {label} for its training, {figures.provenance} for its answers"
        else:
            spent = 0.0 if training is None or training.energy_j is None else training.energy_j
            usable[name] = CumulativeEnergy(name, spent, figures.j_per_correct.estimate)
    groups = [[name for name in group if name in usable] for group in measured.energy_groups]
    largest = max(groups, key=len, default=[])
    left_out |= {name: "joules not comparable with the others'" for name in usable if name not in largest}
    drawn = {name: figures for name, figures in measured.systems.items() if name in largest}
    order = accuracy_order(measured.pairs(), drawn)
    accurate = () if order is None else order.contenders
    return CumulativeEnergies(
        tuple(line for name, line in usable.items() if name in largest),
        tuple(left_out.items()),
        tuple(line for name, line in usable.items() if name in accurate),
        tuple(name for name in largest if name in trained and provenance.is_declared(trained[name].provenance)),
    )


def least_energy_ranges(lines: Sequence[CumulativeEnergy]) -> tuple[LeastEnergyRange, ...]:
    """Find the system with the fewest cumulative joules at every number of correct answers, from 1 on.

    Returns:
        The ranges in order, the last without an end: the lower envelope of the lines. Empty without any system.
    """
    if not lines:
        return ()
    ranges: list[LeastEnergyRange] = []
    at, cheapest = 1.0, min(lines, key=lambda line: (line.joules(1.0), line.j_per_correct))
    while True:
        crossings = [
            ((other.training_j - cheapest.training_j) / (cheapest.j_per_correct - other.j_per_correct), other)
            for other in lines
            if other.j_per_correct < cheapest.j_per_correct
        ]
        if not crossings:
            return (*ranges, LeastEnergyRange(cheapest.system, at, float("inf")))
        # Of several that cross there, the one that stays below.
        where, following = min(crossings, key=lambda crossing: (crossing[0], crossing[1].j_per_correct))
        ranges.append(LeastEnergyRange(cheapest.system, at, where))
        at, cheapest = where, following
