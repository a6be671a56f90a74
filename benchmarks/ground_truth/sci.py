"""The Software Carbon Intensity of worked examples that the Green Software Foundation published.

SCI = ((E x I) + M) per R. The answers of a run are given the E and the seconds of an example, so that wattbench's own
score, with the example's I and the manufacture as a user declares it, is the one that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.ground_truth.known_run import KnownSystem, known_run
from benchmarks.ground_truth.line import Line, Sources
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, CarbonChoice

HOUR_S = 3600.0
YEARS = 4
MONTH_S = YEARS * 365 * 24 * HOUR_S / 48
"""One of the 48 months that a server of the quick guide lives."""


@dataclass(frozen=True)
class Example:
    """A worked example: what one unit of R took, and the published score."""

    name: str
    what: str
    energy_kwh: float
    intensity_g_per_kwh: float
    seconds: float
    manufacture_kg: float
    """Of the share of the machine that is reserved (TE x RR / ToR)."""
    score_g: float
    note: str = ""


EXAMPLES = (
    Example(
        "eshoppen-app-server", "case study eShoppen, its application server for an hour",
        0.0656, 951, HOUR_S, 1205.52 * 2 / 16, 66.6906,
        "the study rounds M to 4.305 g, where its own terms give 4.3005 g",
    ),
    Example(
        "eshoppen-database", "case study eShoppen, its database server for an hour",
        0.048, 951, HOUR_S, 1433.12 * 2 / 16, 50.76, "the study cuts M and the sum to 3 and 2 decimals",
    ),
    Example(
        "quick-guide", "quick guide of the SCI guide, a call of an API",
        1.329 / 20_000, 1000, MONTH_S / 20_000, 1230.3 * 4 / 32, 0.226,
        "printed with 3 decimals, cut: its terms give 0.22665",
    ),
    Example(
        "sci-embodied", "Impact Framework's own test of `sci-embodied`: M alone, 200 g over 4 years, 30 days of them",
        0.0, 1, 30 * 24 * HOUR_S, 0.2, 4.10958904109589,
    ),
)  # fmt: skip


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the score of each example."""
    for each in EXAMPLES:
        yield Line(each.name, each.what, "g CO2e", each.score_g, _score_g(each, sources), note=each.note)


def _score_g(example: Example, sources: Sources) -> float | None:
    answer = KnownSystem("service", energy_j=example.energy_kwh * JOULES_PER_KWH, seconds=example.seconds)
    run = known_run(sources.folder / example.name, answer)
    manufacture = (
        f"{{kg_per_device: {example.manufacture_kg!r}, lifetime_years: {YEARS}, source: the example, year: 2022}}"
    )
    choice = CarbonChoice(intensity_g_per_kwh=example.intensity_g_per_kwh, pue=1.0, embodied=manufacture)
    (figures,) = compare(run, Assumptions(choice)).systems
    return figures.sci_g_per_correct
