"""The prices by which a run's money is computed."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.money.prices import prices_of
from wattbench_reports.tables.price_record import PriceRecord


def current_prices(analysis: Analysis) -> Mapping[str, PriceRecord]:
    """Return the price of each priced system: the reader's price, else the recorded price."""
    frames = analysis.frames
    return prices_of(frames.record.suite, frames.systems, analysis.assumptions.prices).by_system
