"""The comparison: one row per system, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from harness.records import RunRecords
from reports.carbon import Carbon, carbon_of_suite
from reports.caveats import Caveat, caveats
from reports.comparability import JOULES, groups
from reports.conditions import condition_caveats
from reports.fingerprint import Fingerprint, fingerprints
from reports.frames import Frames, load_frames
from reports.itemtable import ItemTable, item_table
from reports.measures import Measures, measures
from reports.placement import Ranked
from reports.settings import suite_name, suite_section
from reports.validity import Validity, validity
from reports.yardsticks import yardsticks


@dataclass(frozen=True)
class SystemFigures:
    """A row of `wattbench compare`. The order of the fields is the order of the columns."""

    system: str
    kind: str
    items: int
    """Distinct items."""
    accuracy: float
    """0 to 1; the bounds are of 95% confidence, as all others here."""
    accuracy_low: float
    accuracy_high: float
    latency_p50_s: float
    latency_p95_s: float
    output_tokens: float | None
    """Mean per request; None where they cannot be counted."""
    energy_j_per_request: float | None
    j_per_correct: float | None
    """Joules of all metered requests over the correct answers among them; None without either."""
    j_per_correct_low: float | None
    j_per_correct_high: float | None
    """Infinite where the items do not bound it."""
    co2_g_per_1000: float | None
    """Grams of CO2 equivalent for 1,000 requests; None where no region is set."""
    energy_provenance: str
    valid: bool
    """Every measured window of the system is valid."""


COLUMNS = tuple(field.name for field in fields(SystemFigures))
"""The columns of `wattbench compare`, in order."""


@dataclass(frozen=True)
class Comparison:
    """What a run says about its systems."""

    run: str
    suite: str
    systems: tuple[SystemFigures, ...]
    """In the order they first ran."""
    carbon: Carbon | None
    """None: no region is set, and no grams are stated."""
    caveats: tuple[Caveat, ...]
    ranked: Ranked | None = None
    """Which figures are set beside which; None where only figures were asked for."""


@dataclass(frozen=True)
class Analysis:
    """A comparison with everything it was computed from, for the panels of the report."""

    frames: Frames
    table: ItemTable
    measured: Mapping[str, Measures]
    judged: Mapping[str, Validity]
    comparison: Comparison
    prints: Mapping[str, Fingerprint]
    """Each system's fingerprint."""

    @cached_property
    def energy_groups(self) -> tuple[tuple[str, ...], ...]:
        """The systems divided into those that may be ranked by energy among each other."""
        return groups(self.prints, JOULES)

    def joules_comparable(self, *systems: str) -> bool:
        """Whether the joules of these systems may be set beside each other."""
        return any(set(systems) <= set(group) for group in self.energy_groups)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Each system's kind."""
        return {figures.system: figures.kind for figures in self.comparison.systems}

    @cached_property
    def yardsticks(self) -> Mapping[str, str]:
        """Systems that are only there to compare with, and why: see `reports.yardsticks`."""
        return yardsticks(self.frames.run.header)

    @cached_property
    def by_domain(self) -> Mapping[str, Mapping[str, Measures]]:
        """Domain to each system's figures in it, in the order of the suite. Computed when first asked for."""
        domains = [str(name) for name in self.frames.items["domain"].cat.categories]
        return {name: measures(self.frames, self.table, name) for name in domains}


def compare(
    run: RunRecords,
    *,
    region: str | None = None,
    pue: float | None = None,
    intensity_g_per_kwh: float | None = None,
) -> Comparison:
    """Compare the systems of a finished run.

    Args:
        run: from `harness.records.read_run`.
        region: ISO alpha-3 code of the grid to restate the grams for; None keeps the suite's.
        pue: power usage effectiveness to restate them for; None keeps the suite's.
        intensity_g_per_kwh: instead of a region's average.

    Raises:
        UserError: the run is not finished or damaged, or the region, PUE or intensity is wrong.
    """
    return analyse(run, region=region, pue=pue, intensity_g_per_kwh=intensity_g_per_kwh).comparison


def analyse(
    run: RunRecords,
    *,
    region: str | None = None,
    pue: float | None = None,
    intensity_g_per_kwh: float | None = None,
) -> Analysis:
    """As `compare`, keeping what the comparison was computed from."""
    settings = suite_section(run.header, "carbon")
    factor = carbon_of_suite(settings, region=region, intensity_g_per_kwh=intensity_g_per_kwh, pue=pue)
    frames = load_frames(run)
    table = item_table(frames)
    measured, judged = measures(frames, table), validity(frames)
    prints = fingerprints(frames)
    kinds = frames.items.drop_duplicates("system").set_index("system")["kind"]
    comparison = Comparison(
        run=run.header.run,
        suite=suite_name(run.header),
        systems=tuple(
            _row(figures, str(kinds[name]), judged[name].valid, factor) for name, figures in measured.items()
        ),
        carbon=factor,
        caveats=(*condition_caveats(prints), *caveats(frames, measured, judged)),
    )
    return Analysis(frames, table, measured, judged, comparison, prints)


def _row(figures: Measures, kind: str, valid: bool, factor: Carbon | None) -> SystemFigures:
    accuracy, per_correct = figures.accuracy, figures.j_per_correct
    p50_s, p95_s = figures.latency_quantile_s(0.5), figures.latency_quantile_s(0.95)
    # Every system here has at least one item: it is known only by its items.
    assert accuracy is not None and p50_s is not None and p95_s is not None
    request_j = None if figures.j_per_request is None else figures.j_per_request.estimate
    return SystemFigures(
        system=figures.system,
        kind=kind,
        items=figures.items,
        accuracy=accuracy.estimate,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        latency_p50_s=p50_s,
        latency_p95_s=p95_s,
        output_tokens=figures.output_tokens,
        energy_j_per_request=request_j,
        j_per_correct=None if per_correct is None else per_correct.estimate,
        j_per_correct_low=None if per_correct is None else per_correct.low,
        j_per_correct_high=None if per_correct is None else per_correct.high,
        co2_g_per_1000=None if factor is None or request_j is None else factor.grams(1000 * request_j),
        energy_provenance=figures.provenance,
        valid=valid,
    )
