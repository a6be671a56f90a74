"""The policies of the simulated gates."""

from __future__ import annotations

from collections.abc import Mapping

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.policy import Policy

MARGINS: Mapping[str, float] = {
    "accuracy": 0.05,
    "latency_p50": 0.10,
    "latency_p95": 0.25,
    "joules_per_request": 0.10,
    "joules_per_correct": 0.10,
}
EACH_DOMAIN = 0.10
FOUR = ("accuracy", "latency_p50", "joules_per_request", "joules_per_correct")
"""The metrics that all block, except where a row says otherwise."""


def _policy(*metrics: str, **accuracy: float) -> Policy:
    named = {name: {"margin": MARGINS[name], **(accuracy if name == "accuracy" else {})} for name in metrics}
    return gate_policy(metrics=named)


POLICIES: Mapping[str, Policy] = {
    "four metrics": _policy(*FOUR),
    "with p95": _policy("accuracy", "latency_p95", "joules_per_request", "joules_per_correct"),
    "accuracy": _policy("accuracy"),
    "accuracy within 10 points": _policy("accuracy", margin=0.10),
    "accuracy and each domain within 10 points": _policy("accuracy", margin=0.10, each_domain=EACH_DOMAIN),
    "p95": _policy("latency_p95"),
    "joules per correct": _policy("joules_per_correct"),
    "each domain": _policy(*FOUR, each_domain=EACH_DOMAIN),
}
"""By name. All at the default error rates, which are those that a suite without a `gate` section has."""
