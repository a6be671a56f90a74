"""How many requests and tokens a service takes in a minute."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from wattbench.config.base import Strict

_PerMinute = Annotated[FiniteFloat, Field(gt=0, le=1e9)]


class Limit(Strict):
    """The rate at which a system is asked. What is waited for it is no latency."""

    requests_per_minute: _PerMinute | None = None
    """At this pace: no two requests are sent sooner after each other than it says."""
    tokens_per_minute: _PerMinute | None = None
    """A request takes what it could use at most, prompt and answer, and gives back what it did not use."""

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.requests_per_minute is None and self.tokens_per_minute is None:
            raise ValueError("name at least one of requests_per_minute, tokens_per_minute")
        return self
