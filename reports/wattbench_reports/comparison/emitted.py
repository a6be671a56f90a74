"""What the requests of a run emit and use up: grams of CO2 equivalent, water, abiotic depletion, primary energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.read_run import ReadRun
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import Carbon, HourlyIntensity, carbon_of_run
from wattbench_reports.metrics.carbon.sci import WEIGHED, Sci, carbon_sums, energy_parts, run_span, software_carbon
from wattbench_reports.metrics.impacts import Impacts, impacts_of_run
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact, system_impacts


@dataclass(frozen=True)
class ItemGrams:
    """What grams are made of, before it is summed by domain."""

    carbon: Carbon | None
    """None: no intensity is set, or its file cannot be used, and no grams are stated."""
    unusable: str
    """Why the file cannot be used, as a clause; empty if it can."""
    impacts: Impacts | None
    """None: no source of water, abiotic depletion or primary energy is named."""
    no_tables: str
    """Why that source cannot be used; empty if it can."""
    sums: Mapping[str, NDArray[np.float64]]
    """What grams are computed from, other than joules: `wattbench_reports.metrics.carbon.sci.carbon_sums`."""


@dataclass(frozen=True)
class Emitted(ItemGrams):
    """The grams and impacts of a run's systems, over all domains."""

    sci: Mapping[str, Sci]
    """The terms behind the grams of each system that has joules; empty without `carbon`."""
    impacts_of: Mapping[str, tuple[SystemImpact, ...]]
    """Those of each system that has joules; empty without `impacts`."""
    grams_per_joule: float | None
    """Without manufacture; None without an intensity. One by the hour is taken as the joules had it on average."""

    def sci_in(self, measured: Measured, domain: str) -> Mapping[str, Sci]:
        """Return each system's grams over the items of one domain; empty without an intensity. Totals are the run's."""
        if self.carbon is None:
            return {}
        table = measured.table
        in_domain = table.domains.are(domain)
        sums = {kind: np.where(in_domain[:, None], values, 0.0) for kind, values in self.sums.items()}
        share = measured.basis.share_of(domain)
        return software_carbon(measured.frames, table, self.carbon, measured.basis, sums, share)

    def impacts_in(self, measured: Measured, domain: str) -> Mapping[str, tuple[SystemImpact, ...]]:
        """Return each system's water, abiotic depletion and primary energy over one domain; empty where not stated."""
        if self.impacts is None:
            return {}
        return system_impacts(measured.table, self.impacts, measured.basis, self.sums, measured.basis.share_of(domain))


def item_grams(read: ReadRun, assumptions: Assumptions) -> ItemGrams:
    """Settle the grid of a run, and sum by item what grams are made of.

    Raises:
        UserError: the reader's or the suite's settings are wrong.
    """
    suite = read.frames.record.suite
    carbon, unusable = carbon_of_run(suite.carbon, assumptions.carbon)
    impacts, no_tables = impacts_of_run(suite.impacts, suite.carbon, assumptions.impacts, assumptions.carbon)
    carbon = None if carbon is None else carbon.within(*run_span(read.frames))
    hourly = carbon.intensity if carbon is not None and isinstance(carbon.intensity, HourlyIntensity) else None
    return ItemGrams(carbon, unusable, impacts, no_tables, carbon_sums(read.frames, hourly))


def emit(measured: Measured, items: ItemGrams) -> Emitted:
    """State the grams and impacts of a run for its mix of domains."""
    frames, table, base, carbon = measured.frames, measured.table, measured.basis, items.carbon
    sci = {} if carbon is None else software_carbon(frames, table, carbon, base, items.sums, measured.shares)
    impacts = items.impacts
    stated = {} if impacts is None else system_impacts(table, impacts, base, items.sums, measured.shares)
    return Emitted(**vars(items), sci=sci, impacts_of=stated, grams_per_joule=_grams_per_joule(measured, items))


def _grams_per_joule(measured: Measured, items: ItemGrams) -> float | None:
    if items.carbon is None:
        return None
    parts = energy_parts(items.carbon)
    if WEIGHED not in parts:
        return parts["energy_j"]
    weighed, joules = items.sums[WEIGHED], measured.table.energy_j
    known = np.isfinite(weighed)
    total_j = float(joules[known].sum())
    return parts[WEIGHED] * float(weighed[known].sum()) / total_j if total_j > 0 else None
