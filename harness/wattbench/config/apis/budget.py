"""How much money a run may spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

FORM = r"^\d{1,12}(\.\d{1,9})? ?[A-Z]{3}$"

MaxCost = Annotated[str, Field(pattern=FORM)]
"""An amount and a currency (ISO 4217), such as `5 USD`."""


@dataclass(frozen=True)
class Budget:
    """What a run may spend in all, earlier parts of a resumed run included."""

    most: float
    currency: str

    @classmethod
    def of(cls, text: str) -> Budget:
        """Read a text of the form `MaxCost`."""
        return cls(float(text[:-3]), text[-3:])
