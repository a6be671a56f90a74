"""What was spent on a system before its first answer, and after how many answers that is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.records import SystemRow, added, total_j
from reports import provenance
from reports.carbon import Carbon
from reports.compare import Analysis
from reports.measures import SEED
from reports.stats import Payback, payback


@dataclass(frozen=True)
class Step:
    """One thing that was trained, from its ledger as the run recorded it."""

    name: str
    method: str
    documents: int
    tokens: int
    teacher_tokens: int
    seconds: float
    energy_j: float | None
    """Joules of all components; None where none was read."""
    provenance: str
    cpu: str | None


@dataclass(frozen=True)
class BreakEven:
    """A trained system against one that is run as it is."""

    against: str
    domain: str | None
    """A specialist is only run in its domain, and so compared over its items; None is all items."""
    payback: Payback | None
    reason: str
    """Why there is no `payback`; empty where there is one."""


@dataclass(frozen=True)
class Training:
    """All that was trained for one system."""

    system: str
    kind: str
    steps: tuple[Step, ...]
    energy_j: float | None
    """Of all steps; None where one of them has none."""
    grams_co2e: float | None
    """By the run's carbon settings, which need not be those of where it was trained. None without any, and where the
    intensity goes by the hour: the hours of the training are not on record."""
    break_even: tuple[BreakEven, ...]
    """One for each generalist that was not trained."""

    @property
    def tokens(self) -> int:
        """Worked through forwards and backwards."""
        return sum(step.tokens for step in self.steps)

    @property
    def teacher_tokens(self) -> int:
        """Worked through by a teacher."""
        return sum(step.teacher_tokens for step in self.steps)

    @property
    def seconds(self) -> float:
        """One step after another."""
        return sum(step.seconds for step in self.steps)

    @property
    def provenance(self) -> str:
        """Every provenance in the joules, joined."""
        return provenance.joined(step.provenance for step in self.steps)


def trainings(analysis: Analysis) -> tuple[Training, ...]:
    """Every system of the run with a training on record, yardsticks left out; empty where there is none."""
    rows = analysis.frames.run.systems()
    candidates = [name for name in analysis.frames.systems if name in rows and name not in analysis.yardsticks]
    usual = [name for name in candidates if analysis.kinds[name] == "generalist" and not rows[name].training]
    return tuple(_of_system(analysis, rows[name], usual) for name in candidates if rows[name].training)


def untold(analysis: Analysis) -> tuple[str, ...]:
    """Systems that are no generalists and have no training on record: what they took is not known."""
    rows = analysis.frames.run.systems()
    return tuple(
        name
        for name in analysis.frames.systems
        if name in rows and name not in analysis.yardsticks
        if analysis.kinds[name] != "generalist" and not rows[name].training
    )


def _of_system(analysis: Analysis, row: SystemRow, usual: Sequence[str]) -> Training:
    steps = tuple(_step(name, entry) for name, entry in (row.training or {}).items())
    known = [step.energy_j for step in steps if step.energy_j is not None]
    energy_j = sum(known) if len(known) == len(steps) else None
    factor: Carbon | None = analysis.comparison.carbon
    label = provenance.joined(step.provenance for step in steps)
    return Training(
        system=row.system,
        kind=analysis.kinds[row.system],
        steps=steps,
        energy_j=energy_j,
        grams_co2e=None if factor is None or energy_j is None else factor.grams(energy_j),
        break_even=tuple(_break_even(analysis, row, other, energy_j, label) for other in usual),
    )


def _step(name: str, entry: Mapping[str, Any]) -> Step:
    energy_j: Mapping[str, float] = entry.get("energy_j") or {}
    how: Mapping[str, str] = entry.get("provenance") or {}
    return Step(
        name=name,
        method=str(entry.get("method", "")),
        documents=int(entry.get("documents") or 0),
        tokens=int(entry.get("tokens") or 0),
        teacher_tokens=int(entry.get("teacher_tokens") or 0),
        seconds=float(entry.get("seconds") or 0.0),
        energy_j=total_j(energy_j),
        provenance=provenance.joined(how[component] for component in added(energy_j) if component in how),
        cpu=entry.get("cpu"),
    )


def _break_even(analysis: Analysis, row: SystemRow, other: str, energy_j: float | None, label: str) -> BreakEven:
    system, domain = row.system, row.domain if row.domain in analysis.by_domain else None
    reason = _why_not(analysis, system, other, label)
    if energy_j is None or reason:
        return BreakEven(other, domain, None, reason or "the joules of its training are not known")
    table = analysis.table.of_domain(domain)
    our, their = table.column(system), table.column(other)
    shared = (table.metered[:, our] > 0) & (table.metered[:, their] > 0)
    found = payback(
        energy_j,
        (table.energy_j[shared, our], table.metered_correct[shared, our]),
        (table.energy_j[shared, their], table.metered_correct[shared, their]),
        seed=SEED,
    )
    if found is not None:
        return BreakEven(other, domain, found, "")
    nothing = [name for name in (system, other) if not table.metered_correct[shared, table.column(name)].any()]
    return BreakEven(other, domain, None, f"nothing answered correctly by {' and '.join(nothing)}")


def _why_not(analysis: Analysis, system: str, other: str, label: str) -> str:
    """Why the joules of a training and of two systems may not be set against each other; empty where they may."""
    for name in (system, other):
        if analysis.measured[name].j_per_request is None:
            return f"{name} has no joules"
        if not analysis.judged[name].valid:
            return f"the measured windows of {name} are not all valid"
    ours, theirs = (analysis.measured[name].provenance for name in (system, other))
    if label and not label == ours == theirs:
        return f"joules of different provenance (training {label}, {system} {ours}, {other} {theirs})"
    if not analysis.joules_comparable(system, other):
        return f"the joules of {system} and of {other} may not be compared"
    return ""
