"""Say before a run which difference in accuracy its items can show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench_reports.presenter.model import Column, Passage, Table, numbers, text_rows
from wattbench_reports.stats import minimum_detectable_difference

SHARES = (0.1, 0.4)
"""Shares of the items that one of two systems gets right and the other wrong, between which most pairs are: much alike
systems (a model and its student) disagree on about a tenth, unlike ones on a third or more. How often those of a suite
will disagree is known after the run alone."""


@dataclass(frozen=True)
class DetectableAccuracy:
    """The minimum detectable difference in accuracy between two systems."""

    domain: str | None
    """None: all items together."""
    items: int
    differences: Mapping[float, float | None]
    """By the share of the items on which the two disagree: the smallest difference, 0 to 1, that exact McNemar finds in
    80% of runs at the 5% level; None where no difference can be found."""

    def as_record(self) -> dict[str, Any]:
        """Return the difference as plain data."""
        by_share = [
            {"disagreement_share": share, "accuracy_difference": smallest}
            for share, smallest in self.differences.items()
        ]
        return {"domain": self.domain, "items": self.items, "detectable": by_share}


def detectable_accuracy(items: Mapping[str, int], shares: Sequence[float] = SHARES) -> list[DetectableAccuracy]:
    """Return the detectable difference in accuracy over all items and, with several domains, in each domain.

    Args:
        items: domain to how many items the suite has of it.
        shares: of the items on which two systems disagree, 0 to 1.

    Returns:
        All items first.
    """
    groups = [(None, sum(items.values())), *(items.items() if len(items) > 1 else ())]
    return [
        DetectableAccuracy(
            domain, number, {share: minimum_detectable_difference(share, number) for share in sorted(shares)}
        )
        for domain, number in groups
        if number > 0
    ]


def detectable_passage(sizes: Sequence[DetectableAccuracy]) -> Passage:
    """Make the passage of detectable differences, in percentage points rounded up.

    Empty if no number of items is known.
    """
    if not sizes:
        return Passage()
    shares = list(sizes[0].differences)
    heads = ("items", *(f"if they disagree on {share:.0%}" for share in shares))
    rows = [
        ("all" if size.domain is None else size.domain, f"{size.items:,}", *map(_points, size.differences.values()))
        for size in sizes
    ]
    return Passage(
        tables=(
            Table(
                "difference in accuracy between two systems that is found in 80% of runs",
                (Column(""), *numbers(*heads)),
                text_rows(rows),
            ),
        )
    )


def _points(share: float | None) -> str:
    return "none" if share is None else f"{math.ceil(1000 * share - 1e-6) / 10:g} points"
