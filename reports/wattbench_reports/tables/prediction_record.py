"""Read what was predicted of a hybrid before it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench_reports.stats import Interval
from wattbench_reports.tables.json_values import mapping, number, text, whole_number

NAMES = ("accuracy", "joules", "seconds", "grams", "money")
"""Figures that can be predicted."""


@dataclass(frozen=True)
class PredictionRecord:
    """A hybrid's figures per request, as they were predicted from the answers of its members."""

    run: str
    """The run of the members."""
    items: int
    """How many items it was predicted from."""
    single: str
    """The best single system of that run."""
    figures: Mapping[str, Interval]
    """By name, of `NAMES`: those that were predicted."""
    over_single: Mapping[str, Interval]
    """The hybrid's minus that system's, on the same items."""

    @classmethod
    def of(cls, recorded: object) -> PredictionRecord | None:
        """Read the block of a prediction; None where it is missing, incomplete or damaged.

        Nothing else of a run depends on it.
        """
        block = mapping(recorded)
        if block is None:
            return None
        run, items, single = text(block.get("run")), whole_number(block.get("items")), text(block.get("single"))
        figures = _figures(block.get("figures"))
        if run is None or items is None or items < 1 or single is None or not figures:
            return None
        return cls(run, items, single, figures, _figures(block.get("over_single")))


def _figures(recorded: object) -> dict[str, Interval]:
    block = mapping(recorded) or {}
    known = {name: _interval(block.get(name)) for name in NAMES}
    return {name: interval for name, interval in known.items() if interval is not None}


def _interval(recorded: object) -> Interval | None:
    if not isinstance(recorded, list) or len(recorded) != 3:
        return None
    estimate, low, high = (number(each) for each in recorded)
    if estimate is None or low is None or high is None or not low <= estimate <= high:
        return None
    return Interval(estimate, low, high)
