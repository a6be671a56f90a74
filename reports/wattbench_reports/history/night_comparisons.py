"""Compare the last night with the previous one and with the pinned reference: each system judged as a gate would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.gate.policy import DEFAULT_POLICY, Policy, policy_of
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.history.model import History, Night
from wattbench_reports.history.night_sessions import night_sessions
from wattbench_reports.stats.changepoints import HORIZON
from wattbench_reports.tables.header_record import header_record

PREVIOUS: Final = "previous"
REFERENCE: Final = "reference"

PART = 0.25
"""Of the error rate of a year of nights, for each of the two comparisons. The change points have the rest."""


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
    """Why a comparison could not be made."""


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
        return Drift(policy or DEFAULT_POLICY)
    last = read_run(nights[-1].root)
    chosen = policy or policy_of_night(last)
    others = {PREVIOUS: nights[-2] if len(nights) > 1 else None}
    others[REFERENCE] = history.reference_night() if history.reference else None
    sessions = night_sessions(history, nights[-1])
    results: dict[str, dict[str, GateResult]] = {}
    lasting, notes = set(), []
    for kind, night in others.items():
        if night is None or night == nights[-1]:
            continue
        results[kind] = {}
        systems = sorted(_systems(history, night) & _systems(history, nights[-1]))
        for system in systems:
            try:
                evidence = evidence_of_two(
                    read_run(night.root), last, chosen, baseline=system, candidate=system, sessions=sessions
                )
                results[kind][system], regressed = _judged(evidence, night, nights[-1], chosen, len(systems))
            except UserError as error:
                notes.append(f"{system} could not be compared with the night of {night.date}: {error}")
            else:
                lasting |= {(kind, system, metric) for metric in regressed}
    return Drift(chosen, results.get(PREVIOUS, {}), results.get(REFERENCE, {}), frozenset(lasting), tuple(notes))


def policy_of_night(run: RunRecords) -> Policy:
    """Return the policy of its suite's `gate:` section, else `DEFAULT_POLICY`."""
    recorded = header_record(run).suite.gate
    return policy_of(recorded, str(run.layout.header)) if recorded else DEFAULT_POLICY


def _judged(
    evidence: Evidence, before: Night, now: Night, policy: Policy, systems: int
) -> tuple[GateResult, frozenset[str]]:
    """Judge one system, and return the metrics that regressed at the error rate for a year of nights of all systems."""
    strict = replace(policy, alpha=PART * policy.alpha / HORIZON / systems)
    result, surely = (
        judge(evidence, each, suite=now.suite, runs=(before.run, now.run), today=now.date) for each in (policy, strict)
    )
    return result, frozenset(_regressed(surely))


def _regressed(result: GateResult) -> Iterator[str]:
    """Yield the metrics that regressed and that no waiver or declared trade-off allows."""
    for each in result.metrics:
        if each.blocks and each.verdict is Verdict.REGRESSED and each.waived is None and each.allowed_by is None:
            yield each.metric


def _systems(history: History, night: Night) -> set[str]:
    values = history.values
    return set(values.loc[values["run"] == night.run, "system"])
