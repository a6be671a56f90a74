"""Format the metrics of a comparison row, for the terminal, Markdown and the page."""

from __future__ import annotations

from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.metrics.metric import SHARE_UNIT, Metric
from wattbench_reports.metrics.money import ELECTRICITY
from wattbench_reports.metrics.registry import ACCURACY, ADDED, COST_PER_CORRECT, JOULES_PER_CORRECT
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.stats import Interval

NO_REGION = "no region set"
NOT_AVAILABLE = "not available"
"""Shown where the suite's file of intensities cannot be used."""


def accuracy(figures: SystemFigures) -> str:
    """Format accuracy: ``45.0% [32.5, 58.1]``; a dash where it is not scored."""
    return units.percent_interval(figures.interval(ACCURACY))


def intervals_line(comparison: Comparison) -> str:
    """Say what the brackets hold: other items of the same tasks, and time where there are blocks."""
    blocks = max((each.blocks for each in comparison.systems), default=1)
    least = min((each.blocks for each in comparison.systems), default=1)
    if comparison.cluster is not None:
        of = f"other tasks of the kind, clustered by {units.plural(blocks, comparison.cluster)}"
    elif least > 1:
        number = units.plural(blocks, "block") if least == blocks else f"{least} to {blocks} blocks"
        of = f"other items of the same tasks, clustered by {number}, so that time is in them"
    else:
        of = "other items of the same tasks; time is not in these intervals: one block"
    few = (
        f" {units.FEW}: {FEW_MEANS}."
        if any(each.j_per_correct_few or each.cost_few for each in comparison.systems)
        else ""
    )
    return f"Brackets: 95% confidence intervals for {of}.{few}"


FEW_MEANS = (
    "the joules or the money are those of few items (worth fewer than 30 equal ones), so the bounds may be too narrow"
)
"""What the mark of an interval says."""


def another_run_line(comparison: Comparison) -> str:
    """State joules per correct answer for another run on this machine, or that it is not known."""
    known = [
        f"{each.system} {units.quantity_interval(Interval(each.j_per_correct, low, high), 'J')}"
        for each in comparison.systems
        if each.j_per_correct is not None
        and (low := each.j_per_correct_another_run_low) is not None
        and (high := each.j_per_correct_another_run_high) is not None
    ]
    if all(each.imported for each in comparison.systems) or all(
        each.j_per_correct is None for each in comparison.systems
    ):
        return ""
    if not known:
        return "Another run on this machine: not known: one session."
    record = comparison.sessions
    source = "" if record is None or not record.source else f", {record.source}"
    sessions = max(each.sessions for each in comparison.systems)
    return (
        f"Another run on this machine ({units.plural(sessions, 'session')}{source}), joules per correct answer: "
        f"{'; '.join(known)}."
    )


def own_cpu(figures: SystemFigures) -> str:
    """Format CPU seconds per request: ``1.24 s``; a dash where they were not recorded."""
    return units.quantity(figures.own_cpu_s_per_request, "s")


def has_own_cpu(comparison: Comparison) -> bool:
    """Return whether CPU seconds were recorded of any system, so that tables have a column for them."""
    return any(each.own_cpu_s_per_request is not None for each in comparison.systems)


def j_per_correct(figures: SystemFigures) -> str:
    """Format joules per correct answer: ``21.3 [16.9, 28.8] J``; ``none correct`` if there is no correct answer."""
    interval = figures.interval(JOULES_PER_CORRECT)
    if interval is None and figures.energy_j_per_request is not None and figures.accuracy is not None:
        return "none correct"
    return units.quantity_interval(interval, "J")


def added_metrics(comparison: Comparison) -> tuple[Metric, ...]:
    """Return the added metrics that are known of any system, so that tables have columns for them."""
    return tuple(metric for metric in ADDED if any(metric.name in each.added for each in comparison.systems))


def added_cell(figures: SystemFigures, metric: Metric) -> str:
    """Format an added metric: ``1.91 [1.80, 2.05] J``; a dash where it is not known."""
    interval = figures.added.get(metric.name)
    if metric.unit == SHARE_UNIT:
        return units.percent_interval(interval)
    return units.quantity_interval(interval, metric.unit)


def added_line(comparison: Comparison) -> str:
    """Define the added metrics: ``Joules per output token: ...``; empty without any."""
    return " ".join(f"{units.capital(metric.label)}: {metric.definition}." for metric in added_metrics(comparison))


