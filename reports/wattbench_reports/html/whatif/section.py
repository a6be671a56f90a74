"""Makes the section *What if*: a year of requests, what would change the verdict, and the controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.formatting import units
from wattbench_reports.html.whatif.embedded_data import Offer
from wattbench_reports.html.whatif.embedded_decision import scalable_prices
from wattbench_reports.html.whatif.restated_figures import eligible, restated_figures
from wattbench_reports.html.whatif.tipping_points import Lead, Tipping, tippings
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import Quantity, Worth
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, restate_key
from wattbench_reports.presenter.templating import own_file
from wattbench_reports.wording.comparison import YEAR, YEAR_COST, has_year_cost

_LEAST = "1e-15"
"""A number above 0."""
_ABOVE_0 = "{what}: a number above 0, or nothing."
_TIME = r"\s*[0-9]*\.?[0-9]+\s*(ms|s)\s*"
_NO_TIME = "p95: a time with its unit, such as 300ms or 0.3s, or nothing."
_SHARE = r"\s*((100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%|0?\.[0-9]+|[01](\.0*)?)\s*"
"""``80%`` or ``0.8``; a number above 1 needs its percent sign, as it could mean either."""
_NO_RISK = "Risk: a share above 0 and below 50%, such as 10% or 0.1."
_UNITS = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams CO2e", CostUnit.MONEY: "money", CostUnit.SECONDS: "seconds"}
_LEAD = (
    "Energy, cost and CO2e of a year of requests. Joules and answers were measured; the grid, PUE, manufacture, the "
    "price, the number of requests and the mix of domains are assumptions that can be changed."
)
_LEAD_WITHOUT_JOULES = (
    "The mix of domains is an assumption that can be changed. No system has joules, so that a year of requests has no "
    "energy, electricity cost or CO2e."
)
WHAT_IF = "what-if"
"""The id of the section, which a page with controls always has."""
PARTS = (
    "carried_data",
    "words",
    "sums",
    "distributions",
    "intervals",
    "ties",
    "verdict",
    "decision_words",
    "covarying",
    "costs",
    "checking",
    "choosing",
    "deciding",
    "geometry",
    "picture",
    "restated",
    "residents",
    "first_screen",
    "controls",
)
"""Files of `script/`, in the order in which they are joined: a part uses those before it, and the last one acts."""


def what_if_section(measured: Measured, comparison: Comparison) -> Section:
    """Make the section *What if*, without its controls."""
    texts = restated_figures(measured, comparison)
    passages = [Passage("", (), (_year_table(comparison, texts),))] if comparison.years else []
    if by_domain := tippings(measured):
        passages.append(_tipping_passage(by_domain))
    return Section(
        WHAT_IF,
        "What if",
        "A year of requests, and what would change the verdict",
        _LEAD if comparison.years else _LEAD_WITHOUT_JOULES,
        tuple(passages),
        line="other grids, prices, domains and requirements",
    )


def _year_table(comparison: Comparison, texts: dict[str, str]) -> Table:
    rows = []
    names = YEAR | ({"year-money": YEAR_COST} if has_year_cost(comparison) else {})
    for index, figures in enumerate(comparison.systems):
        cells = (Cell(texts[restate_key(index, name)], restates=restate_key(index, name)) for name in names)
        rows.append((Cell(figures.system, series=index, detail=figures.kind), *cells))
    return Table(
        caption="A year of requests",
        columns=(Column("System"), *(Column(label, numeric=True) for label in names.values())),
        rows=tuple(rows),
        note=(
            "Number of requests times joules per request, at the load and batch size of this run. A dash: price, "
            "intensity, manufacture or training not available. Training: recorded training of the system, counted "
            "once; pre-training of a base model only if declared. Idle time between requests is not included: see "
            "Fleet size."
        ),
    )


def _tipping_passage(by_domain: Sequence[Tipping]) -> Passage:
    table = Table(
        caption="Leading system as one domain's share of the requests goes from 0% to 100%",
        columns=(
            Column("Domain"),
            Column("Share now", numeric=True),
            Column("Fewest joules per correct answer"),
            Column("Most accurate"),
        ),
        rows=tuple(
            (Cell(each.domain), Cell(units.percent(each.share)), Cell(_leads(each.joules)), Cell(_leads(each.accuracy)))
            for each in by_domain
        ),
        note=(
            "The other domains keep their proportions. From point estimates, in steps of one percent: near a change "
            "of the lead the two systems are not distinguishable."
        ),
    )
    return Passage("Effect of the domain mix", (_steady(by_domain),), (table,))


def _leads(leads: Sequence[Lead]) -> str:
    if len(leads) == 1:
        return f"{leads[0].system} throughout"
    return "; ".join(f"{lead.system} from {100 * lead.from_share:.0f}%" for lead in leads)


def _steady(by_domain: Sequence[Tipping]) -> str:
    if all(len(each.joules) == 1 and len(each.accuracy) == 1 for each in by_domain):
        return "The same systems lead at every share of any single domain."
    turning = [each.domain for each in by_domain if len(each.joules) > 1 or len(each.accuracy) > 1]
    return f"Another system leads at some share of {units.named(turning)}."


@dataclass(frozen=True)
class NumberField:
    """A field of the form for a number, with or without a unit."""

    name: str
    label: str
    value: str
    """Empty: nothing is set."""
    least: str
    error: str
    """What to type, as a sentence."""
    pattern: str = ""
    """Regular expression of a number with its unit; empty: a plain number of at least `least`."""


@dataclass(frozen=True)
class Controls:
    """Initial values of the form."""

    regions: tuple[tuple[str, str], ...]
    """Code and country."""
    pue: str
    embodied: bool
    offered: str
    """Manufacture, in words."""
    price: str
    currency: str
    requests: str
    weights: tuple[tuple[str, str], ...]
    """Domain and its percent of the requests; empty where no other mix can be evaluated: there is one domain, or joules
    that are not comparable."""
    command: str
    mix: str
    leaders: tuple[tuple[str, str, str], ...]
    """Question, key and answer."""
    accuracies: tuple[tuple[str, str], ...]
    """Domain and the share of its answers that must be correct, as ``80%``; the first, without a domain, is over
    all."""
    share_pattern: str
    """Regular expression of a share."""
    bounds: tuple[NumberField, ...]
    """What else is required."""
    worths: tuple[NumberField, ...]
    prices: tuple[str, ...]
    """Systems whose prices can be multiplied."""
    units: tuple[tuple[str, str], ...]
    """Units of costs, with their labels; the first is that of the page."""


def controls(
    measured: Measured, paid: Paid, weighed: Weighed, texts: Mapping[str, str], offer: Offer, command: str
) -> Controls:
    """Return the initial values of the form: the settings that the page was made with.

    Args:
        measured, paid, weighed: of the run.
        texts: from `restated`.
        offer: from `carried_offer`.
        command: the command line that prints the values of the page.
    """
    mix = list(zip(measured.basis.domains, measured.shares_now.tolist(), strict=True))
    movable = len(mix) > 1 and bool(eligible(measured))
    price = measured.workload.price_per_kwh
    return Controls(
        regions=offer.regions,
        pue=units.plain(paid.pue),
        embodied=offer.declared,
        offered=offer.described,
        price="" if price is None else units.plain(price),
        currency=measured.workload.currency,
        requests=units.plain(measured.workload.requests_per_year),
        weights=tuple((name, units.plain(100 * share, 3)) for name, share in mix) if movable else (),
        command=command,
        mix=texts["mix"],
        leaders=(("Lowest CO2e in the first year", "least-grams", texts["least-grams"]),),
        accuracies=_accuracies(measured, weighed),
        share_pattern=_SHARE,
        bounds=_bounds(measured, paid, weighed),
        worths=_worths(measured, paid, weighed),
        prices=tuple(scalable_prices(measured, paid)),
        units=_units(weighed),
    )


def _currency(measured: Measured, paid: Paid) -> str:
    return measured.workload.currency if paid.money is None else paid.money.currency


def _accuracies(measured: Measured, weighed: Weighed) -> tuple[tuple[str, str], ...]:
    required = {each.domain: each.bound for each in weighed.settings.requirements if each.quantity == "accuracy"}
    unknown = [domain for domain in measured.frames.domains_left_out if domain in required]
    domains = (*(measured.basis.domains if len(measured.basis.domains) > 1 else ()), *unknown)
    return tuple(
        (domain or "", f"{units.plain(100 * required[domain], 12)}%" if domain in required else "")
        for domain in (None, *domains)
    )


def _bounds(measured: Measured, paid: Paid, weighed: Weighed) -> tuple[NumberField, ...]:
    required = {each.quantity: each.bound for each in weighed.settings.requirements if each.domain is None}
    labels: dict[Quantity, tuple[str, str, str]] = {
        "cost": ("max-cost", f"Cost per request at most, {_currency(measured, paid)}", _ABOVE_0.format(what="Cost")),
        "joules": ("max-joules", "Joules per request at most", _ABOVE_0.format(what="Joules")),
        "grams": ("max-grams", "Grams CO2e per request at most", _ABOVE_0.format(what="Grams")),
        "memory": ("max-memory", "Memory at most, GiB", _ABOVE_0.format(what="Memory")),
    }
    p95_s = required.get("p95")
    return (
        NumberField("max-p95", "p95 at most (300ms, 0.3s)", "" if p95_s is None else _time(p95_s), "", _NO_TIME, _TIME),
        *(
            NumberField(name, label, units.plain(required[quantity]) if quantity in required else "", _LEAST, error)
            for quantity, (name, label, error) in labels.items()
        ),
        NumberField(
            "risk", "Risk of a bound", f"{units.plain(100 * weighed.settings.risk, 12)}%", "", _NO_RISK, _SHARE
        ),
    )


def _time(seconds: float) -> str:
    """Write seconds with a unit, as the field takes them: ``300ms``, ``1.5s``."""
    return f"{units.plain(1000 * seconds, 12)}ms" if seconds < 1 else f"{units.plain(seconds, 12)}s"


def _worths(measured: Measured, paid: Paid, weighed: Weighed) -> tuple[NumberField, ...]:
    worth, currency = weighed.settings.worth or Worth(), _currency(measured, paid)
    return tuple(
        NumberField(name, f"{label}, {currency}", units.plain(value) if value else "", "0", f"{label}: 0 or more.")
        for name, label, value in (
            ("worth-right", "Worth of a right answer", worth.right),
            ("cost-wrong", "Cost of a wrong answer", worth.wrong),
            ("carbon-price", "Carbon price per tonne CO2e", worth.carbon_per_tonne),
        )
    )


def _units(weighed: Weighed) -> tuple[tuple[str, str], ...]:
    settings = weighed.settings
    # Seconds are offered where the page has their sums: where they are what is compared, or have a price.
    named = {str(unit): _UNITS[unit] for unit in CostUnit if unit != CostUnit.SECONDS or unit in weighed.costs}
    if settings.minimise is None:
        return (("", "as known"), *named.items())
    return tuple(sorted(named.items(), key=lambda each: each[0] != settings.minimise))


def script_of_page() -> str:
    """Return the JavaScript of the page, which updates values for other settings and does nothing else."""
    parts = (own_file(f"script/{name}.js", "wattbench_reports.html.whatif") for name in PARTS)
    return "\n".join(("(() => {", '"use strict";', *parts, "})();\n"))
