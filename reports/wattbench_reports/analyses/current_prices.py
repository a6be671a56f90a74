"""The prices by which a run's money is computed."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench.records.schema.price import Price
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.money.prices import prices_of


def current_prices(analysis: Analysis) -> Mapping[str, Price]:
    """Return the price of each priced system: the reader's price, else the recorded price."""
    frames = analysis.frames
    return prices_of(frames.record.suite, frames.systems, analysis.assumptions.prices).by_system
