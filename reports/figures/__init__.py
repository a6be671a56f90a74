"""The drawings of the report: one file per figure, each from plain numbers to inline SVG.

May import: `reports.stats`, `reports.units`, `reports.svg`. Must not read records.
"""

from reports.figures.energy import Bar, Slice, energy
from reports.figures.experts import experts
from reports.figures.latency import Curve, latency
from reports.figures.load import LoadCurve, LoadPoint, energy_latency
from reports.figures.power import Band, Stretch, Watts, power
from reports.figures.shared import MARKERS, colour, marker
from reports.figures.together import matrices
from reports.figures.tradeoff import Point, tradeoff

__all__ = [
    "MARKERS",
    "Band",
    "Bar",
    "Curve",
    "LoadCurve",
    "LoadPoint",
    "Point",
    "Slice",
    "Stretch",
    "Watts",
    "colour",
    "energy",
    "energy_latency",
    "experts",
    "latency",
    "marker",
    "matrices",
    "power",
    "tradeoff",
]
