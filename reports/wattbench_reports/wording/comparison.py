"""The figures of a comparison row in words: shared by the terminal, Markdown and the page."""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Comparison, SystemFigures
from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

NO_REGION = "no region set"
NOT_KNOWN = "not known"
"""Where the file of the suite's intensities cannot be used."""


def accuracy(figures: SystemFigures) -> str:
    """``45.0% [32.5, 58.1]``; a dash where nobody scored it."""
    low, high = figures.accuracy_low, figures.accuracy_high
    if figures.accuracy is None or low is None or high is None:
        return units.NONE
    return units.percent_interval(Interval(figures.accuracy, low, high))


def j_per_correct(figures: SystemFigures) -> str:
    """``21.3 [16.9, 28.8] J``; ``none correct`` where there are joules and no correct answer to divide them by."""
    low, high = figures.j_per_correct_low, figures.j_per_correct_high
    if figures.j_per_correct is None or low is None or high is None:
        unknown = figures.energy_j_per_request is None or figures.accuracy is None
        return units.NONE if unknown else "none correct"
    return units.quantity_interval(Interval(figures.j_per_correct, low, high), "J")


def tail(figures: SystemFigures, share: float) -> str:
    """Word one percentile of a system's latency: ``1.16 s``; a dash where its requests do not support it."""
    return units.quantity(figures.latency_s(share), "s")


def co2(figures: SystemFigures, comparison: Comparison) -> str:
    """Grams of the energy of 1,000 requests: ``0.92 g``; `NO_REGION` where no grid is named."""
    if comparison.carbon is None:
        return NOT_KNOWN if _unusable(comparison) else NO_REGION
    return units.quantity(figures.co2_g_per_1000, "g")


def sci(figures: SystemFigures) -> str:
    """``1.04 [0.82, 1.38] mg`` per correct answer; a dash where there is none."""
    low, high = figures.sci_g_per_correct_low, figures.sci_g_per_correct_high
    if figures.sci_g_per_correct is None or low is None or high is None:
        return units.NONE
    return units.quantity_interval(Interval(figures.sci_g_per_correct, low, high), "g")


def cost(figures: SystemFigures) -> str:
    """``0.00123``, in the currency of what was imported; a dash where it does not tell."""
    return units.NONE if figures.cost_per_request is None else units.digits(figures.cost_per_request)


YEAR = {
    "year-kwh": "Energy, with PUE",
    "year-bill": "Electricity bill",
    "year-energy-g": "CO2e of energy",
    "year-made-g": "CO2e of manufacture",
    "training-g": "CO2e of training, once",
    "year-g": "CO2e, first year",
}
"""What a year of requests takes: a figure's name on the page, and its heading."""


def year(figures: Year | None, currency: str) -> dict[str, str]:
    """The figures of `YEAR`; dashes where the system has no joules, or a figure is not known."""
    if figures is None:
        return dict.fromkeys(YEAR, units.NONE)
    return {
        "year-kwh": units.quantity(1000 * figures.energy_kwh, "Wh"),
        "year-bill": units.NONE if figures.cost is None else f"{units.digits(figures.cost)} {currency}",
        "year-energy-g": units.quantity(figures.operational_g, "g"),
        "year-made-g": units.quantity(figures.embodied_g, "g"),
        "training-g": units.quantity(figures.training_g, "g"),
        "year-g": units.quantity(figures.total_g, "g"),
    }


def year_line(comparison: Comparison) -> str:
    """``A year of 1,000,000 requests; mix of domains: every item counts the same``; empty where there is nothing."""
    asked = comparison.workload
    if asked is None or not comparison.years:
        return ""
    return f"A year of {asked.requests_per_year:,.15g} requests; mix of domains: {asked.describe_mix()}"


def year_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Each system's name and its figures of `YEAR`, in their order."""
    currency = "" if comparison.workload is None else comparison.workload.currency
    return [(each.system, *year(comparison.years.get(each.system), currency).values()) for each in comparison.systems]


def energy(figures: SystemFigures) -> str:
    """The provenance of the joules: ``counter``; ``no energy`` where there are none."""
    return figures.energy_provenance or "no energy"


def valid(figures: SystemFigures) -> str:
    """``valid`` or ``NOT VALID``; ``imported`` where there was nothing to judge."""
    if figures.imported:
        return "imported"
    return "valid" if figures.valid else "NOT VALID"


def carbon_line(comparison: Comparison) -> str:
    """What the grams of energy rest on, or how to have some."""
    if comparison.carbon is None:
        if _unusable(comparison):
            return "CO2: not stated, as the file of intensities cannot be used."
        return f"CO2: {NO_REGION}. Name a grid with --region, such as --region DEU."
    return f"CO2: {comparison.carbon.describe()}."


def sci_line(comparison: Comparison) -> str:
    """The SCI of each system and what manufacture is taken for; empty where none is declared, or nothing has one."""
    made = None if comparison.carbon is None else comparison.carbon.embodied
    figures = [f"{each.system} {sci(each)}" for each in comparison.systems if each.sci_g_per_correct is not None]
    if made is None or not figures:
        return ""
    return (
        f"SCI (ISO/IEC 21031:2024), CO2e per correct answer with manufacture: {'; '.join(figures)}. Manufacture: "
        f"{made.describe()}."
    )


def _unusable(comparison: Comparison) -> bool:
    return any(caveat.code == "no-intensity" for caveat in comparison.caveats)
