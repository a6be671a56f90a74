"""Write the recorded rates as tables of docs/data: one of each module, and one of all claims."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.adversaries.claim import Claim
from benchmarks.adversaries.figures import MODULES, Rate, claims_of, read
from benchmarks.written_tables import RATE_COLUMNS, Table, rate_row

MADE = "Made by tox -e calibration. error: standard error, clustered by run"


def tables() -> tuple[Table, ...]:
    """Return the tables of all recorded rates, and that of the claims."""
    return (*(table(module, claims_of(module), read(module)) for module in MODULES), _claims())


def table(module: str, claims: Sequence[Claim], rates: Sequence[Rate]) -> Table:
    """Return the rates of a module, by claim: in worlds that hold its assumption, then in those that do not."""
    rows = [
        rate_row(claim.key, rate.world, rate.holds, rate.runs, rate.rate, claim.least, claim.most)
        for claim in claims
        for holds in (True, False)
        for rate in rates
        if rate.claim == claim.key and rate.holds is holds
    ]
    return Table(module, MADE, RATE_COLUMNS, tuple(rows))


def _claims() -> Table:
    rows = [
        (each.key, f"{module}.csv", each.says, each.estimand, each.assumption, each.seen_by)
        for module in MODULES
        for each in claims_of(module)
    ]
    return Table("claims", MADE, ("claim", "rates", "says", "of", "assumes", "seen by"), tuple(rows))
