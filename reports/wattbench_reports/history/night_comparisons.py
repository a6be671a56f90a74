"""Judge the last night against the previous one and against the pinned reference, system by system, as a gate would.

The evidence is how the nights of this history scatter (`night_figures`), in place of the items of two nights: what
moves from one night to the next moves all of its items. A metric is

- `regressed` where the lower bound of its worsening, at alpha divided among the metrics, is beyond a quarter of the
  margin; `pass` where the upper bound, at beta, is within the margin; `improved` where it is better beyond a quarter;
- `inconclusive` otherwise, and before ten comparable nights: nothing could have been found.

A regression raises an alarm only at the error rate of a whole year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from wattbench.records import RunRecords, read_run
from wattbench_reports.formatting.units import listed, percent, points
from wattbench_reports.gate.metrics import ENERGY, METRICS
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy, Rule, Waiver, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history.model import History, Night
from wattbench_reports.history.night_figures import PREVIOUS, REFERENCE, ComparedFigure, compared_figures
from wattbench_reports.history.series_panels import scaled_margin, shift_of
from wattbench_reports.history.trends import HIGHER_IS_WORSE
from wattbench_reports.stats.series.changepoints import HORIZON, LEAST_NIGHTS
from wattbench_reports.stats.student import t_quantile
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.provenance import is_modelled

PART = 0.05
"""Of the error rate of a year of nights, for each of the two comparisons."""

_NULL_SHARE = 0.25
"""Of a margin, the worsening up to which nothing has regressed."""
_ORDER = (Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE, Verdict.IMPROVED)


@dataclass(frozen=True)
class Drift:
    """The comparisons of the last night with others."""

    policy: Policy
    previous: Mapping[str, GateResult] = field(default_factory=dict)
    """System to its result against the previous night; without systems that were not in that one."""
    reference: Mapping[str, GateResult] = field(default_factory=dict)
    """Likewise, against the pinned run; empty where none is pinned, or it is the last night itself."""
    lasting: frozenset[tuple[str, str, str]] = frozenset()
    """(`PREVIOUS` or `REFERENCE`, system, metric) of the regressions that a year of such nights would not bring about
    by chance: what may raise an alarm."""
    notes: tuple[str, ...] = ()
    """What limits the comparisons."""


def drift(history: History, policy: Policy | None = None) -> Drift:
    """Judge the last night against the one before, and against the reference.

    Args:
        history: from `load_history`.
        policy: None: as the last night's suite says, or the defaults.

    Raises:
        UserError: the last night cannot be read.
    """
    nights = history.series_nights()
    if not nights:
        return Drift(policy or NIGHT_POLICY)
    chosen = policy or policy_of_night(read_run(nights[-1].root))
    figures = compared_figures(history)
    others: dict[str, Night | None] = {PREVIOUS: nights[-2] if len(nights) > 1 else None}
    others[REFERENCE] = history.reference_night() if history.reference else None
    results = {
        kind: _results(figures, kind, chosen, night, nights[-1])
        for kind, night in others.items()
        if night is not None and night != nights[-1]
    }
    lasting = frozenset(_lasting(figures, chosen, nights[-1].date))
    return Drift(chosen, results.get(PREVIOUS, {}), results.get(REFERENCE, {}), lasting, tuple(_notes(history)))


def policy_of_night(run: RunRecords) -> Policy:
    """Return the policy of its suite's `gate:` section, else `NIGHT_POLICY`."""
    recorded = header_record(run).suite.gate
    return policy_of(recorded, str(run.layout.header)) if recorded else NIGHT_POLICY


def _notes(history: History) -> Iterator[str]:
    systems = history.values["system"].nunique()
    if systems == 1:
        yield (
            "With one system, what the machine does in a night cannot be taken off its figures: a busy machine looks "
            "like a slower system. A second system in the suite, which does not change, shows which of the two it is."
        )


def _results(
    figures: Sequence[ComparedFigure], kind: str, policy: Policy, before: Night, now: Night
) -> dict[str, GateResult]:
    """Judge every system that has figures in both nights."""
    by_system: dict[str, dict[str, ComparedFigure]] = {}
    for each in figures:
        if each.against == kind and each.dates[0] == before.date:
            by_system.setdefault(each.system, {})[each.metric] = each
    return {system: _result(system, of_system, policy, before, now) for system, of_system in sorted(by_system.items())}


def _result(
    system: str, figures: Mapping[str, ComparedFigure], policy: Policy, before: Night, now: Night
) -> GateResult:
    metrics = tuple(_verdict(figures.get(rule.metric), rule, policy, now.date) for rule in policy.rules)
    blocking = [each.verdict for each in metrics if each.blocks]
    verdict = next((each for each in _ORDER if each in blocking), Verdict.PASS if blocking else Verdict.NOT_MEASURED)
    judged = [METRICS[each.metric].label for each in metrics if each.verdict is verdict]
    return GateResult(
        verdict=verdict,
        headline=f"{system} {verdict.replace('_', ' ')} by {listed(judged)}." if judged else f"{system}: {verdict}.",
        baseline=system,
        candidate=system,
        suite=now.suite,
        runs=(before.run, now.run),
        metrics=metrics,
        policy=policy,
        items=max((each.items for each in figures.values()), default=0),
    )


