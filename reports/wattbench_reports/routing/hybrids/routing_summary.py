"""Summarise where a hybrid sent its items, what accuracy that cost, and what the router cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.comparison.ties import EnergyRival, accuracy_leaders, accuracy_rivals, energy_rivals, tied_with
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench, most_accurate
from wattbench_reports.routing.hybrids.other_choices import Choice
from wattbench_reports.stats import Interval, mean_difference


@dataclass(frozen=True)
class Sent:
    """The items of one domain, as a hybrid routed them."""

    domain: str
    shares: Mapping[str, float]
    """Of the answers, by the member that gave them; sums to 1."""
    accuracy: float | None
    """The hybrid's, over the items that the members answered too; None without any."""
    best: str | None
    """The member with the highest accuracy on the domain's items, as a system of its own in this run; None where a
    member is missing, which may be better."""
    best_accuracy: float | None
    difference: Interval | None
    """Accuracy of the hybrid - that member, over the same items."""


@dataclass(frozen=True)
class Against:
    """The accuracy of another choice of members, from their own answers to the same items."""

    kind: str
    """As in `Choice`: ``domain``, ``single`` or ``chance``."""
    member: str
    """For ``single``: which; else empty."""
    tied: tuple[str, ...]
    """For ``single``: the other members that are statistically tied with it."""
    accuracy: float
    difference: Interval
    """Accuracy of the hybrid - that."""


@dataclass(frozen=True)
class Single:
    """A system that is not shown to be worse than the hybrid, on either metric."""

    system: str
    kind: str
    difference: Interval
    """Accuracy of the hybrid - this system."""
    more_accurate: bool
    """It is shown to be more accurate than the hybrid."""
    probability: float | None
    """That this system needs fewer joules per correct answer; None where their joules may not be compared."""
    fewer_joules: bool
    """It is shown to need fewer joules per correct answer."""


@dataclass(frozen=True)
class Routing:
    """How one hybrid routed its items, and which systems are as good."""

    system: str
    members: tuple[str, ...]
    """Those that it can send an item to."""
    missing: tuple[str, ...]
    """Members that are not in this run as systems of their own: what they would have answered is not known."""
    domains: tuple[Sent, ...]
    accuracy: float | None
    """Over the items that the members in this run answered too; None without any."""
    against: tuple[Against, ...]
    """Empty where a member is not in this run."""
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


def routing_of(measured: Measured, bench: Bench, choices: Sequence[Choice]) -> Routing:
    """Summarise the routes of one hybrid.

    Args:
        measured: of the run.
        bench: the hybrid with its members.
        choices: other ones, of `choices_of`.
    """
    answers, name = bench.hybrid.frame, bench.hybrid.system
    asked_counts = answers["asked_count"].to_numpy(dtype=np.float64)
    metered = answers[answers["energy_j"].notna() & answers["router_energy_j"].notna()]
    timed = answers[answers["router_s"].notna()]
    alone = bool((timed["batch_size"] == 1).all())
    spent_s = (timed["finished_s"] - timed["started_s"]).sum()
    return Routing(
        system=name,
        members=bench.members,
        missing=bench.missing,
        domains=tuple(_sent(bench, domain) for domain in _domains(answers)),
        accuracy=bench.live.accuracy,
        against=tuple(_against(measured, bench, choices)),
        as_good=tuple(_as_good(measured, name)),
        mean_asked=float(asked_counts.mean()) if asked_counts.all() else None,
        router_s=_mean(timed["router_s"]),
        router_s_share=float(timed["router_s"].sum() / spent_s) if alone and spent_s > 0 else None,
        router_j=_mean(metered["router_energy_j"]),
        router_j_share=_quotient(metered["router_energy_j"].sum(), metered["energy_j"].sum()),
        provenance=measured.systems[name].provenance,
    )


def _domains(answers: pd.DataFrame) -> list[str]:
    return [str(name) for name in answers["domain"].cat.categories if (answers["domain"] == name).any()]


def _sent(bench: Bench, domain: str) -> Sent:
    answers = bench.hybrid.frame
    routes = answers.loc[answers["domain"] == domain, "route"].value_counts(normalize=True)
    shares = {name: float(routes.get(name, 0.0)) for name in bench.members}
    here = bench.matrix.domain[bench.rows] == bench.matrix.domain_names.index(domain)
    if not here.any() or not bench.present or bench.missing:
        return Sent(domain, shares, None, None, None, None)
    member_scores, hybrid_scores = bench.scores[here], bench.live.score[here]
    best = most_accurate(member_scores)
    return Sent(
        domain=domain,
        shares=shares,
        accuracy=float(hybrid_scores.mean()),
        best=bench.present[best],
        best_accuracy=float(member_scores[:, best].mean()),
        difference=mean_difference(hybrid_scores, member_scores[:, best]),
    )


def _against(measured: Measured, bench: Bench, choices: Sequence[Choice]) -> Iterable[Against]:
    for choice in choices:
        if choice.kind in ("domain", "single", "chance"):
            outcome = choice.outcome
            difference, accuracy = mean_difference(bench.live.score, outcome.score), outcome.accuracy
            assert difference is not None
            assert accuracy is not None
            tied = _tied(measured, bench, choice.name) if choice.name else ()
            yield Against(choice.kind, choice.name, tied, accuracy, difference)


def _tied(measured: Measured, bench: Bench, best: str) -> tuple[str, ...]:
    """Return the members that are statistically tied with the most accurate one, over the items of the bench."""
    chosen = np.zeros(len(measured.table.domains), dtype=np.bool_)
    chosen[bench.rows] = True
    others = [name for name in bench.present if name != best]
    return tied_with(best, accuracy_leaders(EqualPairs(measured.table.where(chosen)), [best, *others]))[1:]


def _as_good(measured: Measured, hybrid: str) -> Iterable[Single]:
    """Yield single systems, members or not, that are not shown to be worse than the hybrid; the most accurate first."""
    if hybrid in measured.yardsticks:
        return
    singles = [
        name
        for name, kind in measured.kinds.items()
        if kind != "hybrid"
        and (accuracy_of := measured.systems[name].accuracy) is not None
        and accuracy_of.estimate > 0
    ]
    pairs = EqualPairs(measured.table)
    accuracy = [each for each in accuracy_rivals(pairs, hybrid, singles) if not each.beaten]
    energy = _energy(measured, pairs, hybrid, [each.system for each in accuracy])
    as_good = []
    for each in accuracy:
        joules = energy.get(each.system)
        if each.difference is not None and (joules is None or not joules.beaten):
            as_good.append(
                Single(
                    system=each.system,
                    kind=measured.kinds[each.system],
                    difference=each.difference,
                    more_accurate=each.better,
                    probability=None if joules is None else 1 - joules.probability,
                    fewer_joules=joules is not None and joules.better,
                )
            )
    yield from sorted(as_good, key=lambda single: single.difference.estimate)


def _energy(measured: Measured, pairs: EqualPairs, hybrid: str, singles: Sequence[str]) -> dict[str, EnergyRival]:
    """Compare the hybrid's joules per correct answer with those of the single systems that may be compared with it."""
    systems = measured.systems
    if not systems[hybrid].j_per_correct:
        return {}
    able = [name for name in singles if systems[name].j_per_correct and measured.joules_comparable(hybrid, name)]
    return {each.system: each for each in energy_rivals(pairs, hybrid, able)}


def _mean(values: pd.Series | NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _quotient(part: float, total: float) -> float | None:
    return float(part / total) if total > 0 else None
