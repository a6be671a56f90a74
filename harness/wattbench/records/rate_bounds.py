"""Conclude from the bounds of a rate whether it is held in the long run.

A rate is *held in this minute* if it was held as it was seen. It is *held in the long run* only if these bounds show
it. The conclusion is `why_only_here`, and uses nothing but the bounds that are printed with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

RISK = 0.005
"""Of the lower bound of the share in time, one-sided. Half of LoadGen's 1% (loadgen/results.cc), as the number of
effective requests is itself an estimate."""
LEAST_EFFECTIVE = 200
"""Effective requests. With fewer, the correlation of a queue that is nearly full, or overloaded, is estimated from too
few of its busy periods: docs/why/held-rates.md. A random walk has about six, however long it is."""
TRANSIENT = 0.1
"""The share of the requests, at the beginning, that is left out: the queue begins empty. It is 22 or more times as long
as requests are correlated, where `LEAST_EFFECTIVE` is reached. It is stated and not estimated: a cut that is chosen by
the data leaves out the busy period that a run began with."""
GROWTH_P = 0.05
"""The backlog is taken to grow if a test of a trend has a smaller p."""


class Held(StrEnum):
    """Whether, and for how long, a system holds a rate of requests."""

    LONG_RUN = "in the long run"
    HERE = "in this minute"
    """As it was seen: no claim beyond, and no ranking uses it."""
    NOT_KNOWN = "not known"
    """The client was late, and may be the only cause of what was seen."""
    NO = "no"

    @classmethod
    def of(cls, *, held: bool, here: bool, client_late: bool) -> Held:
        """Return the state of a rate from what its row records: see `wattbench.records.rows.arrival_rates.LoadRow`."""
        if held:
            return cls.LONG_RUN
        if here:
            return cls.HERE
        return cls.NOT_KNOWN if client_late else cls.NO


@dataclass(frozen=True)
class RateBounds:
    """What the requests of a rate show of the long run.

    The last three are rounded down to the digits that are printed: what is concluded is what is read.
    """

    cut: int
    """Requests at the beginning that are left out, as the queue began empty."""
    requests: int
    """Those after them, of which all that follows is."""
    in_time: float
    """Their share in time, 0 to 1."""
    in_time_low: float
    """Its lower bound, in steps of 0.1%."""
    effective: int
    """As how many independent requests they count."""
    growth_p: float
    """Of the test that the backlog does not grow, in steps of 0.001; 1 where it was always the same."""

    def as_record(self) -> dict[str, float]:
        """Return the bounds as a record keeps them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, float]) -> RateBounds:
        """Build the bounds from a record.

        Raises:
            KeyError: one is missing.
        """
        kinds = {"int": int, "float": float}  # JSON's numbers are read as floats
        return cls(**{each.name: kinds[str(each.type)](record[each.name]) for each in fields(cls)})


def why_only_here(bounds: RateBounds | None, share: float) -> list[str]:
    """Return the reasons why a rate that was held here is not shown to be held in the long run; empty if it is.

    Args:
        bounds: what its requests show; None where they are too few for any.
        share: the share that has to be in time.
    """
    if bounds is None:
        return [f"its requests are too few: {LEAST_EFFECTIVE} independent ones are needed"]
    reasons = []
    if bounds.effective < LEAST_EFFECTIVE:
        reasons.append(
            f"its {bounds.requests:,} requests after the transient count as {bounds.effective:,} independent ones, "
            f"and {LEAST_EFFECTIVE} are needed"
        )
    if bounds.in_time_low < share:
        reasons.append(
            f"{100 * bounds.in_time:.1f}% of them are in time, and in the long run perhaps only "
            f"{100 * bounds.in_time_low:.1f}%"
        )
    if bounds.growth_p < GROWTH_P:
        reasons.append(f"the backlog grows (p = {bounds.growth_p:.3f})")
    return reasons


def effective_needed(share: float) -> int:
    """Return how many effective requests can show a share in time, if all of them are in time.

    `LEAST_EFFECTIVE`, or the smallest n with ``share ** n <= RISK``: 528 for a share of 99%.
    """
    return max(LEAST_EFFECTIVE, math.ceil(math.log(RISK) / math.log(share)))


def highest_load(requests: int, share: float) -> float:
    """Return the highest load at which this number of requests can show that a rate is held in the long run.

    A load is a share of what a system can serve; 0 where requests are too few at any. Nearly all are taken to be in
    time: where fewer are, it takes more of them. Requests per effective one grow as 1 / (1 - load)²: W. Whitt,
    "Planning queueing simulations", Management Science 35 (1989). That they are about 2 / (1 - load)² - 1 is of the
    queues of docs/why/held-rates.md, at loads of .5 to .95.
    """
    per_effective = (1.0 - TRANSIENT) * requests / effective_needed(share)
    return max(0.0, 1.0 - math.sqrt(2.0 / (per_effective + 1.0)))
