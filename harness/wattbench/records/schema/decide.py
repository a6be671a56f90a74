"""What a system must meet, and what answers are worth: the `decide:` section of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat

from wattbench.records.schema.base import Strict

_Positive = Annotated[FiniteFloat, Field(gt=0, le=1e15)]
_NotNegative = Annotated[FiniteFloat, Field(ge=0, le=1e15)]


def _share(given: Any) -> Any:
    """Read ``80%`` as the number 0.8, and explain a number above 1."""
    if isinstance(given, str) and given.strip().endswith("%"):
        try:
            given = float(given.strip()[:-1]) / 100
        except ValueError:
            return given
    if isinstance(given, int | float) and not isinstance(given, bool) and not 0 < given <= 1:
        raise ValueError(f"{given:g} is no share of correct answers: write 0.8 or 80%")
    return given


_Accuracy = Annotated[FiniteFloat, BeforeValidator(_share)]

OVERALL = "all"
"""The name under `min_accuracy` of what is required over all domains."""


class ChosenBy(Strict):
    """What a system is chosen by: requirements, what answers are worth, and what is minimised."""

    min_accuracy: _Accuracy | dict[str, _Accuracy] | None = None
    """The least share of correct answers, over all domains as the workload mixes them; or a mapping of domains to
    shares, in which `all` is over all domains."""
    max_p95_s: _Positive | None = None
    """95% of the requests must be answered within this many seconds."""
    max_cost_per_request: _Positive | None = None
    """Money per request, in the currency of the prices."""
    max_joules_per_request: _Positive | None = None
    """Joules per request."""
    max_grams_per_request: _Positive | None = None
    """Grams of CO2 equivalent."""
    max_memory_gib: _Positive | None = None
    """Of the process or of the graphics cards, whichever has more."""
    worth_right: _NotNegative | None = None
    """What a correct answer is worth, in money."""
    cost_wrong: _NotNegative | None = None
    """What a wrong answer costs, in money."""
    carbon_price_per_tonne: _NotNegative | None = None
    """Money per tonne of CO2 equivalent; it is added to what a request costs."""
    cost_per_second: _NotNegative | None = None
    """Money per second that a request takes; it is added to what a request costs."""
    minimise: Literal["joules", "grams", "money", "seconds"] | None = None
    """The unit in which costs are compared. None: money where answers have a worth or every system has a price, else
    joules."""

    @property
    def accuracy_by_domain(self) -> Mapping[str, float]:
        """Return the least share of correct answers by domain; `OVERALL` is over all domains."""
        if self.min_accuracy is None:
            return {}
        return self.min_accuracy if isinstance(self.min_accuracy, dict) else {OVERALL: self.min_accuracy}


class Decide(ChosenBy):
    """Requirements, and what is minimised among the systems that meet them; used only when a run is read, so that it
    can be changed later."""

    risk: Annotated[FiniteFloat, Field(gt=0, lt=0.5)] | None = None
    """A requirement is met, or not met, where a bound says so that is wrong with at most this risk. None: 0.1."""


class Stop(ChosenBy):
    """When a run stops asking systems that cannot be chosen. Without a key but `error`, by the keys of `decide`."""

    error: Annotated[FiniteFloat, Field(gt=0, lt=0.5)] = 0.05
    """The probability at most with which the best system is no longer asked, over the whole run."""

    @property
    def names_objective(self) -> bool:
        """Return whether it names anything that a system is chosen by."""
        return any(value is not None for name, value in self if name != "error")
