"""JSON: all columns at full precision, with the caveats and the carbon factor behind them."""

from __future__ import annotations

import json
from dataclasses import asdict

from reports.compare import Comparison
from reports.export.plain import plain_row
from reports.splits import SystemSplit


def as_json(comparison: Comparison) -> str:
    """An object: ``{"run", "suite", "carbon" | null, "energy_by_component": {system: {component: {...}}},
    "systems": [columns], "caveats": [{code, text, systems}]}``.

    A figure that does not exist, and a bound that is infinite, are null.
    """
    document = {
        "run": comparison.run,
        "suite": comparison.suite,
        "carbon": None if comparison.carbon is None else asdict(comparison.carbon),
        "energy_by_component": {name: _by_component(split) for name, split in comparison.splits.items()},
        "systems": [plain_row(figures) for figures in comparison.systems],
        "caveats": [asdict(caveat) for caveat in comparison.caveats],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _by_component(split: SystemSplit) -> dict[str, dict[str, object]]:
    """Joules per request. Those that are not `in_total` lie inside one that is, and are not to be added."""
    return {
        part.name: {
            "energy_j_per_request": part.j_per_request,
            "energy_above_idle_j_per_request": part.above_idle_j_per_request,
            "energy_provenance": part.provenance,
            "in_total": part.in_total,
        }
        for part in split.components
    }
