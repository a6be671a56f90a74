"""Prices for runs and gates that are written already: a price changes nothing but how a record is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.records import RunLayout

EUR = {"currency": "EUR", "source": "the price list", "date": "2026-11-25"}


def with_prices(root: Path, prices: Mapping[str, Mapping[str, Any]], workload: Mapping[str, Any] | None = None) -> Path:
    """Give systems of a run prices, in EUR unless they name another currency; return the run's directory.

    Args:
        root: of the run, which is changed in place.
        prices: system to its price.
        workload: settings of the workload, such as `price_per_kwh`.
    """
    path = RunLayout(root).header
    header = json.loads(path.read_text(encoding="utf-8"))
    for name, price in prices.items():
        header["suite"].setdefault("systems", {}).setdefault(name, {})["price"] = {**EUR, **price}
    header["suite"]["suite"].setdefault("workload", {}).update(workload or {})
    path.write_text(json.dumps(header), encoding="utf-8")
    return root
