"""Where a hybrid sent its items, what it lost by that, and what choosing cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.analyses.routing.answer_matrix import field_of, hybrid_answers
from wattbench_reports.analyses.routing.hybrid_and_members import Bench, bench_of, best_of_domain
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.paired_tests import mean_scores, probabilities_fewer_joules
from wattbench_reports.comparison.ranking import SURE
from wattbench_reports.stats import Interval, mean_difference


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
    field = field_of(analysis)
    benches = (bench_of(analysis, field, hybrid) for hybrid in hybrid_answers(analysis, field))
    return tuple(routing_of(analysis, bench) for bench in benches)


def routing_of(analysis: Analysis, bench: Bench) -> Routing:
    """Where one hybrid sent its items."""
    own, name = bench.hybrid.frame, bench.hybrid.system
    asked = own["asked_count"].to_numpy(dtype=np.float64)
    metered = own[own["energy_j"].notna() & own["router_energy_j"].notna()]
    timed = own[own["router_s"].notna()]
    alone = bool((timed["batch_size"] == 1).all())
    spent_s = (timed["finished_s"] - timed["started_s"]).sum()
    return Routing(
        system=name,
        members=bench.members,
        missing=tuple(member for member in bench.members if member not in bench.present),
        domains=tuple(_sent(bench, domain) for domain in _domains(own)),
        accuracy=bench.live.accuracy,
        against=tuple(_against(bench)),
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


def _sent(bench: Bench, domain: str) -> Sent:
    own = bench.hybrid.frame
    routes = own.loc[own["domain"] == domain, "route"].value_counts(normalize=True)
    shares = {name: float(routes.get(name, 0.0)) for name in bench.members}
    here = bench.field.domain[bench.rows] == bench.field.domain_names.index(domain)
    if not here.any() or not bench.present:
        return Sent(domain, shares, None, None, None, None)
    theirs, ours = bench.scores[here], bench.live.score[here]
    best = int(theirs.mean(axis=0).argmax())
    return Sent(
        domain=domain,
        shares=shares,
        accuracy=float(ours.mean()),
        best=bench.present[best],
        best_accuracy=float(theirs[:, best].mean()),
        difference=mean_difference(ours, theirs[:, best]),
    )


def _against(bench: Bench) -> Iterable[Against]:
    if not bench.present or not len(bench.rows):
        return
    scores, ours = bench.scores, bench.live.score
    single = int(scores.mean(axis=0).argmax())
    others = [
        ("oracle", None, scores[np.arange(len(scores)), best_of_domain(bench)]),
        ("single", bench.present[single], scores[:, single]),
        ("random", None, scores.mean(axis=1)),
    ]
    for choice, member, theirs in others:
        difference = mean_difference(ours, theirs)
        assert difference is not None
        if choice != "random" or len(bench.present) == len(bench.members):
            yield Against(choice, member, float(theirs.mean()), difference)


def _as_good(analysis: Analysis, hybrid: str) -> Iterable[Single]:
    """Single systems, members or not, that the hybrid is not shown to beat. The most accurate first."""
    if hybrid in analysis.yardsticks:
        return
    table = analysis.table
    scores, ours = mean_scores(table), table.column(hybrid)
    close: dict[str, Interval] = {}
    for name, kind in analysis.kinds.items():
        theirs = table.column(name)
        both = (table.asked[:, ours] > 0) & (table.asked[:, theirs] > 0)
        difference = mean_difference(scores[both, ours], scores[both, theirs])
        accuracy = analysis.measured[name].accuracy
        right = accuracy is not None and accuracy.estimate > 0
        if kind != "hybrid" and right and difference is not None and difference.low <= 0:
            close[name] = difference
    fewer = _fewer_joules(analysis, hybrid, list(close))
    found = [Single(name, analysis.kinds[name], close[name], fewer.get(name)) for name in close]
    known = (single for single in found if single.probability is None or single.probability > 1 - SURE)
    yield from sorted(known, key=lambda single: single.difference.estimate)


def _fewer_joules(analysis: Analysis, hybrid: str, singles: Sequence[str]) -> dict[str, float]:
    """How probably each single system needs fewer joules per correct answer; those that may be compared alone."""
    measured = analysis.measured
    if not measured[hybrid].j_per_correct:
        return {}
    able = [name for name in singles if measured[name].j_per_correct and analysis.joules_comparable(hybrid, name)]
    if not able:
        return {}
    # All of them in one draw of the items: the hybrid's chance to be lower is the complement of theirs.
    lower = probabilities_fewer_joules(analysis.table, hybrid, able)
    return {name: 1 - ours for name, ours in zip(able, lower, strict=True)}


def _mean(values: pd.Series | NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _quotient(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
