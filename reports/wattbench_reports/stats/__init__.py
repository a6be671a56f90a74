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
    log_ratio_losses,
    paired_block_ratios,
    ratios,
)
from wattbench_reports.stats.break_even import Payback, paid_back
from wattbench_reports.stats.clustered_errors import clustered_se, ratio_se
from wattbench_reports.stats.conditional_poisson import together_by_chance
from wattbench_reports.stats.intervals import (
    CONFIDENCE,
    Interval,
    accuracy_interval,
    interval_difference,
    mean_interval,
    wilson_interval,
)
from wattbench_reports.stats.many_comparisons.elimination import (
    NotExcluded,
    eliminate_by_pairs,
    front_not_excluded,
    pairwise_p_values,
    pairwise_p_values_of_draws,
)
from wattbench_reports.stats.many_comparisons.multiple_testing import bootstrap_p_value, holm
from wattbench_reports.stats.paired import mean_difference, paired_p_value
from wattbench_reports.stats.resampling.bootstrap import (
    StratifiedUnits,
    percentile_interval,
    resampled_sums,
    stratified_units,
)
from wattbench_reports.stats.resampling.permutation import Dependence, dependence, entropy_bits
from wattbench_reports.stats.sample_size import (
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
    "bootstrap_p_value",
    "clustered_se",
    "dependence",
    "eliminate_by_pairs",
    "entropy_bits",
    "front_not_excluded",
    "holm",
    "interval_difference",
    "levels_of",
    "log_ratio_losses",
    "log_ratio_se",
    "mean_difference",
    "mean_interval",
    "minimum_detectable_difference",
    "minimum_detectable_ratio",
    "minimum_detectable_shift",
    "nights_to",
    "node_effects",
    "paid_back",
    "pair_over_nodes",
    "paired_block_means",
    "paired_block_ratios",
    "paired_p_value",
    "pairwise_p_values",
    "pairwise_p_values_of_draws",
    "percentile_interval",
    "power_of",
    "ratio_se",
    "ratios",
    "resampled_sums",
    "session_variance",
    "single_night",
    "stratified_units",
    "together_by_chance",
    "variance_on_another_node",
    "wilson_interval",
]
