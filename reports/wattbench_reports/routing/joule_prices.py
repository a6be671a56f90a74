"""Price a joule of the machine in the unit of a study, for routers and idle systems."""

from __future__ import annotations

import numpy as np

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.cost_basis import GRAMS_PER_TONNE
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.carbon.sci import WEIGHED, energy_parts
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import Worth


def grams_per_joule(analysis: Analysis) -> float | None:
    """Return grams of CO2 equivalent, without manufacture; None without an intensity.

    An intensity by the hour is taken as the joules of the run had it on average.
    """
    carbon = analysis.comparison.carbon
    if carbon is None:
        return None
    parts = energy_parts(carbon)
    if WEIGHED not in parts:
        return parts["energy_j"]
    weighed, joules = analysis.sums[WEIGHED], analysis.table.energy_j
    known = np.isfinite(weighed)
    total_j = float(joules[known].sum())
    return parts[WEIGHED] * float(weighed[known].sum()) / total_j if total_j > 0 else None


def money_per_joule(analysis: Analysis) -> float | None:
    """Return the price of a joule in the currency of the run, PUE included; None without such a price."""
    tariff, workload = analysis.tariff, analysis.workload
    if tariff is None or workload.price_per_kwh is None or workload.currency != tariff.currency:
        return None
    return workload.price_per_kwh * analysis.pue / JOULES_PER_KWH


def cost_per_joule(analysis: Analysis, unit: CostUnit, worth: Worth | None) -> float | None:
    """Return what a joule costs in the unit of a study; None where that is not known.

    Args:
        analysis: of the run.
        unit: of the study.
        worth: with a carbon price, which costs in money include.
    """
    if unit == CostUnit.JOULES:
        return 1.0
    if unit == CostUnit.SECONDS:
        return None
    grams = grams_per_joule(analysis)
    if unit == CostUnit.GRAMS:
        return grams
    money = money_per_joule(analysis)
    if money is None or worth is None or not worth.carbon_per_tonne:
        return money
    return None if grams is None else money + grams * worth.carbon_per_tonne / GRAMS_PER_TONNE
