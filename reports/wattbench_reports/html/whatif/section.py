"""The section *What if*: a year of requests, what would change the verdict, and the controls for other settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.html.whatif.embedded_data import carried_offer
from wattbench_reports.html.whatif.restated_figures import command, eligible, restated
from wattbench_reports.html.whatif.tipping_points import Lead, Tipping, tippings
from wattbench_reports.sections.model import Passage, Section
from wattbench_reports.sections.restate_key import key
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.wording.comparison import YEAR

_LEAD = (
    "Energy, cost and CO2e of a year of requests. Joules and answers were measured; the grid, PUE, manufacture, the "
    "price, the number of requests and the mix of domains are assumptions that can be changed."
)


def what_if_section(analysis: Analysis) -> Section | None:
    """Make the section; None where no system has joules."""
    if not analysis.comparison.years:
        return None
    texts = restated(analysis)
    passages = [Passage("", (), (_year_table(analysis, texts),))]
    if by_domain := tippings(analysis):
        passages.append(_tipping_passage(by_domain))
    return Section(
        "what-if",
        "What if",
        "A year of requests, and what would change the verdict",
        _LEAD,
        tuple(passages),
        line="other grids, prices, domains and requirements",
    )


def _year_table(analysis: Analysis, texts: dict[str, str]) -> Table:
    rows = []
    for index, figures in enumerate(analysis.comparison.systems):
        cells = (Cell(texts[key(index, name)], restates=key(index, name)) for name in YEAR)
        rows.append((Cell(figures.system, series=index, detail=figures.kind), *cells))
    return Table(
        caption="A year of requests",
        columns=(Column("System"), *(Column(label, numeric=True) for label in YEAR.values())),
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


def controls(analysis: Analysis) -> Controls:
    """Read the settings that the page was made with."""
    texts, offer = restated(analysis), carried_offer(analysis)
    mix = list(zip(analysis.basis.domains, analysis.shares_now.tolist(), strict=True))
    movable = len(mix) > 1 and bool(eligible(analysis))
    price = analysis.workload.price_per_kwh
    return Controls(
        regions=offer.regions,
        pue=units.plain(analysis.pue),
        embodied=offer.declared,
        offered=offer.described,
        price="" if price is None else units.plain(price),
        currency=analysis.workload.currency,
        requests=units.plain(analysis.workload.requests_per_year),
        weights=tuple((name, units.plain(100 * share, 3)) for name, share in mix) if movable else (),
        command=command(analysis),
        mix=texts["mix"],
        leaders=(("Lowest CO2e in the first year", "least-grams", texts["least-grams"]),),
    )
