"""From how many answers on a run is streamed, and how many pools and sampled answers there are then."""

from __future__ import annotations

MOST_IN_MEMORY = 10_000_000
"""Answers of a run that are held in memory, and of which every figure is exact: less than 2 GB."""

POOLS = 250_000
"""Pools of items of a streamed run, about. Standard errors from them are known to 1 / sqrt(2 x 250,000) = 0.14%:
see `wattbench_reports.stats.budgets`."""

SAMPLED_ANSWERS = 4_000_000
"""Answers of the sample of items of which single items are compared, about: with ten systems a share has a
standard error of .08 points at worst."""
