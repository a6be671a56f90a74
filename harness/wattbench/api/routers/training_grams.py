"""Grams of CO2 equivalent of a training, by a suite's or a recipe's carbon settings, for its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench_reports.metrics.carbon import carbon_of_suite

if TYPE_CHECKING:
    from wattbench.config import Carbon
    from wattbench.train.metered import Grams


def training_grams(carbon: Carbon) -> Grams:
    """Return a function that maps joules to grams of CO2 equivalent, or None, and to the basis of the grams."""
    factor = carbon_of_suite(carbon)

    def grams(joules: float) -> tuple[float | None, str]:
        if factor is None:
            return None, "no region given"
        grams_or_none = factor.grams(joules)
        if grams_or_none is None:
            return None, "an hourly intensity cannot be applied to a whole training"
        return grams_or_none, factor.describe()

    return grams
