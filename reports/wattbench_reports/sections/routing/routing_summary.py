"""Where hybrids sent their items, in words: what they lost by it, and whether one system alone does as well."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.analyses.routing import Against, Routing, Sent, Single, Study
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.ranking import SURE
from wattbench_reports.figures import misroutes
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Drawing, Passage
from wattbench_reports.sections.routing.words import points, signed
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import qualified

_LISTED = 3
"""So many single systems a passage can hold."""

_CHOICES = {
    "oracle": "the best member of each domain, by these same items",
    "single": "the best single member, {member}",
    "random": "a member drawn by chance",
}


def sent_passage(each: Study, analysis: Analysis, place: int) -> Passage:
    """Who answered, what was lost by it and what choosing took.

    Args:
        each: one hybrid.
        analysis: of the run.
        place: of the hybrid among the hybrids, which names its figure.
    """
    routing = each.routing
    sentences = []
    if routing.system in analysis.yardsticks:
        sentences.append(f"A yardstick, not to be run: {analysis.yardsticks[routing.system]}.")
    else:
        sentences += _alone(routing)
    sentences += _lost(routing)
    sentences.append(_bill(routing))
    sentences += _resident(each)
    found = each.misroutes
    columns = [None if name is None else found.members.index(name) for name in found.best]
    drawing = Drawing(
        svg=misroutes(found.counts, found.domains, found.members, columns, name=f"misroutes-figure-{place}"),
        label=f"Who answered for {routing.system}, by domain",
        caption="Answers, and their share of the domain's. A frame marks the member that is best there by itself.",
    )
    return Passage(
        routing.system,
        tuple(sentences),
        (_share_table(each), *_loss_table(routing)),
        drawing,
        tuple(_detour_table(each)),
    )


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
    if gap.estimate == 0:
        ahead = f"level, {units.points_interval(gap)}"
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


def _resident(each: Study) -> Iterable[str]:
    if each.resident is None:
        return
    idle = each.resident
    alone = ", ".join(f"{name} {units.quantity(watts, 'W')}" for name, watts in idle.alone_w.items())
    below = " Below 0, a member's idle window happened to draw more." if idle.others_w < 0 else ""
    yield (
        f"Idle of resident members: with everything loaded it draws {units.quantity(idle.hybrid_w, 'W')} while nothing "
        f"is asked of it; alone draw {alone}. Beyond the member that answers, that is "
        f"{signed(idle.others_w, 'W')}, or {signed(idle.j_per_request, 'J')} per request.{below}"
    )


def _share_table(each: Study) -> Table:
    found = each.misroutes
    return Table(
        caption=f"Who answered for {each.routing.system}",
        columns=(Column("Domain"), *(Column(member, numeric=True) for member in found.members)),
        rows=tuple(
            (
                Cell(domain),
                *(
                    Cell(f"{count:,} ({units.percent(float(share))})", "best" if member == best else "")
                    for member, count, share in zip(found.members, counts, shares, strict=True)
                ),
            )
            for domain, best, counts, shares in zip(found.domains, found.best, found.counts, found.shares, strict=True)
        ),
        note="Answers that each member gave, and their share of the domain's.",
    )


def _detour_table(each: Study) -> Iterable[Table]:
    detours = each.misroutes.detours
    if not detours:
        return
    yield Table(
        caption=f"What every detour of {each.routing.system} cost",
        columns=(
            Column("Domain"),
            Column("Sent to"),
            Column("Instead of"),
            Column("Answers", numeric=True),
            Column("Accuracy there", numeric=True),
            Column("The best member's, same items", numeric=True),
            Column("Cost over all items", numeric=True),
        ),
        rows=tuple(
            (
                Cell(one.domain),
                Cell(one.member),
                Cell(one.best),
                Cell(f"{one.answers:,} ({units.percent(one.share)} of all)"),
                Cell(units.percent(one.accuracy)),
                Cell(units.percent(one.best_accuracy)),
                Cell(points(one.cost)),
            )
            for one in detours
        ),
        note=(
            "By the members' own answers to the items that were sent astray. The cost is what the accuracy over all "
            "items would gain by sending these to the best member of their domain; below 0 the detour was a gain."
        ),
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