def latency(figures: SystemFigures | Measures, share: float) -> str:
    """Word a percentile of a system's latency: ``1.16 [1.02, 1.31] s``; a dash where its requests do not support it."""
    return units.quantity_interval(figures.latency_interval(share), "s")


def latency_bounds(figures: SystemFigures, share: float) -> str:
    """Word the bounds of a percentile alone: ``[1.02, 1.31] s``; nothing where there is none."""
    return latency(figures, share).partition(" ")[2]


def co2(figures: SystemFigures, comparison: Comparison) -> str:
    """Format grams per 1,000 requests: ``0.92 g``; `NO_REGION` where no grid is set, a dash without joules."""
    if figures.energy_j_per_request is None:
        return units.NONE
    if comparison.carbon is None:
        return NOT_AVAILABLE if _unusable(comparison) else NO_REGION
    return units.quantity(figures.co2_g_per_1000, "g")


def sci(figures: SystemFigures) -> str:
    """Format grams per correct answer: ``1.04 [0.82, 1.38] mg``; a dash where there are none."""
    return units.quantity_interval(figures.interval("sci"), "g")


def has_joules(comparison: Comparison) -> bool:
    """Return whether any system has joules, so that tables have columns for them."""
    return any(each.energy_j_per_request is not None for each in comparison.systems)


def has_cost(comparison: Comparison) -> bool:
    """Return whether a cost is known of any system, so that tables have a column for it."""
    return any(each.cost_per_request is not None for each in comparison.systems)


def has_price(comparison: Comparison) -> bool:
    """Return whether any cost holds more than electricity, whose cost is the joules at one price."""
    money = comparison.money
    return money is not None and any(each.parts.keys() - {ELECTRICITY} for each in money.systems.values())


def cost_scale(comparison: Comparison, noun: str = "correct answer") -> tuple[float, str]:
    """Return for how many requests, or correct answers, costs are stated: the same for all systems."""
    correct = noun != "request"
    costs = (each.cost_per_correct if correct else each.cost_per_request for each in comparison.systems)
    return units.money_scale(costs, noun)


def cost_per_correct(figures: SystemFigures, comparison: Comparison) -> str:
    """Format money per correct answer, at `cost_scale`: ``1.23 [1.02, 1.51] EUR``; ``none correct`` if none is."""
    interval = figures.interval(COST_PER_CORRECT)
    if interval is None:
        unknown = figures.cost_per_request is None or figures.accuracy is None
        return units.NONE if unknown else "none correct"
    return units.money_interval(interval.times(cost_scale(comparison)[0]), figures.cost_currency or "")


def many_per_correct(figures: SystemFigures, comparison: Comparison) -> str:
    """Format money per correct answer, with the number of answers: ``1.23 [1.02, 1.51] EUR per 1,000``."""
    text, number = cost_per_correct(figures, comparison), cost_scale(comparison)[1].partition("correct")[0].strip()
    return f"{text} per {number}" if number and figures.cost_per_correct is not None else text


def cost_per_request(figures: SystemFigures, comparison: Comparison) -> str:
    """Format money per request, with their number: ``1.20 EUR per 1,000 requests``; a dash if not known."""
    if figures.cost_per_request is None:
        return units.NONE
    factor, many = cost_scale(comparison, "request")
    return f"{units.money(factor * figures.cost_per_request, figures.cost_currency or '')} per {many}"


def cost_heading(comparison: Comparison) -> str:
    """Head a column of `cost_per_correct`: ``cost per 1,000 correct``."""
    return f"cost per {cost_scale(comparison, 'correct')[1].removesuffix('s')}"


def cost_line(comparison: Comparison) -> str:
    """Name the parts of the money, the sources of the prices, and the systems without a cost."""
    money = comparison.money
    if money is None:
        return ""
    by_source: dict[str, list[str]] = {}
    for name, each in money.systems.items():
        if not each.why_none:
            paid = units.listed(tuple(each.parts)) or "nothing"
            dated = f" of {each.date}" if each.date else ""
            source = f", by {each.source}{dated}" if each.source else ""
            by_source.setdefault(f"{paid}{source}", []).append(name)
    paid_for = "; ".join(f"{units.named(names)}: {what}" for what, names in by_source.items())
    unknown: dict[str, list[str]] = {}
    for name, each in money.systems.items():
        if each.why_none:
            unknown.setdefault(each.why_none, []).append(name)
    lines = [f"Costs in {money.currency}. Of {paid_for}."] if paid_for else []
    lines += [f"No cost of {units.named(names)}: {why}." for why, names in unknown.items()]
    return " ".join([*lines, *money.notes])


