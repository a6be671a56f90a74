"""Where hybrids sent their items, in words: what they lost by it, and whether one system alone does as well."""

from __future__ import annotations

from collections.abc import Iterable

from reports import units
from reports.compare import Analysis
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table
from reports.provenance import qualified
from reports.ranking import SURE
from reports.routing import Against, Routing, Sent, Single, routings
from reports.stats import Interval

_LEAD = (
    "A hybrid is worth its router where it sends each item to a member that answers it well, and where no single "
    "system does as well alone. The members' own answers to the same items in this run say what another choice would "
    "have given."
)

_LISTED = 3
"""So many single systems a passage can hold."""

_CHOICES = {
    "oracle": "the best member of each domain, by these same items",
    "single": "the best single member, {member}",
    "random": "a member drawn by chance",
}


def routing_section(analysis: Analysis) -> Section | None:
    """A passage per hybrid; None where no routes are on record."""
    found = routings(analysis)
    if not found:
        return None
    passages = tuple(_passage(each, analysis) for each in found)
    return Section("routing", "Routing", "Where the hybrids send their items", _LEAD, passages)


def _passage(each: Routing, analysis: Analysis) -> Passage:
    sentences = []
    if each.system in analysis.yardsticks:
        sentences.append(f"A yardstick, not to be run: {analysis.yardsticks[each.system]}.")
    else:
        sentences += _alone(each)
    sentences += _lost(each)
    sentences.append(_bill(each))
    return Passage(each.system, tuple(sentences), (_share_table(each), *_loss_table(each)))


def _alone(each: Routing) -> Iterable[str]:
    if not each.as_good:
        yield (
            "No single system of this run does as well: each is shown to be less accurate, or to need more joules per "
            "correct answer."
        )
        return
    for single in each.as_good[:_LISTED]:
        yield f"{single.system} ({single.kind}) alone {_as_good(single)}: {_beside(single)}."
    rest = [single.system for single in each.as_good[_LISTED:]]
    if rest:
        yield f"Nor {'is' if len(rest) == 1 else 'are'} {units.listed(rest)}."


def _as_good(single: Single) -> str:
    more_accurate = single.difference.high < 0
    thriftier = single.probability is not None and single.probability >= SURE
    if more_accurate and thriftier:
        return "is better on both figures"
    if more_accurate:
        return "is more accurate, and not shown to need more joules"
    return "is as good as these items can tell, and needs fewer joules" if thriftier else "is not shown to be worse"


def _beside(single: Single) -> str:
    gap = single.difference
    behind = Interval(-gap.estimate, -gap.high, -gap.low)
    ahead = (
        f"ahead by {units.points_interval(gap)}" if gap.estimate > 0 else f"behind by {units.points_interval(behind)}"
    )
    if single.probability is None:
        return f"the hybrid's accuracy is {ahead}, and their joules per correct answer may not be compared"
    sure = units.certainty(single.probability)
    return (
        f"the hybrid's accuracy is {ahead}, and {single.system} needs fewer joules per correct answer with a "
        f"probability of {sure}"
    )


def _lost(each: Routing) -> Iterable[str]:
    if each.missing:
        one = len(each.missing) == 1
        known = "the best member may be better than stated, and what chance would give is not known"
        rest = known if each.against else "what another choice would have given is not known"
        own = "is not in this run as a system of its own" if one else "are not in this run as systems of their own"
        yield f"{units.listed(each.missing)} {own}: {rest}."
    if each.against:
        against = "; against ".join(_against(one) for one in each.against)
        yield f"It answers {units.percent(each.accuracy)} correctly. Set against {against}."


def _against(one: Against) -> str:
    choice = _CHOICES[one.choice].format(member=one.member)
    return (
        f"{choice}, at {units.percent(one.accuracy)}, that is a difference of {units.points_interval(one.difference)}"
    )


def _bill(each: Routing) -> str:
    parts = []
    if each.mean_asked is not None:
        parts.append(f"{units.digits(each.mean_asked)} members are asked per item on average")
    if each.router_s is not None:
        share = "" if each.router_s_share is None else f" ({units.percent(each.router_s_share)} of its time)"
        parts.append(f"choosing takes {units.quantity(each.router_s, 's')} per item{share}")
    if each.router_j is not None and each.router_j_share is not None:
        share = f"{units.percent(each.router_j_share)} of its joules; {qualified(each.provenance)}"
        parts.append(f"and {units.quantity(each.router_j, 'J')} ({share})")
    said = ", ".join(parts).replace(", and ", " and ")
    return f"{said[:1].upper()}{said[1:]}." if said else "What choosing took is not on record."


def _share_table(each: Routing) -> Table:
    return Table(
        caption=f"Who answered for {each.system}",
        columns=(Column("Domain"), *(Column(member, numeric=True) for member in each.members)),
        rows=tuple(
            (Cell(sent.domain), *(Cell(units.percent(sent.shares[member])) for member in each.members))
            for sent in each.domains
        ),
        note="Share of the domain's answers that each member gave.",
    )


def _loss_table(each: Routing) -> tuple[Table, ...]:
    known = [sent for sent in each.domains if sent.best is not None]
    if not known:
        return ()
    table = Table(
        caption=f"Where {each.system} went wrong",
        columns=(
            Column("Domain"),
            Column("Best member"),
            Column("Sent to it", numeric=True),
            Column("Its accuracy", numeric=True),
            Column("The hybrid's", numeric=True),
            Column("Hybrid less best member", numeric=True),
        ),
        rows=tuple(_loss_row(sent) for sent in known),
        note=(
            "The best member is found by the same items, which flatters it a little. Of members that are equally good "
            "the first is named; items sent to another of them are no loss."
        ),
    )
    return (table,)


def _loss_row(sent: Sent) -> tuple[Cell, ...]:
    return (
        Cell(sent.domain),
        Cell(sent.best or units.NONE),
        Cell(units.percent(sent.shares.get(sent.best or "", 0.0))),
        Cell(units.percent(sent.best_accuracy)),
        Cell(units.percent(sent.accuracy)),
        Cell(units.NONE if sent.difference is None else units.points_interval(sent.difference)),
    )
