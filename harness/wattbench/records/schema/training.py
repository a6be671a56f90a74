"""The cost of a training: the ledger of one that was done here, or a declaration of one that was done elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Discriminator, Field, FiniteFloat, PositiveInt, Tag, model_validator

from wattbench.records.provenance import DECLARED
from wattbench.records.rows.systems import SystemRow
from wattbench.records.schema.base import Currency, Name, RelativePath, Source, Strict
from wattbench.records.schema.recorded import AsText, Described, Number, Text, Whole, recorded

_JOULES_PER_KWH = 3.6e6
_Positive = Annotated[FiniteFloat, Field(gt=0, le=1e18)]


class TrainingRecord(Described):
    """One training, from its ledger or its declaration. A value of None is not known."""

    needed: ClassVar[frozenset[str]] = frozenset(
        {"documents", "tokens", "teacher_tokens", "seconds", "energy_j", "gpu_hours", "grams_co2e", "cost"}
    )

    method: Text = ""
    documents: Number | None = None
    tokens: Number | None = None
    teacher_tokens: Number | None = None
    seconds: Number | None = None
    energy_j: dict[str, Number] = {}
    """By component; empty where none was read."""
    provenance: dict[str, AsText] = {}
    """By component."""
    cpu: Text | None = None
    source: Text = ""
    """Of a declared one: who says so; else empty."""
    year: Whole | None = None
    gpu_hours: Number | None = None
    """Of a declared one, as its source has them."""
    grams_co2e: Number | None = None
    cost: Number | None = None
    """Of a declared one: what it was paid for in total, in `currency`."""
    currency: Text | None = None


def training_records(row: SystemRow | None) -> dict[str, TrainingRecord]:
    """Read everything that was trained for a system, by name; empty where nothing is recorded.

    Raises:
        UserError: an amount is of another type.
    """
    entries = row.training if row is not None and isinstance(row.training, Mapping) else {}
    where = f"systems.jsonl: training of {'' if row is None else row.system}"
    return {
        name: recorded(TrainingRecord, entry, f"{where}: {name}")
        for name, entry in entries.items()
        if isinstance(entry, Mapping)
    }


class DeclaredTraining(Strict):
    """A training that was done elsewhere, as a source describes it. Its joules are declared, not measured."""

    energy_j: _Positive | None = None
    """The energy in joules; or give `energy_kwh`."""
    energy_kwh: _Positive | None = None
    """The energy in kilowatt-hours; or give `energy_j`."""
    source: Source
    """Where the figure comes from: a model card, a paper, an invoice."""
    year: PositiveInt | None = None
    """The year of the source."""
    name: Name | None = None
    """The name of the training; by default that of the system. Systems that name the same training share it."""
    tokens: PositiveInt | None = None
    """The number of training tokens."""
    gpu_hours: _Positive | None = None
    """Hours of use, summed over all accelerators."""
    grams_co2e: Annotated[FiniteFloat, Field(ge=0, le=1e18)] | None = None
    """Grams of CO2 equivalent as the source states them. A report shows them next to those that it computes."""

    cost: Annotated[FiniteFloat, Field(ge=0, le=1e15)] | None = None
    """What the training was paid for in total, in `currency`; a report takes it in place of the price of its energy."""
    currency: Currency | None = None
    """Of `cost`: ISO 4217, three letters."""

    @model_validator(mode="after")
    def _cost_in_a_currency(self) -> Self:
        if (self.cost is None) != (self.currency is None):
            raise ValueError("cost and currency go together")
        return self

    @model_validator(mode="after")
    def _one_energy(self) -> Self:
        given = [key for key in ("energy_j", "energy_kwh") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"name exactly one of energy_j and energy_kwh (here: {' and '.join(given) or 'none'})")
        return self

    @property
    def joules(self) -> float:
        """Return the energy in joules."""
        return self.energy_j if self.energy_j is not None else (self.energy_kwh or 0.0) * _JOULES_PER_KWH

    def summary(self) -> dict[str, Any]:
        """Return the summary for a run's record, in the form of a ledger's; figures that are not stated are left empty
        (None)."""
        stated = self.model_dump(include={"tokens", "source", "year", "gpu_hours", "grams_co2e", "cost", "currency"})
        made = {"method": DECLARED, "energy_j": {DECLARED: self.joules}, "provenance": {DECLARED: DECLARED}}
        return TrainingRecord.model_construct(**stated | made).model_dump()


def _form(given: object) -> str | None:
    if isinstance(given, Mapping | DeclaredTraining):
        return DeclaredTraining.__name__
    return Path.__name__ if isinstance(given, str | Path) else None


TrainingCost = Annotated[
    Annotated[RelativePath, Tag(Path.__name__)] | Annotated[DeclaredTraining, Tag(DeclaredTraining.__name__)],
    Discriminator(
        _form,
        custom_error_type="training_form",
        custom_error_message="give the path of a ledger, or a mapping with energy_kwh (or energy_j) and source",
    ),
]
"""The path of a ledger, or a mapping that declares what it would say."""
