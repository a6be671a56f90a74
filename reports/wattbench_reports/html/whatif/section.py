"""The section *What if*: a year of requests, what would change the verdict, and the controls that restate the page."""

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
    "What a year of requests takes on this work. Joules and answers were measured; the grid, the building, "
    "manufacture, the price, the number of requests and the mix of domains are assumptions, and can be others."
)


def what_if_section(analysis: Analysis) -> Section | None:
    """The table of a year and the shares at which another system would lead; None where no system has joules."""
    if not analysis.comparison.years:
        return None
    texts = restated(analysis)
    passages = [Passage("", (), (_year_table(analysis, texts),))]
    if found := tippings(analysis):
        passages.append(_tipping_passage(found))
    return Section("what-if", "What if", "What a year takes, and what would change the choice", _LEAD, tuple(passages))


def _year_table(analysis: Analysis, texts: dict[str, str]) -> Table:
    rows = []
    for place, figures in enumerate(analysis.comparison.systems):
        cells = (Cell(texts[key(place, name)], restates=key(place, name)) for name in YEAR)
        rows.append((Cell(figures.system, series=place, detail=figures.kind), *cells))
    return Table(
        caption="A year of requests, as many as are set",
        columns=(Column("System"), *(Column(label, numeric=True) for label in YEAR.values())),
        rows=tuple(rows),
        note=(
            "Requests times the joules of one, at the load and with the batch of this run. A dash: no price, no "
            "intensity, no manufacture or no training is known. Training is what is on record as trained for a system, "
            "and counts once; the pre-training of a base is in it only where that was declared. Idle between requests "
            "is not in it: see the fleet."
        ),
    )


def _tipping_passage(found: Sequence[Tipping]) -> Passage:
    table = Table(
        caption="Who leads, as one domain's share of the requests goes from none to all",
        columns=(
            Column("Domain"),
            Column("Share now", numeric=True),
            Column("Fewest joules per correct answer"),
            Column("Most accurate"),
        ),
        rows=tuple(
            (Cell(each.domain), Cell(units.percent(each.share)), Cell(_leads(each.joules)), Cell(_leads(each.accuracy)))
            for each in found
        ),
        note=(
            "The other domains keep their proportions. By the figures alone, in steps of one percent: near a share "
            "where the lead changes the two are not told apart."
        ),
    )
    return Passage("What another mix would change", (_steady(found),), (table,))


def _leads(leads: Sequence[Lead]) -> str:
    if len(leads) == 1:
        return f"{leads[0].system} throughout"
    return "; ".join(
        f"{lead.system} from {100 * lead.from_share:.0f}%" if place else f"{lead.system} at first"
        for place, lead in enumerate(leads)
    )


def _steady(found: Sequence[Tipping]) -> str:
    if all(len(each.joules) == 1 and len(each.accuracy) == 1 for each in found):
        return "The same systems lead whatever share any one domain has."
    turning = [each.domain for each in found if len(each.joules) > 1 or len(each.accuracy) > 1]
    return f"Another system leads at some share of {units.listed(turning)}."


@dataclass(frozen=True)
class Controls:
    """What the form of the section starts from."""

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
    """Domain and its percent of the requests; empty where no other mix can be judged: there is one domain, or joules
    that may not be set beside each other."""
    command: str
    mix: str
    leaders: tuple[tuple[str, str, str], ...]
    """Question, key and answer."""


def controls(analysis: Analysis) -> Controls:
    """The settings that the page was made with."""
    texts, offer = restated(analysis), carried_offer(analysis)
    mix = list(zip(analysis.basis.domains, analysis.shares_now.tolist(), strict=True))
    movable = len(mix) > 1 and bool(eligible(analysis))
    price = analysis.workload.price_per_kwh
    return Controls(
        regions=offer.regions,
        pue=f"{analysis.pue:g}",
        embodied=offer.declared,
        offered=offer.described,
        price="" if price is None else f"{price:g}",
        currency=analysis.workload.currency,
        requests=f"{analysis.workload.requests_per_year:.15g}",
        weights=tuple((name, f"{100 * share:.3g}") for name, share in mix) if movable else (),
        command=command(analysis),
        mix=texts["mix"],
        leaders=(("Fewest grams in the first year", "least-grams", texts["least-grams"]),),
    )
