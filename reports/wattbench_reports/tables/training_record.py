"""Read the trainings of a system and their costs, by type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattbench.errors import UserError
from wattbench.records import SystemRow
from wattbench_reports.tables.json_values import mapping, number, number_or_error, text, whole_number


@dataclass(frozen=True)
class TrainingRecord:
    """One training, from its ledger or its declaration. A value of None is not known."""

    method: str = ""
    documents: float | None = None
    tokens: float | None = None
    teacher_tokens: float | None = None
    seconds: float | None = None
    energy_j: Mapping[str, float] = field(default_factory=dict)
    """By component; empty where none was read."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """By component."""
    cpu: str | None = None
    source: str = ""
    """Of a declared one: who says so; else empty."""
    year: int | None = None
    gpu_hours: float | None = None
    """Of a declared one, as its source has them."""
    g_co2e: float | None = None
    cost: float | None = None
    """Of a declared one: what it was paid for in total, in `currency`."""
    currency: str | None = None

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str = "training") -> TrainingRecord:
        """Read an entry of `SystemRow.training`.

        Raises:
            UserError: an amount is of another type.
        """

        def amount(key: str) -> float | None:
            return number_or_error(f"{where}.{key}", recorded.get(key))

        energy_j = mapping(recorded.get("energy_j")) or {}
        ways = mapping(recorded.get("provenance")) or {}
        return cls(
            method=text(recorded.get("method")) or "",
            documents=amount("documents"),
            tokens=amount("tokens"),
            teacher_tokens=amount("teacher_tokens"),
            seconds=amount("seconds"),
            energy_j={part: _joules(f"{where}.energy_j.{part}", joules) for part, joules in energy_j.items()},
            provenance={part: str(way) for part, way in ways.items()},
            cpu=text(recorded.get("cpu")),
            source=text(recorded.get("source")) or "",
            year=whole_number(recorded.get("year")),
            gpu_hours=amount("gpu_hours"),
            g_co2e=amount("grams_co2e"),
            cost=amount("cost"),
            currency=text(recorded.get("currency")),
        )


def training_records(row: SystemRow | None) -> dict[str, TrainingRecord]:
    """Read everything that was trained for a system, by name; empty where nothing is recorded.

    Raises:
        UserError: an amount is of another type.
    """
    recorded = {} if row is None else mapping(row.training) or {}
    system = "" if row is None else row.system
    return {
        name: TrainingRecord.of(entry, f"systems.jsonl: training of {system}: {name}")
        for name, each in recorded.items()
        if (entry := mapping(each)) is not None
    }


def _joules(where: str, value: object) -> float:
    known = number(value)
    if known is None:
        raise UserError(f"{where} is {value!r:.60}: it must be a number; the record is damaged")
    return known
