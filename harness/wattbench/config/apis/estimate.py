"""What a system behind an API is called in EcoLogits' tables, which estimate its joules, grams and water."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wattbench.config.base import Strict

_Text = Annotated[str, Field(min_length=1, max_length=200)]


class Estimate(Strict):
    """Whose figures are taken. What is left out follows from `service` and `model`."""

    provider: _Text | None = None
    """EcoLogits' name of the provider: `openai`, `mistralai`, `google_genai`, `cohere`, `huggingface_hub`, ..."""
    model: _Text | None = None
    """EcoLogits' name of the model, if it is not the service's."""
    zone: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 3166 alpha-3 code of the country whose grid the data centre is on; None: EcoLogits' default for the
    provider."""
