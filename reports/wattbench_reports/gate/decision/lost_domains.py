"""Find the domains in which a candidate lost accuracy, where the policy guards none by itself.

Accuracy over all items may hide that a gain in one domain pays for a loss in another. Where `each_domain` is not set
that is allowed, and said. It is a description: no verdict follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.gate.decision.looks import LookPlan, look_plan
from wattbench_reports.gate.decision.metric_figures import accuracy_of
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import SEPARATOR
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import LostDomain
from wattbench_reports.metrics.registry import ACCURACY


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
    return tuple(sorted(_losses(evidence, look_plan(evidence, policy), level), key=lambda each: each.change))


def _losses(evidence: Evidence, plan: LookPlan, level: float) -> Iterator[LostDomain]:
    for domain in evidence.domains:
        name = f"{ACCURACY}{SEPARATOR}{domain}"
        known = evidence.measured.get(name) if evidence.measured else accuracy_of(evidence, plan, domain)
        if known is not None and (least := float(known.bounds.low(level)[-1])) > 0:
            fell, most = float(known.bounds.estimate[-1]), float(known.bounds.high(level)[-1])
            yield LostDomain(domain, -fell, -most, -least, int(known.bounds.items[-1]))
