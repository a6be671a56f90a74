"""Estimate how often an agent solves a task in each of k attempts, from n attempts at each task.

Source: S. Yao, N. Shinn, P. Razavi and K. Narasimhan, "tau-bench: a benchmark for tool-agent-user interaction in
real-world domains", arXiv 2406.12045 (2024): pass^k, with the unbiased estimator C(c, k) / C(n, k) of a task that was
solved in c of n attempts, after M. Chen et al., "Evaluating large language models trained on code", arXiv 2107.03374
(2021). The mean is over tasks, which are the sample: its error is clustered by task.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def all_of_k(solved: NDArray[np.float64], attempts: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the chance that k attempts at a task, drawn without replacement from those made, are all solved.

    Args:
        solved: whole numbers: the solved attempts at each task.
        attempts: the same shape: all attempts.
        k: at least 1.

    Returns:
        The same shape; NaN for a task with fewer than k attempts.

    Raises:
        ValueError: k is below 1.
    """
    if k < 1:
        raise ValueError(f"{k} attempts are no attempts")
    chance = np.where(attempts >= k, 1.0, np.nan)
    for drawn in range(k):
        left = np.maximum(attempts - drawn, 1.0)
        chance = chance * np.maximum(solved - drawn, 0.0) / left
    return chance
