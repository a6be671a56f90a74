"""How many items a test of fixed size needs to pass an unchanged candidate as surely as a gate does.

It asks all of its items and then looks once, with the same chance to pass a candidate that is worse by the margin, and
passes an equal one in 90%. The variance of its estimate is that of the gates' estimates, which no single gate knows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from benchmarks.gates.kinds import Kind, Truth
from benchmarks.gates.policies import POLICIES
from benchmarks.gates.simulate import evidence_of, rounds_of
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.metrics.registry import ACCURACY

GATES = 100
"""Gates of a kind from whose estimates the variance is taken."""
PASSES = 0.9
"""Of the tests of an equal candidate."""


@dataclass(frozen=True)
class FixedSize:
    """Items for each metric of a gate's policy."""

    items: Mapping[str, int]


def fixed_size(kind: Kind) -> FixedSize | None:
    """Return the sizes in a kind's world; None where the candidate is worse."""
    if kind.truth is not Truth.NO_WORSE:
        return None
    policy = POLICIES[kind.policy]
    results = [judge(evidence_of(rounds_of(kind, number), kind.world), policy, suite="") for number in range(GATES)]
    quantiles = NormalDist().inv_cdf(1 - policy.beta) + NormalDist().inv_cdf(PASSES)
    sizes = {}
    for position, judged in enumerate(results[0].metrics):
        changes = np.array([result.metrics[position].change for result in results], dtype=np.float64)
        if not judged.blocks or not np.isfinite(changes).all():
            continue
        points = judged.metric.startswith(ACCURACY)
        estimates, margin = (changes, judged.margin) if points else (np.log1p(changes), math.log1p(judged.margin))
        sizes[judged.metric] = math.ceil(quantiles**2 * float(estimates.var(ddof=1)) * judged.items / margin**2)
    return FixedSize(sizes) if sizes else None
