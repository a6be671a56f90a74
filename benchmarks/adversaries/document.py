"""Write the recorded rates as the tables of docs/rates.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.adversaries.claim import Claim
from benchmarks.adversaries.figures import MODULES, Rate, claims_of, read
from benchmarks.written_tables import Place, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "rates.md"


def with_tables(document: str) -> str:
    """Return the page with the recorded rates of every module in their places."""
    for module in MODULES:
        document = Place(module, "calibration").filled(document, tables(claims_of(module), read(module)))
    return document


def tables(claims: Sequence[Claim], rates: Sequence[Rate]) -> str:
    """Return the claims of a module, each with its rates: worlds that hold its assumption, then all that do not."""
    return "\n".join(_claim(each, [rate for rate in rates if rate.claim == each.key]) for each in claims)


SHOWN = 4
"""Of more worlds that hold the assumption, the page has the lowest and the highest rate; figures/ has all."""


def _claim(claim: Claim, rates: Sequence[Rate]) -> str:
    holding, broken = ([rate for rate in rates if rate.holds is holds] for holds in (True, False))
    named = [(rate.world, rate) for rate in holding]
    if len(holding) > SHOWN:
        ends = {"lowest": min(holding, key=_share), "highest": max(holding, key=_share)}
        named = [(f"the {which} of {len(holding)} worlds: {rate.world}", rate) for which, rate in ends.items()]
    rows = [
        [name, "holds" if rate.holds else "broken", f"{rate.runs:,}", rate.rate.text(claim.least, claim.most)]
        for name, rate in [*named, *((rate.world, rate) for rate in broken)]
    ]
    return f"**{claim.says}** Of: {claim.estimand}. Assumes that {claim.assumption}. {claim.seen_by}\n\n" + table(
        ["world", "assumption", "runs", "rate"], rows
    )


def _share(rate: Rate) -> float:
    return rate.rate.share
