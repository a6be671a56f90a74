"""Order systems by each figure, among those whose figure may be ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import ACCURACY, FIGURES, JOULES, LATENCY, groups
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.leaderboard_model import MONEY, RankedGroup, RankedSystem
from wattbench_reports.comparison.paired_tests import Pairs
from wattbench_reports.comparison.ranking import AccuracyOrder, EnergyOrder, accuracy_order, energy_order
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.comparison.ties import energy_leaders, latency_leaders
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.throughput import CLIENT, RATES, REQUESTS
from wattbench_reports.metrics.validity import Validity

Groups = Mapping[str, tuple[tuple[str, ...], ...]]


def grouped(prints: Mapping[str, Fingerprint], across: Sequence[str]) -> Groups:
    """Divide the systems, for each figure, into groups within which the figure may be ranked."""
    return {figure: groups(prints, figure, across) for figure in FIGURES}


def standings(
    pairs: Pairs,
    latencies: LatencyPairs,
    measured: Mapping[str, Measures],
    judged: Mapping[str, Validity],
    divided: Groups,
) -> tuple[RankedGroup, ...]:
    """Return every standing, by figure and group. Groups without a system to rank are left out.

    Accuracy and joules per correct answer are ordered and tested as the verdict does it, over the same items.
    Latency is ordered and tested by its median.

    Args:
        pairs: comparisons over the items of all systems.
        latencies: comparisons of their median latencies.
        measured: the candidates' figures; whoever is not in it is not ranked.
        judged: whose joules may be believed.
        divided: from `grouped`.
    """
    standings_of = {
        ACCURACY: list(_by_items(pairs, measured, judged, divided, ACCURACY)),
        LATENCY: list(_by_median(latencies, measured, divided[LATENCY])),
        JOULES: list(_by_items(pairs, measured, judged, divided, JOULES)),
    }
    return tuple(standing for figure in FIGURES for standing in standings_of[figure])


def money_standings(
    pairs: Pairs, costs: Mapping[str, float], candidates: Collection[str], divided: Groups
) -> tuple[RankedGroup, ...]:
    """Return every standing by cost per correct answer, in the groups of accuracy, tested as joules are.

    Args:
        pairs: comparisons of money: `wattbench_reports.comparison.analysis.Analysis.money_pairs`.
        costs: of the systems that have a cost per correct answer, in one currency.
        candidates: the others are not ranked.
        divided: from `grouped`.
    """
    standing: list[RankedGroup] = []
    for number, members in enumerate(divided[ACCURACY], start=1):
        names = sorted((name for name in members if name in costs and name in candidates), key=lambda name: costs[name])
        if names:
            beaten = {names[0]: None, **{each.system: each.beaten for each in energy_leaders(pairs, names)}}
            places = tuple(RankedSystem(name, costs[name], shown) for name, shown in beaten.items())
            standing.append(RankedGroup(MONEY, number, places))
    return tuple(standing)


def throughput_standings(
    rows: Sequence[SystemFigures], candidates: Collection[str], divided: Groups
) -> tuple[RankedGroup, ...]:
    """Return every standing by throughput, in the groups of latency; its differences are not tested.

    Args:
        rows: of all systems. What the source of an import states is not ranked, nor is a lower bound; and no order is
            made of the one that is left.
        candidates: the others are not ranked.
        divided: from `grouped`.
    """
    known = [row for row in rows if row.system in candidates]
    bounded = {row.system for row in known if row.throughput_from == CLIENT}
    standing: list[RankedGroup] = []
    for figure in RATES:
        per_s = {
            row.system: value
            for row in known
            if row.throughput_from == REQUESTS and (value := getattr(row, figure)) is not None
        }
        for number, members in enumerate(divided[LATENCY], start=1):
            names = sorted((name for name in members if name in per_s), key=lambda name: -per_s[name])
            if len(names) > bool(bounded.intersection(members)):
                standing.append(
                    RankedGroup(figure, number, tuple(RankedSystem(name, per_s[name], None) for name in names))
                )
    return tuple(standing)


def _by_items(
    pairs: Pairs, measured: Mapping[str, Measures], judged: Mapping[str, Validity], divided: Groups, figure: str
) -> Iterator[RankedGroup]:
    for number, members in enumerate(divided[figure], start=1):
        candidates = {name: measured[name] for name in members if name in measured}
        if not candidates:
            continue
        if figure == JOULES:
            order = energy_order(pairs, candidates, judged)
            if order is not None:
                yield RankedGroup(JOULES, number, tuple(_joules(order, candidates)))
            continue
        accurate = accuracy_order(pairs, candidates)
        if accurate is not None:
            yield RankedGroup(ACCURACY, number, tuple(_accuracy(accurate, candidates)))


def _accuracy(order: AccuracyOrder, measured: Mapping[str, Measures]) -> Iterator[RankedSystem]:
    beaten = {order.best: None, **{rival.system: rival.beaten for rival in order.rivals}}
    for name, shown in beaten.items():
        interval = measured[name].accuracy
        assert interval is not None  # else it would not be in the order
        yield RankedSystem(name, interval.estimate, shown)


def _joules(order: EnergyOrder, measured: Mapping[str, Measures]) -> Iterator[RankedSystem]:
    beaten = {order.best: None, **{rival.system: rival.beaten for rival in order.rivals}}
    for name, shown in beaten.items():
        interval = measured[name].j_per_correct
        assert interval is not None  # as above
        yield RankedSystem(name, interval.estimate, shown)


def _by_median(
    latencies: LatencyPairs, measured: Mapping[str, Measures], divided: Sequence[Sequence[str]]
) -> Iterator[RankedGroup]:
    for number, members in enumerate(divided, start=1):
        p50_s = {name: measured[name].latency_percentile_s(0.5) for name in members if name in measured}
        known = sorted(((name, value) for name, value in p50_s.items() if value is not None), key=lambda each: each[1])
        if known:
            beaten = {each.system: each.beaten for each in latency_leaders(latencies, [name for name, _ in known])}
            places = tuple(RankedSystem(name, value, beaten.get(name)) for name, value in known)
            yield RankedGroup(LATENCY, number, places)
