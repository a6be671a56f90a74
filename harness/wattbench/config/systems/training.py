"""The cost of a training: the ledger of one that was done here, or a declaration of one that was done elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, FiniteFloat, PositiveInt, StringConstraints, Tag, model_validator

from wattbench.config.base import Name, RelativePath, Strict
from wattbench.records.provenance import DECLARED

_JOULES_PER_KWH = 3.6e6
_Positive = Annotated[FiniteFloat, Field(gt=0, le=1e18)]
_Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class DeclaredTraining(Strict):
    """A training that was done elsewhere, as a source describes it. Its joules are declared, not measured."""

    energy_j: _Positive | None = None
    """The energy in joules; or give `energy_kwh`."""
    energy_kwh: _Positive | None = None
    """The energy in kilowatt-hours; or give `energy_j`."""
    source: _Said
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
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
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
        return {
            "method": DECLARED,
            "documents": None,
            "tokens": self.tokens,
            "teacher_tokens": None,
            "seconds": None,
            "energy_j": {DECLARED: self.joules},
            "provenance": {DECLARED: DECLARED},
            "cpu": None,
            "source": self.source,
            "year": self.year,
            "gpu_hours": self.gpu_hours,
            "grams_co2e": self.grams_co2e,
            "cost": self.cost,
            "currency": self.currency,
        }


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
