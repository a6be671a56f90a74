"""Find systems that are of no use for the work: in a domain they answer nothing, or hardly anything, correctly.

A system is useless where, in a domain that has a share of the requests and of which another system can answer items,

- its scores sum to 0, and another system scored on at least `FEWEST` items: by the exact sign test the two then differ
  at 5%, one-sided (W. J. Conover, "Practical Nonparametric Statistics" (1999), section 3.4); or
- it is shown to answer less than `HARDLY` of the domain correctly, and another system more: Wilson's 95% intervals lie
  below and above it. Among thousands of items even a rule that knows nothing is right once.

Fewer items do not tell a useless system from an unlucky one. Where no system answers anything correctly, in all domains
that have a share together, every system is useless.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.stats import wilson_interval

FEWEST = 5
"""0.5 ** 5 is below 5%."""
HARDLY = 0.05
"""A share of correct answers that is no use to anyone who needs the domain."""


def useless(basis: Basis, shares: Shares | None) -> dict[str, str]:
    """Return the useless systems and why, as a clause: "answers no item of text correctly (0 of 32)".

    Args:
        basis: the run.
        shares: the mix of domains; None: every domain that was asked has a share.
    """
    counted = (np.ones(len(basis.domains)) if shares is None else shares).astype(bool)
    items = basis.items[counted].sum(axis=0)
    if items.any() and not basis.means[counted].any():
        counts = zip(basis.systems, items.tolist(), strict=True)
        return {name: REASONS["useless"].format(items=f"{count:,.0f}") for name, count in counts if count}
    failing = useless_in(basis) & counted[:, None]
    reasons: dict[str, str] = {}
    for number, name in enumerate(basis.systems):
        failed = np.flatnonzero(failing[:, number]).tolist()
        if failed:
            worst = max(failed, key=lambda domain: float(basis.items[domain, number]))
            reasons[name] = reason(basis, worst, number)
    return reasons


def useless_in(basis: Basis) -> NDArray[np.bool_]:
    """Return in which domains a system is useless, shape (domains, systems)."""
    share = np.divide(basis.means, basis.items, out=np.zeros_like(basis.means), where=basis.items > 0)
    failing = np.zeros(share.shape, dtype=np.bool_)
    for domain in range(len(basis.domains)):
        bounds = [
            wilson_interval(min(each, 1.0), items) if items else None
            for each, items in zip(share[domain].tolist(), basis.items[domain].tolist(), strict=True)
        ]
        some = bool(basis.means[domain].max(initial=0.0) >= FEWEST)
        able = any(each is not None and each.low > HARDLY for each in bounds)
        for number, each in enumerate(bounds):
            if each is not None and basis.items[domain, number] >= FEWEST:
                none = some and basis.means[domain, number] == 0
                failing[domain, number] = none or (able and each.high < HARDLY)
    return failing


def reason(basis: Basis, domain: int, system: int) -> str:
    """Return why a system is useless in a domain, as a clause."""
    right, items = float(basis.means[domain, system]), float(basis.items[domain, system])
    name = ("useless" if right == 0 else "hardly") + ("" if len(basis.domains) == 1 else "_in")
    return REASONS[name].format(domain=basis.domains[domain], right=f"{right:,.0f}", items=f"{items:,.0f}")
