"""The drawings of the report: one file per figure, each from plain numbers to inline SVG.

May import: `reports.percentiles`, `reports.stats`, `reports.units`, `reports.svg`. Must not read records.
"""

from reports.figures.energy import Bar, Slice, energy
from reports.figures.experts import experts
from reports.figures.frontier import Dot, Line, frontier
from reports.figures.gate import Known, gate
from reports.figures.latency import Curve, latency
from reports.figures.lifecycle import CourseLine, Handover, lifecycle
from reports.figures.load import LoadCurve, LoadPoint, energy_latency
from reports.figures.matrix import Field, matrix
from reports.figures.misroutes import misroutes
from reports.figures.power import Band, Stretch, Watts, power
from reports.figures.retention import TaskRetention, retention
from reports.figures.shared import MARKERS, colour, marker
from reports.figures.together import matrices
from reports.figures.tradeoff import Cost, Point, tradeoff

__all__ = [
    "MARKERS",
    "Band",
    "Bar",
    "Cost",
    "CourseLine",
    "Curve",
    "Dot",
    "Field",
    "Handover",
    "Known",
    "Line",
    "LoadCurve",
    "LoadPoint",
    "Point",
    "Slice",
    "Stretch",
    "TaskRetention",
    "Watts",
    "colour",
    "energy",
    "energy_latency",
    "experts",
    "frontier",
    "gate",
    "latency",
    "lifecycle",
    "marker",
    "matrices",
    "matrix",
    "misroutes",
    "power",
    "retention",
    "tradeoff",
]
