"""Selects the prices that the page can multiply: those that only one system's money depends on."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench.records.schema.price import PRICES
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.money.model import DECLARED
from wattbench_reports.metrics.money.prices import prices_of


def scalable_prices(analysis: Analysis) -> Mapping[str, Mapping[str, float]]:
    """Return by system the prices to which the money of that system alone is proportional.

    Left out: systems without a price, with a cost that an import declares or that is not known, and hybrids and what
    they ask, whose prices are in the money of several systems.
    """
    suite = analysis.frames.record.suite
    prices = prices_of(suite, analysis.basis.systems, analysis.assumptions.prices)
    asked_by_others = {name for settings in suite.systems.values() for name in settings.asks}
    scalable: dict[str, Mapping[str, float]] = {}
    for name, bill in analysis.charges.items():
        price = prices.by_system.get(name)
        hybrid = name in suite.systems and bool(suite.systems[name].asks)
        declared = bill.currency is None or bool(bill.why_none) or DECLARED in bill.parts
        if price is None or hybrid or declared or name in asked_by_others:
            continue
        values = {key: getattr(price, key) for key in PRICES}
        scalable[name] = {key: float(value) for key, value in values.items() if value}
    return {name: values for name, values in scalable.items() if values}
