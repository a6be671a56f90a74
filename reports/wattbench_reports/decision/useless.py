"""Find systems that are of no use for the work: they answer nothing of a domain correctly that others can answer.

A system is useless where, in a domain that has a share of the requests, its scores sum to 0 and another system scored
on at least `FEWEST` of the items that both were asked: by the exact sign test the two then differ at 5%, one-sided
(W. J. Conover, "Practical Nonparametric Statistics" (1999), section 3.4; McNemar's exact test with no item on the other
side). Fewer items do not tell a useless system from an unlucky one.
"""

from __future__ import annotations

from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.metrics.domain_sums import Basis, Shares

FEWEST = 5
"""0.5 ** 5 is below 5%."""


def useless(basis: Basis, shares: Shares | None) -> dict[str, str]:
    """Return the useless systems and why, as a clause: "answers no item of text correctly (0 of 32)".

    Args:
        basis: the run.
        shares: the mix of domains; None: every domain that was asked has a share.
    """
    reasons: dict[str, str] = {}
    for number, name in enumerate(basis.systems):
        failed = [
            domain
            for domain in range(len(basis.domains))
            if (shares is None or shares[domain] > 0)
            and basis.items[domain, number] > 0
            and basis.correct[domain, number] == 0
            and basis.means[domain].max() >= FEWEST
            and basis.items[domain, number] >= FEWEST
        ]
        if failed:
            worst = max(failed, key=lambda domain: float(basis.items[domain, number]))
            reason = REASONS["useless" if len(basis.domains) == 1 else "useless_in"]
            reasons[name] = reason.format(domain=basis.domains[worst], items=f"{basis.items[worst, number]:,.0f}")
    return reasons
