"""Intervals and paired comparisons on plain NumPy arrays.

May import: numpy and scipy; tests hold it against statsmodels. Must not import anything else of
`wattbench_reports` or of `wattbench`: a statistic knows nothing of where its numbers came from, so it can be checked
against a textbook.
"""

from wattbench_reports.stats.block_ratios import (
    BlockRatio,
    PairedBlockMean,
    PairedBlockRatio,
    block_mean_intervals,
    block_ratio,
    log_ratio_losses,
    paired_block_means,
    paired_block_ratios,
    ratios,
)
from wattbench_reports.stats.bootstrap import (
    StratifiedUnits,
    percentile_interval,
    resampled_sums,
    stratified_units,
)
from wattbench_reports.stats.conditional_poisson import together_by_chance
from wattbench_reports.stats.contrasts import Contrast, contrast
from wattbench_reports.stats.elimination import (
    NotExcluded,
    eliminate_by_pairs,
    front_not_excluded,
    pairwise_p_values,
    pairwise_p_values_of_draws,
)
from wattbench_reports.stats.exceedances import ExceedanceDetector, nights_to
from wattbench_reports.stats.intervals import (
    CONFIDENCE,
    Interval,
    accuracy_interval,
    clustered_se,
    interval_difference,
    mean_interval,
    ratio_se,
    wilson_interval,
)
from wattbench_reports.stats.levels import Levels, levels_of, single_night
from wattbench_reports.stats.multiple_testing import bootstrap_p_value, holm
from wattbench_reports.stats.node_differences import (
    PairOverNodes,
    pair_over_nodes,
    variance_on_another_node,
)
from wattbench_reports.stats.node_effects import NodeEffect, node_effects
from wattbench_reports.stats.paired import mean_difference, paired_p_value
from wattbench_reports.stats.permutation import Dependence, dependence, entropy_bits
from wattbench_reports.stats.sample_size import (
    log_ratio_se,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    power_of,
)
from wattbench_reports.stats.session_variance import (
    SessionVariance,
    another_run,
    another_run_pair,
    session_variance,
)

__all__ = [
    "CONFIDENCE",
    "BlockRatio",
    "Contrast",
    "Dependence",
    "ExceedanceDetector",
    "Interval",
    "Levels",
    "NodeEffect",
    "NotExcluded",
    "PairOverNodes",
    "PairedBlockMean",
    "PairedBlockRatio",
    "SessionVariance",
    "StratifiedUnits",
    "accuracy_interval",
    "another_run",
    "another_run_pair",
    "block_mean_intervals",
    "block_ratio",
    "bootstrap_p_value",
    "clustered_se",
    "contrast",
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
