"""Bound a share of trials that are not independent: what happens in one cluster tends to happen in all of it.

Every cluster counts as one trial: the mean of k independent shares scatters no more than the share of k independent
trials (W. Hoeffding, "Probability inequalities for sums of bounded random variables", JASA 58, 1963: of all variables
between 0 and 1 with one mean, those that are 0 or 1 scatter most). So the exact binomial interval of k trials holds
however alike the trials of a cluster are (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934; at a mean between two
counts with the beta distribution at that mean). It is wide where clusters are few, as it has to be where they may be
all alike: an effective number of trials that is estimated from three to eight clusters covers 70 to 89% in such cases.

Valid where clusters are independent and of about equal size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE, Interval


def clustered_share(shares: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of the clusters' shares, with an interval.

    Args:
        shares: shape (clusters,): of each cluster, 0 to 1.
        confidence: the two-sided level.

    Raises:
        ValueError: there is no cluster.
    """
    from scipy.special import betaincinv  # scipy.stats takes a second to import

    clusters = len(shares)
    if not clusters:
        raise ValueError("no share of no clusters")
    share = float(shares.mean())
    count, outside = share * clusters, (1 - confidence) / 2
    low = float(betaincinv(count, clusters - count + 1, outside)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, clusters - count, 1 - outside)) if count < clusters else 1.0
    return Interval(share, low, high)
