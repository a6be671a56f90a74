"""Collect what was spent on a system before its first answer, from ledgers or declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.records import SystemRow, added, total_j
from wattbench.records.schema.training import TrainingRecord, training_records
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, Carbon
from wattbench_reports.tables import provenance


@dataclass(frozen=True)
class Step:
    """One training step, from its ledger or its declaration."""

    name: str
    recorded: TrainingRecord

    @property
    def energy_j(self) -> float | None:
        """Return the joules of all components. None where no component was read."""
        return total_j(self.recorded.energy_j)

    @property
    def provenance(self) -> str:
        """Return the provenance of the joules."""
        ways = self.recorded.provenance
        return provenance.joined(ways[part] for part in added(self.recorded.energy_j) if part in ways)

    @property
    def source(self) -> str:
        """Return the source of a declaration, with its year; empty where the step was measured."""
        source, year = self.recorded.source, self.recorded.year
        return f"{source}, {year}" if source and year else source


@dataclass(frozen=True)
class Training:
    """All training steps of one system."""

    system: str
    kind: str
    steps: tuple[Step, ...]
    energy_j: float | None
    """Of all steps; None where one of them has none."""
    grams_co2e: float | None
    """By the run's carbon settings, which need not be those of where it was trained. None without any, and where the
    intensity goes by the hour: the hours of the training are not on record."""

    @property
    def tokens(self) -> float | None:
        """Return the tokens of forward and backward passes; None where a step does not record them."""
        return _sum([step.recorded.tokens for step in self.steps])

    @property
    def teacher_tokens(self) -> float | None:
        """Return the tokens that a teacher processed; None where a step does not record them."""
        return _sum([step.recorded.teacher_tokens for step in self.steps])

    @property
    def seconds(self) -> float | None:
        """Return the seconds of all steps together; None where a step does not record them."""
        return _sum([step.recorded.seconds for step in self.steps])

    @property
    def provenance(self) -> str:
        """Return every provenance in the joules, joined."""
        return provenance.joined(step.provenance for step in self.steps)


def trainings(measured: Measured, emitted: Emitted) -> tuple[Training, ...]:
    """Return the recorded training of every system that has one, without yardsticks."""
    rows = measured.frames.run.systems()
    return tuple(_of_system(measured, emitted, rows[name]) for name in in_use(measured) if rows[name].training)


def in_use(measured: Measured) -> tuple[str, ...]:
    """Return the systems with a recorded description, without yardsticks."""
    rows = measured.frames.run.systems()
    return tuple(name for name in measured.frames.systems if name in rows and name not in measured.yardsticks)


def without_recorded_training(measured: Measured) -> tuple[str, ...]:
    """Return the systems, other than generalists, whose training is not on record."""
    rows = measured.frames.run.systems()
    return tuple(name for name in in_use(measured) if measured.kinds[name] != "generalist" and not rows[name].training)


def _of_system(measured: Measured, emitted: Emitted, row: SystemRow) -> Training:
    steps = tuple(Step(name, recorded) for name, recorded in training_records(row).items())
    known = [step.energy_j for step in steps if step.energy_j is not None]
    energy_j = sum(known) if len(known) == len(steps) else None
    factor: Carbon | None = emitted.carbon
    return Training(
        system=row.system,
        kind=measured.kinds[row.system],
        steps=steps,
        energy_j=energy_j,
        grams_co2e=None if factor is None or energy_j is None else factor.grams(energy_j),
    )


def training_money(measured: Measured, paid: Paid, training: Training | None) -> tuple[float | None, str]:
    """Return the money of a training in the currency of the run, and why it is not known, as a clause.

    A step costs what its declaration states, or else its joules at the workload's price of electricity. Without a
    training on record it is 0.
    """
    assert paid.money is not None
    workload, currency = measured.workload, paid.money.currency
    total = 0.0
    for step in () if training is None else training.steps:
        declared = step.recorded
        if declared.cost is not None and declared.source:
            if declared.currency != currency:
                return None, f"the training of {step.name} was paid for in {declared.currency}"
            total += declared.cost
        elif step.energy_j is None or workload.price_per_kwh is None:
            lacking = "joules" if step.energy_j is None else "price of electricity (workload.price_per_kwh)"
            return None, f"the training of {step.name} has no declared cost and no {lacking}"
        elif workload.currency != currency:
            return None, f"the electricity of the training of {step.name} is priced in {workload.currency}"
        else:
            total += step.energy_j * paid.pue / JOULES_PER_KWH * workload.price_per_kwh
    return total, ""


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