YEAR = {
    "year-kwh": "Energy, with PUE",
    "year-bill": "Electricity cost",
    "year-energy-g": "CO2e of energy",
    "year-made-g": "CO2e of manufacture",
    "training-g": "CO2e of training, once",
    "year-g": "CO2e, first year",
}
"""Metrics of a year of requests: key on the page and column heading."""


YEAR_COST = "All costs"
"""Heading of what all requests of a year cost, where it is known of any system."""


def has_year_cost(comparison: Comparison) -> bool:
    """Return whether the cost of a year is known of any system, and is more than its electricity."""
    return has_price(comparison) and any(each.money is not None for each in comparison.years.values())


def year_headings(comparison: Comparison) -> tuple[str, ...]:
    """List the headings of `year_rows`, after the system's."""
    return (*YEAR.values(), *((YEAR_COST,) if has_year_cost(comparison) else ()))


def year(figures: Year | None, currency: str) -> dict[str, str]:
    """Format the metrics of `YEAR`; a dash where one is not known."""
    if figures is None:
        return dict.fromkeys(YEAR, units.NONE)
    return {
        "year-kwh": units.quantity(None if figures.energy_kwh is None else 1000 * figures.energy_kwh, "Wh"),
        "year-bill": units.money(figures.cost, currency),
        "year-energy-g": units.quantity(figures.operational_g, "g"),
        "year-made-g": units.quantity(figures.embodied_g, "g"),
        "training-g": units.quantity(figures.training_g, "g"),
        "year-g": units.quantity(figures.total_g, "g"),
    }


def year_line(comparison: Comparison) -> str:
    """Describe the year: ``A year of 1,000,000 requests; mix of domains: ...``; empty where there is none."""
    workload = comparison.workload
    if workload is None or not comparison.years:
        return ""
    return f"A year of {workload.requests_per_year:,.15g} requests; mix of domains: {workload.describe_mix()}"


def year_cost(of_year: Year | None, figures: SystemFigures) -> str:
    """Format the money of a year of requests; a dash where it is not known."""
    return units.money(None if of_year is None else of_year.money, figures.cost_currency or "")


def year_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """List each system's name and its metrics of `year_headings`, in their order."""
    currency = "" if comparison.workload is None else comparison.workload.currency
    costed = has_year_cost(comparison)
    rows = []
    for each in comparison.systems:
        of_year = comparison.years.get(each.system)
        cost = (year_cost(of_year, each),) if costed else ()
        rows.append((each.system, *year(of_year, currency).values(), *cost))
    return rows


def energy(figures: SystemFigures) -> str:
    """Name the provenance of the joules: ``counter``; ``no energy`` where there are none."""
    return figures.energy_provenance or "no energy"


def valid(figures: SystemFigures) -> str:
    """Say ``valid`` or ``NOT VALID``; ``imported`` where there are no windows."""
    if figures.imported:
        return "imported"
    return "valid" if figures.valid else "NOT VALID"


def carbon_line(comparison: Comparison) -> str:
    """Describe the carbon intensity used, or how to set one; empty where no system has joules."""
    if not has_joules(comparison):
        return ""
    if comparison.carbon is None:
        if _unusable(comparison):
            return "CO2: not available, because the file of intensities cannot be used."
        return f"CO2: {NO_REGION}. Set one with --region, such as --region DEU."
    return f"CO2: {comparison.carbon.describe()}."


def sci_line(comparison: Comparison) -> str:
    """List the SCI of each system and the manufacture assumed; empty without declared manufacture or without SCI."""
    made = None if comparison.carbon is None else comparison.carbon.embodied
    figures = [f"{each.system} {sci(each)}" for each in comparison.systems if each.sci_g_per_correct is not None]
    if made is None or not figures:
        return ""
    return (
        f"SCI (ISO/IEC 21031:2024), CO2e per correct answer including manufacture: {'; '.join(figures)}. "
        f"Manufacture: {made.describe()}."
    )


def _unusable(comparison: Comparison) -> bool:
    return any(caveat.code == "no-intensity" for caveat in comparison.caveats)
