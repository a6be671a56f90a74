"""Find systems that are of no use for the work: in a domain they answer nothing, or hardly anything, correctly.

A system is useless where, in a domain that has a share of the requests and of which another system can answer items,

- its scores sum to 0, and another system's to so much that the exact sign test tells them apart (W. J. Conover,
  "Practical Nonparametric Statistics" (1999), section 3.4); or
- it is shown to answer less than `HARDLY` of the domain correctly, by the score test of a share (E. B. Wilson, 1927),
  and another system more, by the same test at 95%. Among thousands of items even a rule that knows nothing is right
  once.

Both are one-sided at `LEVEL` for the whole run: the p-values of all domains and systems are adjusted by Holm's method
("A simple sequentially rejective multiple test procedure", 1979). The sign test takes the best of the other systems,
which Holm does not count; in simulated runs of alike systems one is still called useless in under 1%.

Fewer items do not tell a useless system from an unlucky one. Where no system answers anything correctly, in all domains
that have a share together, every system is useless.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import ROUNDING
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.stats import CONFIDENCE
from wattbench_reports.stats.multiple_testing import holm

LEVEL = 0.05
"""Of one-sided tests, for all domains and systems of a run together."""
_SHOWN = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""Standard errors: where Wilson's interval of a share ends at `HARDLY`."""
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
    """Return the domains in which a system is useless, shape (domains, systems)."""
    able = [_one_is_able(basis, domain) for domain in range(len(basis.domains))]
    cells = np.argwhere(basis.items > 0).tolist()
    adjusted = holm([_p_value(basis, domain, system, able=able[domain]) for domain, system in cells])
    failing = np.zeros(basis.items.shape, dtype=np.bool_)
    for (domain, system), p in zip(cells, adjusted, strict=True):
        failing[domain, system] = p is not None and p <= LEVEL
    return failing


def _one_is_able(basis: Basis, domain: int) -> bool:
    """Return whether any system is shown to answer more than `HARDLY` of a domain correctly."""
    return any(
        items > 0 and _errors_above(basis, domain, system) > _SHOWN
        for system, items in enumerate(basis.items[domain].tolist())
    )


def _p_value(basis: Basis, domain: int, system: int, *, able: bool) -> float:
    """Return the p-value of a system's number of right answers in a domain, if the system is of use there."""
    if basis.means[domain, system] == 0:
        return float(0.5 ** math.floor(basis.means[domain].max()))
    return NormalDist().cdf(_errors_above(basis, domain, system)) if able else 1.0


def _errors_above(basis: Basis, domain: int, system: int) -> float:
    """Return by how many standard errors a share of right answers is above `HARDLY`.

    Of scores that spread more than 0 and 1 can, as corrected ones do, their own spread is taken where it is larger.
    """
    items = float(basis.items[domain, system])
    share, of_null = float(basis.means[domain, system]) / items, HARDLY * (1 - HARDLY)
    variance = float(basis.squares[domain, system]) / items - share**2
    if variance > share * (1 - share) + ROUNDING:
        of_null = max(of_null, variance)
    return (share - HARDLY) / math.sqrt(of_null / items)


def reason(basis: Basis, domain: int, system: int) -> str:
    """Return why a system is useless in a domain, as a clause."""
    right, items = max(float(basis.means[domain, system]), 0.0), float(basis.items[domain, system])
    name = ("useless" if right == 0 else "hardly") + ("" if len(basis.domains) == 1 else "_in")
    return REASONS[name].format(domain=basis.domains[domain], right=f"{right:,.0f}", items=f"{items:,.0f}")
