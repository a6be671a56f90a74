"""Find the domains in which a candidate lost accuracy, where the policy guards none by itself.

Accuracy over all items may hide that a gain in one domain pays for a loss in another. Where `each_domain` is not set
that is allowed, and said. It is a description: no verdict follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wattbench_reports.gate.decision.metric_figures import accuracy_of
from wattbench_reports.gate.decision.sequential_tests import ScoreTrial, highest_shown
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import ACCURACY
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.gate.result import LostDomain
from wattbench_reports.stats import reached


def lost_domains(evidence: Evidence, policy: Policy) -> tuple[LostDomain, ...]:
    """Return the domains whose accuracy is shown to have fallen, the largest loss first.

    A fall of any size counts. The bounds of all domains hold together, at every look, in all but `Policy.alpha` of
    gates (Bonferroni over the domains and over both sides).
    """
    rule = next((rule for rule in policy.rules if rule.metric == ACCURACY), None)
    judged = rule is not None and ACCURACY not in evidence.apart and ACCURACY not in evidence.missing
    if rule is None or rule.each_domain is not None or not judged or len(evidence.domains) < 2:
        return ()
    level = policy.alpha / (2 * len(evidence.domains))
    return tuple(sorted(_losses(evidence, rule, level), key=lambda each: each.change))


def _losses(evidence: Evidence, rule: Rule, level: float) -> Iterator[LostDomain]:
    enough = -np.log(level)
    for domain in evidence.domains:
        figures = accuracy_of(evidence, domain)
        if figures is None or not isinstance(figures.trial, ScoreTrial):
            continue
        trial = figures.trial

        def fell(by: float, trial: ScoreTrial = trial) -> bool:
            return bool(reached(trial.worse(by, rule.margin))[-1] >= enough)

        def fell_less(than: float, trial: ScoreTrial = trial) -> bool:
            return bool(reached(trial.better(-than, rule.margin))[-1] >= enough)

        least = highest_shown(fell, 0.0, -1.0, 1.0)
        if least is not None and least >= 0:
            most = highest_shown(fell_less, 0.0, -1.0, 1.0)
            low = min(figures.change, -1.0 if most is None else most)
            yield LostDomain(domain, figures.change, low, max(figures.change, -least), len(trial.x))
