"""Where a hybrid sent its items, what it lost by that, and what choosing cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.compare import Analysis
from reports.itemtable import ItemTable
from reports.pairs import accuracy_difference, mean_scores, probabilities_fewer_joules
from reports.ranking import SURE
from reports.routing.answers import HybridAnswers, hybrid_answers
from reports.routing.bench import members_of
from reports.stats import Interval, mean_difference


@dataclass(frozen=True)
class Sent:
    """One domain's items as a hybrid routed them."""

    domain: str
    shares: Mapping[str, float]
    """Of the answers, by the member that gave them; sums to 1."""
    accuracy: float | None
    """The hybrid's, over the items that the members answered too; None where there are none."""
    best: str | None
    """The member with the highest accuracy on the domain's items, as a system of its own in this run."""
    best_accuracy: float | None
    difference: Interval | None
    """Accuracy of the hybrid - that member, over the same items."""


@dataclass(frozen=True)
class Against:
    """What the members' own answers to the same items would have made of another choice."""

    choice: str
    """``oracle``: the best member per domain. ``single``: the best member for all. ``random``: any member."""
    member: str | None
    """For ``single``: which."""
    accuracy: float
    difference: Interval
    """Accuracy of the hybrid - that."""


@dataclass(frozen=True)
class Single:
    """A system that is not shown to be worse than the hybrid, on either figure."""

    system: str
    kind: str
    difference: Interval
    """Accuracy of the hybrid - this system."""
    probability: float | None
    """That this system needs fewer joules per correct answer; None where their joules may not be compared."""


@dataclass(frozen=True)
class Routing:
    """One hybrid."""

    system: str
    members: tuple[str, ...]
    """Those that it can send an item to."""
    missing: tuple[str, ...]
    """Members that are not in this run as systems of their own: what they would have answered is not known."""
    domains: tuple[Sent, ...]
    accuracy: float | None
    """Over the items that the members in this run answered too; None where there are none."""
    against: tuple[Against, ...]
    """Empty where no member is in this run."""
    as_good: tuple[Single, ...]
    """Single systems that are not shown to be less accurate, nor to need more joules per correct answer."""
    mean_asked: float | None
    """Members asked per item."""
    router_s: float | None
    """Mean per item."""
    router_s_share: float | None
    """Of the items' own seconds; None in a batch, where those overlap."""
    router_j: float | None
    """Mean per item."""
    router_j_share: float | None
    """Of the items' joules."""
    provenance: str


def routings(analysis: Analysis) -> tuple[Routing, ...]:
    """Every hybrid whose routes were recorded, yardsticks included; empty where there is none."""
    return tuple(routing_of(analysis, hybrid) for hybrid in hybrid_answers(analysis))


def routing_of(analysis: Analysis, hybrid: HybridAnswers) -> Routing:
    """Where one hybrid sent its items."""
    own, name = hybrid.frame, hybrid.system
    members = members_of(analysis, hybrid)
    present = [member for member in members if member in analysis.frames.systems]
    shared = _shared(analysis.table, (name, *present))
    asked = own["asked_count"].to_numpy(dtype=np.float64)
    metered = own[own["energy_j"].notna() & own["router_energy_j"].notna()]
    timed = own[own["router_s"].notna()]
    alone = bool((timed["batch_size"] == 1).all())
    spent_s = (timed["finished_s"] - timed["started_s"]).sum()
    return Routing(
        system=name,
        members=members,
        missing=tuple(member for member in members if member not in present),
        domains=tuple(_sent(shared, name, present, members, own, domain) for domain in _domains(own)),
        accuracy=_mean(mean_scores(shared)[:, shared.column(name)]),
        against=tuple(_against(shared, name, present, complete=len(present) == len(members))),
        as_good=tuple(_as_good(analysis, name)),
        mean_asked=float(asked.mean()) if asked.all() else None,
        router_s=_mean(timed["router_s"]),
        router_s_share=float(timed["router_s"].sum() / spent_s) if alone and spent_s > 0 else None,
        router_j=_mean(metered["router_energy_j"]),
        router_j_share=_quotient(metered["router_energy_j"].sum(), metered["energy_j"].sum()),
        provenance=analysis.measured[name].provenance,
    )


