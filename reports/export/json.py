"""JSON: all columns at full precision, with the caveats and the carbon factor behind them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reports.compare import Comparison
from reports.export.plain import placement_row, plain_row
from reports.placement import Ranked


def as_json(comparison: Comparison) -> str:
    """An object: ``{"run", "suite", "carbon" | null, "systems": [columns], "caveats": [{code, text, systems}]}``.

    Of a comparison that ranks: also ``{"runs": [{run, suite, created_utc}], "across": [part], "differences": [{part,
    forbids, sides: [{systems, value}], overridden}], "standings": [{figure, group, places: [{system, value, beaten}]}],
    "fingerprints": {system: {sha256, parts: {part: {what: value}}}}}``, and the columns of a system's placement.

    A figure that does not exist, and a bound that is infinite, are null.
    """
    document: dict[str, Any] = {
        "run": comparison.run,
        "suite": comparison.suite,
        "carbon": None if comparison.carbon is None else asdict(comparison.carbon),
        "systems": [
            plain_row(figures) | placement_row(comparison, place) for place, figures in enumerate(comparison.systems)
        ],
        "caveats": [asdict(caveat) for caveat in comparison.caveats],
    }
    if comparison.ranked is not None:
        document |= _ranked(comparison.ranked)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _ranked(ranked: Ranked) -> dict[str, Any]:
    return {
        "runs": [asdict(run) for run in ranked.runs],
        "across": list(ranked.across),
        "differences": [asdict(divide) for divide in ranked.divides],
        "standings": [asdict(standing) for standing in ranked.standings],
        "fingerprints": {
            name: {"sha256": each.short, "parts": {part: dict(value.facts) for part, value in each.parts.items()}}
            for name, each in ranked.prints.items()
        },
    }
