"""The drawings of the report: one file per figure, each from plain numbers to inline SVG.

May import: `reports.stats`, `reports.units`, `reports.svg`. Must not read records.
"""

from reports.figures.energy import Bar, Slice, energy
from reports.figures.experts import experts
from reports.figures.latency import Curve, latency
from reports.figures.lifecycle import CourseLine, Handover, lifecycle
from reports.figures.load import LoadCurve, LoadPoint, energy_latency
from reports.figures.retention import TaskRetention, retention
from reports.figures.shared import MARKERS, colour, marker
from reports.figures.tradeoff import Point, tradeoff

__all__ = [
    "MARKERS",
    "Bar",
    "CourseLine",
    "Curve",
    "Handover",
    "LoadCurve",
    "LoadPoint",
    "Point",
    "Slice",
    "TaskRetention",
    "colour",
    "energy",
    "energy_latency",
    "experts",
    "latency",
    "lifecycle",
    "marker",
    "retention",
    "tradeoff",
]
