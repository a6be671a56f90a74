"""Intervals and paired comparisons on plain NumPy arrays.

May import: numpy and scipy; tests hold it against statsmodels. Must not import anything else of
`wattbench_reports` or of `wattbench`: a statistic knows nothing of where its numbers came from, so it can be checked
against a textbook.
"""

from wattbench_reports.stats.another_run.node_differences import (
    PairOverNodes,
    pair_over_nodes,
    variance_on_another_node,
)
from wattbench_reports.stats.another_run.node_effects import NodeEffect, node_effects
from wattbench_reports.stats.another_run.session_variance import (
    SessionVariance,
    another_run,
    another_run_pair,
    session_variance,
)
from wattbench_reports.stats.block_means import PairedBlockMean, block_mean_intervals, paired_block_means
from wattbench_reports.stats.block_ratios import (
    BlockRatio,
    PairedBlockRatio,
    block_ratio,
    block_ratio_intervals,
    log_ratio_losses,
    paired_block_ratios,
)
from wattbench_reports.stats.break_even import Payback, payback, payback_from_draws
from wattbench_reports.stats.clustered_errors import clustered_se, ratio_se
from wattbench_reports.stats.conditional_poisson import together_by_chance
from wattbench_reports.stats.interval_differences import interval_difference
from wattbench_reports.stats.intervals import CONFIDENCE, Interval, accuracy_interval, mean_interval, wilson_interval
from wattbench_reports.stats.many_comparisons.elimination import (
    NotExcluded,
    eliminate,
    eliminate_by_pairs,
    pairwise_p_values,
    pairwise_p_values_of_draws,
)
from wattbench_reports.stats.many_comparisons.multiple_testing import bootstrap_p_value, holm, weighted_holm
from wattbench_reports.stats.many_comparisons.pareto import front_not_excluded
from wattbench_reports.stats.mcnemar import McNemar, mcnemar_exact, paired_p_value
from wattbench_reports.stats.paired import mean_difference
from wattbench_reports.stats.ratios import percentile_interval, ratio_intervals, ratios
from wattbench_reports.stats.resampling.bootstrap import resampled_sums
from wattbench_reports.stats.resampling.drawn_interval import interval_of
from wattbench_reports.stats.resampling.permutation import Dependence, dependence, entropy_bits
from wattbench_reports.stats.resampling.stratified_bootstrap import StratifiedUnits, stratified_sums, stratified_units
from wattbench_reports.stats.sample_size import (
    items_needed,
    log_ratio_se,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    power_of,
)
from wattbench_reports.stats.series.exceedances import ExceedanceDetector, nights_to
from wattbench_reports.stats.series.levels import Levels, levels_of, single_night

__all__ = [
    "CONFIDENCE",
    "BlockRatio",
    "Dependence",
    "ExceedanceDetector",
    "Interval",
    "Levels",
    "McNemar",
    "NodeEffect",
    "NotExcluded",
    "PairOverNodes",
    "PairedBlockMean",
    "PairedBlockRatio",
    "Payback",
    "SessionVariance",
    "StratifiedUnits",
    "accuracy_interval",
    "another_run",
    "another_run_pair",
    "block_mean_intervals",
    "block_ratio",
    "block_ratio_intervals",
    "bootstrap_p_value",
    "clustered_se",
    "dependence",
    "eliminate",
    "eliminate_by_pairs",
    "entropy_bits",
    "front_not_excluded",
    "holm",
    "interval_difference",
    "interval_of",
    "items_needed",
    "levels_of",
    "log_ratio_losses",
    "log_ratio_se",
    "mcnemar_exact",
    "mean_difference",
    "mean_interval",
    "minimum_detectable_difference",
    "minimum_detectable_ratio",
    "minimum_detectable_shift",
    "nights_to",
    "node_effects",
    "pair_over_nodes",
    "paired_block_means",
    "paired_block_ratios",
    "paired_p_value",
    "pairwise_p_values",
    "pairwise_p_values_of_draws",
    "payback",
    "payback_from_draws",
    "percentile_interval",
    "power_of",
    "ratio_intervals",
    "ratio_se",
    "ratios",
    "resampled_sums",
    "session_variance",
    "single_night",
    "stratified_sums",
    "stratified_units",
    "together_by_chance",
    "variance_on_another_node",
    "weighted_holm",
    "wilson_interval",
]
