"""Intervals and paired comparisons on plain NumPy arrays.

May import: numpy, scipy and `ruptures`; tests hold it against statsmodels. Must not import anything else of `reports`
or of `harness`: a statistic knows nothing of where its numbers came from, so it can be checked against a textbook.
"""

from reports.stats.changepoints import HORIZON, Shift, change_points, noise_of
from reports.stats.clustered import clustered_se, ratio_se
from reports.stats.holm import bootstrap_p_value, holm, weighted_holm
from reports.stats.intervals import CONFIDENCE, Interval, accuracy_interval, mean_interval, wilson_interval
from reports.stats.mcnemar import McNemar, mcnemar_exact, paired_p_value
from reports.stats.medians import Bins, drawn_medians, interval_of, median_bins
from reports.stats.nightnoise import Noise
from reports.stats.paired import mean_difference, probabilities_lower
from reports.stats.pareto import pareto_probabilities
from reports.stats.payback import Payback, payback, payback_from_draws
from reports.stats.permutation import Dependence, dependence, entropy_bits
from reports.stats.power import (
    items_needed,
    log_ratio_se,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    power_of,
)
from reports.stats.ratio import percentile_interval, ratio_intervals, ratios
from reports.stats.resample import RESAMPLES, resampled_sums
from reports.stats.sequential import centre_evidence, centre_growth, mean_evidence, mean_growth, reached
from reports.stats.stratified import stratified_sums
from reports.stats.subsets import together_by_chance

__all__ = [
    "CONFIDENCE",
    "HORIZON",
    "RESAMPLES",
    "Bins",
    "Dependence",
    "Interval",
    "McNemar",
    "Noise",
    "Payback",
    "Shift",
    "accuracy_interval",
    "bootstrap_p_value",
    "centre_evidence",
    "centre_growth",
    "change_points",
    "clustered_se",
    "dependence",
    "drawn_medians",
    "entropy_bits",
    "holm",
    "interval_of",
    "items_needed",
    "log_ratio_se",
    "mcnemar_exact",
    "mean_difference",
    "mean_evidence",
    "mean_growth",
    "mean_interval",
    "median_bins",
    "minimum_detectable_difference",
    "minimum_detectable_ratio",
    "minimum_detectable_shift",
    "noise_of",
    "paired_p_value",
    "pareto_probabilities",
    "payback",
    "payback_from_draws",
    "percentile_interval",
    "power_of",
    "probabilities_lower",
    "ratio_intervals",
    "ratio_se",
    "ratios",
    "reached",
    "resampled_sums",
    "stratified_sums",
    "together_by_chance",
    "weighted_holm",
    "wilson_interval",
]
