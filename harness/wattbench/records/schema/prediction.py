"""What was predicted of a hybrid before it ran: the `predicted:` section that `wattbench route --write` writes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, PositiveInt, model_validator

from wattbench.records.schema.base import Name, Strict

Figure = Annotated[list[FiniteFloat], Field(min_length=3, max_length=3)]
"""An estimate, and the bounds of its interval of 95%."""


class PredictedFigures(Strict):
    """Means per request. One that could not be predicted is left out."""

    accuracy: Figure | None = None
    """The share of correct answers."""
    joules: Figure | None = None
    """Joules."""
    seconds: Figure | None = None
    """Seconds from the request to the end of its answer."""
    grams: Figure | None = None
    """Grams of CO2 equivalent."""
    money: Figure | None = None
    """In the currency of the run."""

    @property
    def known(self) -> bool:
        """Return whether at least one of them was predicted."""
        return any(figure is not None for _, figure in self)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in type(self).model_fields:
            figure = getattr(self, name)
            if figure is not None and not figure[1] <= figure[0] <= figure[2]:
                raise ValueError(f"{name}: an estimate and its bounds are written [estimate, low, high]: {figure}")
        return self


class Prediction(Strict):
    """What the hybrid should give on the documents of this suite, from the answers of its members in an earlier run.

    It is used only when a run is read: the report has it next to what was measured.
    """

    run: Annotated[str, Field(min_length=1, max_length=200)]
    """The run of the members."""
    items: PositiveInt
    """How many items it was predicted from; the router was not trained on them."""
    figures: PredictedFigures
    """Of the hybrid."""
    single: Name
    """The best single system of that run."""
    over_single: PredictedFigures
    """The hybrid's figures minus that system's, on the same items."""