def _verdict(figure: ComparedFigure | None, rule: Rule, policy: Policy, today: date) -> MetricVerdict:
    waiver = waiver_of(policy, rule.metric, today)
    blocks = rule.blocks and waiver is None
    if figure is None:
        blocks = blocks and not rule.only_if_measured
        return MetricVerdict(
            rule.metric,
            Verdict.NOT_MEASURED,
            blocks,
            rule.margin,
            "One of the two nights has no figure.",
            waived=waiver,
        )
    verdict, reason = Verdict.NOT_COMPARABLE, "The two nights have other items, another machine or other meters."
    change = low = high = None
    if figure.comparable:
        verdict, reason, low, high = _judged(figure, rule, policy)
        change = shift_of(figure.difference, rule.metric)
    if rule.metric in ENERGY and is_modelled(figure.provenance) and not policy.judge_modelled:
        verdict, reason = Verdict.NOT_MEASURED, "Its joules are modelled, which the policy does not judge."
        blocks = blocks and not rule.only_if_measured
    return MetricVerdict(
        metric=rule.metric,
        verdict=verdict,
        blocks=blocks,
        margin=rule.margin,
        reason=reason,
        baseline=figure.before,
        candidate=figure.now,
        change=change,
        low=low,
        high=high,
        items=figure.items,
        provenance=figure.provenance,
        waived=waiver,
    )


def _judged(figure: ComparedFigure, rule: Rule, policy: Policy) -> tuple[Verdict, str, float | None, float | None]:
    """Judge a comparable figure; return the verdict, why, and the bounds of its change."""
    if figure.noise is None or figure.se is None:
        return Verdict.INCONCLUSIVE, f"{too_few(figure).capitalize()}.", None, None
    worse = 1.0 if HIGHER_IS_WORSE[rule.metric] else -1.0
    margin = scaled_margin(rule.margin, rule.metric)
    failing = t_quantile(figure.noise.df, 1 - 2 * policy.alpha / max(len(policy.rules), 1)) * figure.se
    passing = t_quantile(figure.noise.df, 1 - 2 * policy.beta) * figure.se
    worsening = worse * figure.difference
    least, most = worsening - failing, worsening + passing
    bounds = sorted((shift_of(worse * least, rule.metric), shift_of(worse * most, rule.metric)))
    null = _NULL_SHARE * margin
    verdict = Verdict.INCONCLUSIVE
    reason = f"{_size(figure)}; nights scatter too much to rule out or to show a worsening of {_margin(rule)}."
    if least > null or (rule.either and -worsening - failing > null):
        verdict, reason = Verdict.REGRESSED, f"{_size(figure)}: more than nights scatter."
    elif most <= margin:
        better = -worsening - failing > null
        verdict = Verdict.IMPROVED if better else Verdict.PASS
        reason = f"{_size(figure)}; a worsening of {_margin(rule)} is ruled out."
    return verdict, reason, bounds[0], bounds[1]


def too_few(figure: ComparedFigure) -> str:
    """Say that nothing could have been found: ``too few nights (4 of 10): nothing could have been found``."""
    nights = min(figure.nights, LEAST_NIGHTS - 1)
    return f"too few nights ({nights} of {LEAST_NIGHTS}): nothing could have been found"


def _size(figure: ComparedFigure) -> str:
    change = shift_of(figure.difference, figure.metric)
    way = "higher" if change > 0 else "lower"
    return f"{points(change) if METRICS[figure.metric].unit == 'share' else percent(abs(change))} {way}"


def _margin(rule: Rule) -> str:
    return points(rule.margin) if METRICS[rule.metric].unit == "share" else percent(rule.margin)


def _lasting(figures: Sequence[ComparedFigure], policy: Policy, today: date) -> Iterator[tuple[str, str, str]]:
    """Yield the comparisons that show a worsening at the error rate for a year of nights of all systems."""
    for kind in (PREVIOUS, REFERENCE):
        family = [
            (each, rule) for each in figures for rule in policy.rules
            if each.against == kind and each.metric == rule.metric and each.comparable
        ]  # fmt: skip
        level = PART * policy.alpha / HORIZON / max(len(family), 1)
        for figure, rule in family:
            worse = (figure.difference > 0) == HIGHER_IS_WORSE[rule.metric] or rule.either
            modelled = rule.metric in ENERGY and is_modelled(figure.provenance) and not policy.judge_modelled
            allowed = not rule.blocks or modelled or waiver_of(policy, rule.metric, today) is not None
            if (
                figure.p_value is not None
                and figure.p_value / (1 if rule.either else 2) <= level
                and worse
                and not allowed
            ):
                yield kind, figure.system, rule.metric


def waiver_of(policy: Policy, metric: str, today: date) -> Waiver | None:
    """Return a metric's waiver that is valid on a day; of several the one that lasts longest."""
    valid = [each for each in policy.waivers if each.metric == metric and each.until >= today]
    return max(valid, key=lambda each: each.until, default=None)
