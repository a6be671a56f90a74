"""State what is different in a run of more answers than are held in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting.units import count, percent, plural
from wattbench_reports.tables.streamed.limits import MOST_IN_MEMORY, SAMPLED_ANSWERS


def pooled_caveats(answers: int, sizes: NDArray[np.int64]) -> Iterator[Caveat]:
    """Return the caveat of a run whose items are pooled.

    Args:
        answers: of the run.
        sizes: shape (pools,): the items of each.
    """
    pools = len(sizes)
    known = 1 / np.sqrt(2 * pools)
    text = (
        f"This run has {count(answers)} answers, more than {count(MOST_IN_MEMORY)}: estimates are of all of them, and "
        f"errors and tests are of {plural(pools, 'pool')} of up to {int(sizes.max())} random items each, so that a "
        f"standard error is known to {percent(float(known))}. Routers, hybrids, Pareto fronts, fleets, times of "
        f"tokens, distillation and disagreements are of about {count(SAMPLED_ANSWERS)} answers: a random sample of the "
        "items."
    )
    yield Caveat("pooled-items", text, ())
