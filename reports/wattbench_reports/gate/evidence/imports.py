"""Adapt a policy to two imported runs: to metrics that neither source records, and to unknown sessions."""

from __future__ import annotations

from dataclasses import replace

from wattbench_reports.formatting.units import named, percent
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.evidence.pytest_benchmark import ASSUMED_DRIFT
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import METRICS


def assumed_drift(policy: Policy, *, sessions: bool) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy with an assumed drift between two imported runs, if none is known, and a note that says so.

    Args:
        policy: as it was given.
        sessions: whether earlier sessions of the machine are known.
    """
    if policy.drift is not None or sessions:
        return policy, ()
    note = (
        f"How much two runs of one system differ is in neither source: {percent(ASSUMED_DRIFT)} is assumed of seconds "
        "and joules (drift in the policy), and bounds are wider by it on both sides."
    )
    return replace(policy, drift=ASSUMED_DRIFT), (note,)


def without_lacking(policy: Policy, evidence: Evidence) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy in which metrics that neither source records block nothing, and a note that says so.

    Only of the default policy: one that names a metric asks for its figures.
    """
    required = [rule.metric for rule in policy.rules if rule.blocks and not rule.only_if_measured]
    lacking = [metric for metric in required if metric in evidence.lacking]
    if not lacking or lacking == required:
        return policy, ()
    rules = tuple(replace(rule, only_if_measured=True) if rule.metric in lacking else rule for rule in policy.rules)
    words = named([METRICS[metric].label for metric in lacking])
    note = f"Neither source records {words}: it is not judged, and blocks nothing. A policy that names it requires it."
    return replace(policy, rules=rules), (note,)
