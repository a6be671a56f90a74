"""The policies of the simulated gates."""

from __future__ import annotations

from collections.abc import Mapping

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.policy import DEFAULT_POLICY, Policy

MARGINS: Mapping[str, float] = {
    "accuracy": 0.05,
    "latency_mean": 0.10,
    "latency_p95": 0.25,
    "joules_per_request": 0.10,
    "joules_per_correct": 0.10,
}
EACH_DOMAIN = 0.10
THREE = ("accuracy", "latency_mean", "joules_per_request")
"""The metrics that block by default."""


def _policy(*metrics: str, **accuracy: float) -> Policy:
    named = {name: {"margin": MARGINS[name], **(accuracy if name == "accuracy" else {})} for name in metrics}
    return gate_policy(metrics=named)


POLICIES: Mapping[str, Policy] = {
    "default": DEFAULT_POLICY,
    "5 points, 10%": _policy(*THREE),
    "accuracy": _policy("accuracy"),
    "seconds and joules": _policy("latency_mean", "joules_per_request"),
    "p95": _policy("latency_p95"),
    "joules per correct": _policy("joules_per_correct"),
    "each domain": _policy(*THREE, each_domain=EACH_DOMAIN),
}
"""By name. All at the default error rates, which are those that a suite without a `gate` section has."""
