"""Compare joules per request of systems block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import per_request
from wattbench_reports.stats import log_ratio_losses


def joule_losses(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the log of joules per request by block, shape (blocks, systems); NaN for a system without joules.

    Args:
        basis: of a run with blocks; or one with money in place of joules.
        shares: the mix of domains; None: every answer counts the same.
    """
    assert basis.blocks is not None
    kinds = basis.blocks.kinds
    return log_ratio_losses(
        *(np.nan_to_num(per_request(basis, kinds[kind], shares)) for kind in ("energy_j", "metered"))
    )
