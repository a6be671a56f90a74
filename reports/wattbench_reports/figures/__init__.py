"""The figures of the report, drawn with matplotlib: one file per figure, each from plain numbers to a `Drawing`.

May import: `wattbench_reports.stats`, `wattbench_reports.formatting`. Must not read records.
"""

from wattbench_reports.figures.agent_steps import AgentSteps, StepBar, agent_steps
from wattbench_reports.figures.arrival_rates import LoadCurve, LoadPoint, energy_latency
from wattbench_reports.figures.co_activation import CoActivation, co_activation
from wattbench_reports.figures.drawing import Drawing, on_axes
from wattbench_reports.figures.energy import Bar, Slice, energy
from wattbench_reports.figures.experts import ExpertShares, experts
from wattbench_reports.figures.frontier import Dot, FrontierLine, frontier
from wattbench_reports.figures.gate import Looks, gate
from wattbench_reports.figures.latency import LatencyCurve, latency
from wattbench_reports.figures.lifecycle import CourseLine, Handover, lifecycle
from wattbench_reports.figures.matrix import MatrixMetric, matrix
from wattbench_reports.figures.misroutes import SentItems, misroutes
from wattbench_reports.figures.power_trace import Band, PowerTrace, TraceSpan, Watts, power
from wattbench_reports.figures.retention import StudentRetention, TaskRetention, retention
from wattbench_reports.figures.tradeoff import Cost, TradeoffPoint, tradeoff

__all__ = [
    "AgentSteps",
    "Band",
    "Bar",
    "CoActivation",
    "Cost",
    "CourseLine",
    "Dot",
    "Drawing",
    "ExpertShares",
    "FrontierLine",
    "Handover",
    "LatencyCurve",
    "LoadCurve",
    "LoadPoint",
    "Looks",
    "MatrixMetric",
    "PowerTrace",
    "SentItems",
    "Slice",
    "StepBar",
    "StudentRetention",
    "TaskRetention",
    "TraceSpan",
    "TradeoffPoint",
    "Watts",
    "agent_steps",
    "co_activation",
    "energy",
    "energy_latency",
    "experts",
    "frontier",
    "gate",
    "latency",
    "lifecycle",
    "matrix",
    "misroutes",
    "on_axes",
    "power",
    "retention",
    "tradeoff",
]
