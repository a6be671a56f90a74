"""Take the blocks of one run as the rounds of a gate between two of its systems.

In a block both were asked the same items of all tasks one after the other, in a random order: what the machine did
meanwhile hit both alike, and if they are equal either is as likely to be ahead. That is what a round of a gate is, so
it needs no sessions. A block gives one figure of seconds and joules, so few blocks decide little.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wattbench_reports.gate.evidence.item_rounds import rounds_of
from wattbench_reports.gate.evidence.model import Round

LEAST_BLOCKS = 2


def in_blocks(both: pd.DataFrame) -> bool:
    """Return whether two systems of one run were asked all items in blocks, the same item in the same block.

    Args:
        both: a row per item: columns `block` and ``block_2``, NaN without a block.
    """
    return bool((both["block"] == both["block_2"]).all()) and both["block"].nunique() >= LEAST_BLOCKS


def block_rounds(both: pd.DataFrame, domains: Mapping[str, str], seed: int) -> tuple[Round, ...]:
    """Return a round for each block, in the order of their numbers; within a block items are in a random order.

    Args:
        both: as of `wattbench_reports.gate.evidence.item_rounds.item_rounds`, and of `in_blocks`.
        domains: task to its domain.
        seed: of the random order.
    """
    rng = np.random.default_rng(seed)
    blocks = both["block"].to_numpy()
    parts = [rng.permutation(np.flatnonzero(blocks == block)) for block in np.unique(blocks)]
    return rounds_of(both, parts, domains, paired=False)
