"""Where hybrids sent their items: the loss in accuracy, and whether one system alone does as well."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures import SentItems, misroutes
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table
from wattbench_reports.routing.hybrids.routing_summary import Against, Routing, Sent, Single
from wattbench_reports.routing.hybrids.study import Study
from wattbench_reports.sections.hybrids.words import absent, points, signed
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import qualified

_LISTED = 3
"""The number of single systems that a passage describes."""

_CHOICES = {
    "domain": "the best member of each domain, chosen on these same items",
    "single": "the best single member, {member}",
    "chance": "a random member",
}


def sent_passage(each: Study, measured: Measured) -> Passage:
    """Make the passage of a hybrid: members that answered, loss in accuracy, and routing cost.

    Args:
        each: one hybrid.
        measured: of the run.
    """
    routing = each.routing
    sentences = []
    if routing.system in measured.yardsticks:
        sentences.append(f"A yardstick, not to be run: {measured.yardsticks[routing.system]}.")
    else:
        sentences += _alone(routing)
    sentences += _lost(routing)
    sentences.append(_bill(routing))
    sentences += _resident(each)
    tables = (_share_table(each), *_loss_table(routing))
    return Passage(routing.system, tuple(sentences), tables, folded=tuple(_misroute_table(each)))


def sent_figure(hybrids: Iterable[Study]) -> Figure:
    """Plot which members answered for each hybrid, by domain."""
    shown = [(each.routing, each.misroutes) for each in hybrids]
    sent = [
        SentItems(
            routing.system,
            matrix.counts,
            matrix.domains,
            matrix.members,
            [None if name is None else matrix.members.index(name) for name in matrix.best],
        )
        for routing, matrix in shown
    ]
    framed = any(not routing.missing for routing, _ in shown)
    frame = " A frame marks the member that is best in the domain on its own." if framed else ""
    return Figure(
        misroutes(sent),
        "Figure: members that answered for the hybrids, by domain",
        f"Answers and their share of the domain.{frame}",
    )


def _alone(each: Routing) -> Iterable[str]:
    if not each.as_good:
        yield (
            "No single system of this run does as well: each is shown to be less accurate, or to need more joules "
            "per correct answer."
        )
        return
    for single in each.as_good[:_LISTED]:
        yield f"{single.system} ({single.kind}) alone {_as_good(single)}: {_beside(single)}."
    rest = [single.system for single in each.as_good[_LISTED:]]
    if rest:
        yield f"Also not shown to be worse: {units.named(rest)}."


def _as_good(single: Single) -> str:
    if single.more_accurate and single.fewer_joules:
        return "is better on both metrics"
    if single.more_accurate:
        return "is more accurate, and not shown to need more joules"
    if single.fewer_joules:
        return "is statistically tied on accuracy, and needs fewer joules"
    return "is not shown to be worse"


def _beside(single: Single) -> str:
    gap = single.difference
    behind = Interval(-gap.estimate, -gap.high, -gap.low)
    ahead = (
        f"ahead by {units.points_interval(gap)}" if gap.estimate > 0 else f"behind by {units.points_interval(behind)}"
    )
    if gap.estimate == 0:
        ahead = f"equal, {units.points_interval(gap)}"
    if single.probability is None:
        return f"the hybrid's accuracy is {ahead}, and their joules per correct answer are not comparable"
    sure = units.certainty(single.probability)
    return (
        f"the hybrid's accuracy is {ahead}, and {single.system} needs fewer joules per correct answer with a "
        f"probability of {sure}"
    )


def _lost(each: Routing) -> Iterable[str]:
    if each.missing:
        yield (f"{absent(each)}: what the best or a random member would have given, in all or by domain, is not known.")
    if each.against:
        against = "; with ".join(_against(one) for one in each.against)
        yield f"It has an accuracy of {units.percent(each.accuracy)}. Compared with {against}."


def _against(one: Against) -> str:
    tied = f" (statistically tied with {units.named(one.tied)})" if one.tied else ""
    choice = _CHOICES[one.kind].format(member=one.member) + tied
    return (
        f"{choice}, at {units.percent(one.accuracy)}, this is a difference of {units.points_interval(one.difference)}"
    )


def _bill(each: Routing) -> str:
    parts = []
    if each.mean_asked is not None:
        parts.append(f"{units.digits(each.mean_asked)} members are asked per item on average")
    if each.router_s is not None:
        share = "" if each.router_s_share is None else f" ({units.percent(each.router_s_share)} of its time)"
        parts.append(f"routing takes {units.quantity(each.router_s, 's')} per item{share}")
    if each.router_j is not None and each.router_j_share is not None:
        share = f"{units.percent(each.router_j_share)} of its joules; {qualified(each.provenance)}"
        parts.append(f"and {units.quantity(each.router_j, 'J')} ({share})")
    sentence = "; ".join(parts).replace("; and ", " and ")
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "The cost of routing is not recorded."


def _resident(each: Study) -> Iterable[str]:
    if each.resident is None:
        return
    idle = each.resident
    alone = ", ".join(f"{name} {units.quantity(watts, 'W')}" for name, watts in idle.alone_w.items())
    below = " A negative value means that a member's own idle window drew more." if idle.others_w < 0 else ""
    yield (
        "Idle draw of resident members: the hybrid, with all members loaded, draws "
        f"{units.quantity(idle.hybrid_w, 'W')} when idle; each member alone draws {alone}. Beyond the member that "
        f"answers this is {signed(idle.others_w, 'W')}, or {signed(idle.j_per_request, 'J')} per request.{below}"
    )


def _share_table(each: Study) -> Table:
    matrix = each.misroutes
    return Table(
        caption=f"Members that answered for {each.routing.system}",
        columns=(Column("Domain"), *(Column(member, numeric=True) for member in matrix.members)),
        rows=tuple(
            (
                Cell(domain),
                *(
                    Cell(f"{count:,} ({units.percent(float(share))})", "best" if member == best else "")
                    for member, count, share in zip(matrix.members, counts, shares, strict=True)
                ),
            )
            for domain, best, counts, shares in zip(
                matrix.domains, matrix.best, matrix.counts, matrix.shares, strict=True
            )
        ),
        note="Answers of each member, and their share of the domain.",
    )


def _misroute_table(each: Study) -> Iterable[Table]:
    detours = each.misroutes.detours
    if not detours:
        return
    yield Table(
        caption=f"Cost of each misroute of {each.routing.system}",
        columns=(
            Column("Domain"),
            Column("Sent to"),
            Column("Instead of"),
            Column("Answers", numeric=True),
            Column("Accuracy", numeric=True),
            Column("Accuracy of the best member, same items", numeric=True),
            Column("Cost in overall accuracy", numeric=True),
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
            "From the members' own answers to the misrouted items. Cost: the gain in overall accuracy if these items "
            "were sent to the best member of their domain; below 0 the misroute was a gain."
        ),
    )


def _loss_table(each: Routing) -> tuple[Table, ...]:
    known = [sent for sent in each.domains if sent.best is not None]
    if not known:
        return ()
    table = Table(
        caption=f"Routing loss of {each.system} by domain",
        columns=(
            Column("Domain"),
            Column("Best member"),
            Column("Sent to it", numeric=True),
            Column("Best member's accuracy", numeric=True),
            Column("Hybrid's accuracy", numeric=True),
            Column("Hybrid minus best member", numeric=True),
        ),
        rows=tuple(_loss_row(sent) for sent in known),
        note=(
            "The best member is chosen on the same items, which favours it slightly. If members are equally good the "
            "first is named; items sent to another of them are not a loss."
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
