"""Analyse routing: where hybrids sent their items, what other choices would give, and what the router cost.

May import: `wattbench_reports.comparison.analysis` and what lies beneath it. A router is scored from the answers that
its members gave when they ran alone (`replay`), and that is checked against the hybrid that ran (`check_of`).
"""

from wattbench_reports.analyses.hybrids.answer_matrix import AnswerMatrix, HybridAnswers, hybrid_answers, matrix_of
from wattbench_reports.analyses.hybrids.counterfactuals import Choice, choices_of
from wattbench_reports.analyses.hybrids.frontier import Frontier, Quality, Spot
from wattbench_reports.analyses.hybrids.hull import aiq, non_decreasing_hull
from wattbench_reports.analyses.hybrids.hybrid_and_members import Bench, bench_of
from wattbench_reports.analyses.hybrids.misroutes import Detour, Misroutes
from wattbench_reports.analyses.hybrids.prediction_check import PredictedFigure, PredictionCheck, prediction_checks
from wattbench_reports.analyses.hybrids.replay import Outcome, Plan, replay
from wattbench_reports.analyses.hybrids.replay_check import ReplayCheck, check_of
from wattbench_reports.analyses.hybrids.resident_idle import Resident
from wattbench_reports.analyses.hybrids.routing_summary import Against, Routing, Sent, Single, routings
from wattbench_reports.analyses.hybrids.study import Offline, Studies, Study, studies
from wattbench_reports.analyses.hybrids.threshold_sweep import ThresholdCurve, curve_of

__all__ = [
    "Against",
    "AnswerMatrix",
    "Bench",
    "Choice",
    "Detour",
    "Frontier",
    "HybridAnswers",
    "Misroutes",
    "Offline",
    "Outcome",
    "Plan",
    "PredictedFigure",
    "PredictionCheck",
    "Quality",
    "ReplayCheck",
    "Resident",
    "Routing",
    "Sent",
    "Single",
    "Spot",
    "Studies",
    "Study",
    "ThresholdCurve",
    "aiq",
    "bench_of",
    "check_of",
    "choices_of",
    "curve_of",
    "hybrid_answers",
    "matrix_of",
    "non_decreasing_hull",
    "prediction_checks",
    "replay",
    "routings",
    "studies",
]
