"""Word water, abiotic depletion and primary energy, for the terminal, Markdown, notebooks and the page."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.formatting import units
from wattbench_reports.metrics.impacts.factors import ELECTRICITY, MANUFACTURE, SITE
from wattbench_reports.metrics.impacts.quantities import ADPE, PRIMARY_ENERGY, WATER, Quantity
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.stats import Interval

TITLE = "Water, abiotic depletion and primary energy of 1,000 requests"
REQUESTS = 1000
HEADS = {WATER: "water", ADPE: "ADPe", PRIMARY_ENERGY: "primary energy"}
"""Of columns; `abiotic depletion of elements` takes too much of a terminal's line."""
PARTS = {SITE: "site", ELECTRICITY: "electricity", MANUFACTURE: "manufacture"}
NOTE = (
    "ADPe: abiotic depletion potential of elements, in antimony equivalent. Brackets: 95% confidence intervals of the "
    "joules; the errors of the factors are not in them."
)


def title(comparison: Comparison) -> str:
    """Return the heading of the table; under load it names the one rate that is compared."""
    load = comparison.load
    return TITLE if load is None else f"{TITLE}, at {units.digits(load.compared.offered_per_s)} requests per second"


def head(comparison: Comparison) -> tuple[str, ...]:
    """List the headings of `rows`."""
    quantities = () if comparison.impacts is None else comparison.impacts.quantities
    return ("system", *(HEADS[each] for each in quantities))


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """List each system's name and its quantities for 1,000 requests; empty where none is stated."""
    return [(name, *(of_requests(each) for each in stated)) for name, stated in comparison.impacts_of.items() if stated]


def lines(comparison: Comparison) -> Iterator[str]:
    """Name the parts of each quantity, with their sources, and those not included; nothing where none is stated."""
    if comparison.impacts is None or not comparison.impacts_of:
        return
    for quantity in comparison.impacts.quantities:
        name = f"{quantity.name[0].upper()}{quantity.name[1:]}"
        yield f"{name}: {comparison.impacts.describe(quantity)}."
    yield NOTE


def of_requests(impact: SystemImpact) -> str:
    """Format a quantity of 1,000 requests: ``1.23 [1.17, 1.30] mL``; a dash where it is not known."""
    return _shown(impact.quantity, impact.per_request, REQUESTS)


def of_correct(impact: SystemImpact) -> str:
    """Format a quantity per correct answer."""
    return _shown(impact.quantity, impact.per_correct, 1)


def of_part(impact: SystemImpact, part: str) -> str:
    """Format a part of a quantity of 1,000 requests: ``not included`` where no source names it."""
    if part not in impact.parts:
        return "not included"
    mean = impact.parts[part]
    shown = None if mean is None else mean * REQUESTS * impact.quantity.shown_per_unit
    return units.quantity(shown, impact.quantity.shown_unit)


def _shown(quantity: Quantity, interval: Interval | None, number: float) -> str:
    if interval is None:
        return units.NONE
    return units.quantity_interval(interval.times(number * quantity.shown_per_unit), quantity.shown_unit)
