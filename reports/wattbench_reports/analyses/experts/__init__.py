"""Analyse the experts of a mixture: their use by domain, their co-activation, and the bytes of weights they read.

All of it is from the observation pass, which no timing shares. May import `wattbench_reports.comparison.analysis` and
what lies below it.
"""

from wattbench_reports.analyses.experts.co_activation import Together, together
from wattbench_reports.analyses.experts.load_balance import ExpertUse, expert_use
from wattbench_reports.analyses.experts.recorded_choices import Choices, recorded_choices
from wattbench_reports.analyses.experts.weights_read import Touched, touched

__all__ = [
    "Choices",
    "ExpertUse",
    "Together",
    "Touched",
    "expert_use",
    "recorded_choices",
    "together",
    "touched",
]