def _domains(own: pd.DataFrame) -> list[str]:
    return [str(name) for name in own["domain"].cat.categories if (own["domain"] == name).any()]


def _shared(table: ItemTable, systems: Sequence[str]) -> ItemTable:
    """The items that all of some systems answered."""
    columns = [table.column(name) for name in systems]
    return table.where(np.asarray(np.all(table.asked[:, columns] > 0, axis=1)))


def _sent(
    shared: ItemTable, hybrid: str, present: Sequence[str], members: Sequence[str], own: pd.DataFrame, domain: str
) -> Sent:
    routes = own.loc[own["domain"] == domain, "route"].value_counts(normalize=True)
    shares = {name: float(routes.get(name, 0.0)) for name in members}
    table = shared.of_domain(domain)
    best = _best(table, present)
    if best is None:
        return Sent(domain, shares, None, None, None, None)
    scores = mean_scores(table)
    return Sent(
        domain=domain,
        shares=shares,
        accuracy=float(scores[:, table.column(hybrid)].mean()),
        best=best,
        best_accuracy=float(scores[:, table.column(best)].mean()),
        difference=accuracy_difference(table, hybrid, best),
    )


def _best(table: ItemTable, names: Sequence[str]) -> str | None:
    """The most accurate on these items, the first of equals; None where there are no items or no names."""
    if not len(table.domains) or not names:
        return None
    means = mean_scores(table).mean(axis=0)
    return max(names, key=lambda name: float(means[table.column(name)]))


def _against(table: ItemTable, hybrid: str, present: Sequence[str], *, complete: bool) -> Iterable[Against]:
    single = _best(table, present)
    if single is None:
        return
    scores = mean_scores(table)
    ours = scores[:, table.column(hybrid)]
    oracle = np.zeros(len(ours))
    for domain in np.unique(table.domains):
        rows = table.domains == domain
        best = _best(table.where(rows), present)
        assert best is not None  # the domain is one of the table's
        oracle[rows] = scores[rows, table.column(best)]
    chance = scores[:, [table.column(name) for name in present]].mean(axis=1)
    others = [("oracle", None, oracle), ("single", single, scores[:, table.column(single)])]
    for choice, member, theirs in [*others, *([("random", None, chance)] if complete else [])]:
        difference = mean_difference(ours, theirs)
        assert difference is not None
        yield Against(choice, member, float(theirs.mean()), difference)


def _as_good(analysis: Analysis, hybrid: str) -> Iterable[Single]:
    """Single systems, members or not, that the hybrid is not shown to beat. The most accurate first."""
    if hybrid in analysis.yardsticks:
        return
    singles = [name for name, kind in analysis.kinds.items() if kind != "hybrid"]
    fewer = _fewer_joules(analysis, hybrid, singles)
    found = []
    for name in singles:
        difference = accuracy_difference(analysis.table, hybrid, name)
        accuracy = analysis.measured[name].accuracy
        if difference is None or difference.low > 0 or accuracy is None or accuracy.estimate == 0:
            continue
        if fewer.get(name) is None or fewer[name] > 1 - SURE:
            found.append(Single(name, analysis.kinds[name], difference, fewer.get(name)))
    yield from sorted(found, key=lambda single: single.difference.estimate)


def _fewer_joules(analysis: Analysis, hybrid: str, singles: Sequence[str]) -> dict[str, float]:
    """How probably each single system needs fewer joules per correct answer; those that may be compared alone."""
    measured, judged = analysis.measured, analysis.judged
    if not measured[hybrid].j_per_correct or not judged[hybrid].valid:
        return {}
    able = [
        name
        for name in singles
        if measured[name].j_per_correct and judged[name].valid and analysis.joules_comparable(hybrid, name)
    ]
    # All of them in one draw of the items: the hybrid's chance to be lower is the complement of theirs.
    return (
        {
            name: 1 - lower
            for name, lower in zip(able, probabilities_fewer_joules(analysis.table, hybrid, able), strict=True)
        }
        if able
        else {}
    )


def _mean(values: pd.Series | NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _quotient(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
