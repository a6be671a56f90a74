"""Intervals and paired comparisons on plain NumPy arrays.

May import: numpy and scipy. Must not import anything else of `reports` or of `harness`: a statistic knows
nothing of where its numbers came from, so it can be checked against a textbook.
"""

from reports.stats.intervals import CONFIDENCE, Interval, accuracy_interval, wilson_interval
from reports.stats.paired import mean_difference, probabilities_lower
from reports.stats.payback import Payback, payback, payback_from_draws
from reports.stats.permutation import Dependence, dependence, entropy_bits
from reports.stats.ratio import ratio_intervals, ratios
from reports.stats.resample import RESAMPLES, resampled_sums

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "Dependence",
    "Interval",
    "Payback",
    "accuracy_interval",
    "dependence",
    "entropy_bits",
    "mean_difference",
    "payback",
    "payback_from_draws",
    "probabilities_lower",
    "ratio_intervals",
    "ratios",
    "resampled_sums",
    "wilson_interval",
]
