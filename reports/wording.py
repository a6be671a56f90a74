"""The figures of a comparison row in words: shared by the terminal, Markdown and the page."""

from __future__ import annotations

from reports import units
from reports.compare import Comparison, SystemFigures
from reports.stats import Interval

NO_REGION = "no region set"


def accuracy(figures: SystemFigures) -> str:
    """``45.0% [32.5, 58.1]``."""
    return units.percent_interval(Interval(figures.accuracy, figures.accuracy_low, figures.accuracy_high))


def j_per_correct(figures: SystemFigures) -> str:
    """``21.3 [16.9, 28.8] J``; ``none correct`` where there are joules and no correct answer to divide them by."""
    low, high = figures.j_per_correct_low, figures.j_per_correct_high
    if figures.j_per_correct is None or low is None or high is None:
        return units.NONE if figures.energy_j_per_request is None else "none correct"
    return units.quantity_interval(Interval(figures.j_per_correct, low, high), "J")


def co2(figures: SystemFigures, comparison: Comparison) -> str:
    """Grams per 1,000 requests: ``0.92 g``; `NO_REGION` where no grid is known."""
    return NO_REGION if comparison.carbon is None else units.quantity(figures.co2_g_per_1000, "g")


def energy(figures: SystemFigures) -> str:
    """The provenance of the joules: ``counter``; ``no energy`` where there are none."""
    return figures.energy_provenance or "no energy"


def valid(figures: SystemFigures) -> str:
    """``valid`` or ``NOT VALID``."""
    return "valid" if figures.valid else "NOT VALID"


def carbon_line(comparison: Comparison) -> str:
    """Which grid the grams are for, or how to name one."""
    if comparison.carbon is None:
        return f"CO2: {NO_REGION}. Name a grid with --region, such as --region DEU."
    return f"CO2: {comparison.carbon.describe()}."
