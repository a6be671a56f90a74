"""JSON: all columns at full precision, with the caveats and the carbon factor behind them."""

from __future__ import annotations

import json
from dataclasses import asdict

from reports.compare import Comparison
from reports.export.plain import plain_row


def as_json(comparison: Comparison) -> str:
    """An object: ``{"run", "suite", "carbon" | null, "systems": [columns], "caveats": [{code, text, systems}]}``.

    A figure that does not exist, and a bound that is infinite, are null.
    """
    document = {
        "run": comparison.run,
        "suite": comparison.suite,
        "carbon": None if comparison.carbon is None else asdict(comparison.carbon),
        "systems": [plain_row(figures) for figures in comparison.systems],
        "caveats": [asdict(caveat) for caveat in comparison.caveats],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
