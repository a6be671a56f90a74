"""What was measured of the systems of a run: scores, seconds and joules, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.joules import SystemJoules, why_not_comparable
from wattbench_reports.comparability.rules import JOULES, groups
from wattbench_reports.comparison.another_run import joule_ratios
from wattbench_reports.comparison.eligibility import Contest, contest, yardsticks
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.machines import Machines, on_another_machine
from wattbench_reports.comparison.paired_tests import Pairs, WeighedPairs
from wattbench_reports.comparison.ranking import Ranking, rank
from wattbench_reports.comparison.read_run import ReadRun
from wattbench_reports.metrics.added_ratios import added_figures
from wattbench_reports.metrics.arrival_rates import LoadReport
from wattbench_reports.metrics.domain_sums import Basis, Shares, basis
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.strictness import SystemStrictness
from wattbench_reports.metrics.system_metrics import Measures, measures
from wattbench_reports.metrics.throughput import Throughput
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.stats import BlockRatio, Interval
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.session_record import SessionRecord


@dataclass(frozen=True)
class Measured:
    """The systems of a run as they were measured, stated for a mix of domains."""

    read: ReadRun
    workload: Workload
    """The mix, and how many requests a year has."""
    basis: Basis
    """Sums by domain of all that is counted of an answer: scores, joules, seconds, and what grams and money are made
    of."""
    systems: Mapping[str, Measures]
    """Each system's figures over all domains."""
    uncertain: Mapping[str, BlockRatio]
    """Each system's joules per correct answer with the variance of its log, between blocks or over items."""
    sessions: SessionRecord | None
    """The sessions that say how another run would differ; None: it is not known."""
    sample: Callable[[], Measured] | None = None
    """Measures a sample of the items of a streamed run; None: all items are in memory."""

    @property
    def frames(self) -> Frames:
        """Return `ReadRun.frames`."""
        return self.read.frames

    @property
    def run(self) -> str:
        """Return the run's identity."""
        return self.frames.run.header.run

    @property
    def suite(self) -> str:
        """Return the suite's name."""
        return self.frames.record.suite.name

    @property
    def table(self) -> ItemTable:
        """Return `ReadRun.table`."""
        return self.read.table

    @property
    def overall(self) -> ItemTable:
        """Return `ReadRun.overall`."""
        return self.read.overall

    @property
    def judged(self) -> Mapping[str, Validity]:
        """Return `ReadRun.judged`."""
        return self.read.judged

    @property
    def prints(self) -> Mapping[str, Fingerprint]:
        """Return `ReadRun.prints`."""
        return self.read.prints

    @property
    def strictness(self) -> Mapping[str, SystemStrictness]:
        """Return `ReadRun.strictness`."""
        return self.read.strictness

    @property
    def served(self) -> Mapping[str, Throughput]:
        """Return `ReadRun.served`."""
        return self.read.served

    @property
    def splits(self) -> Mapping[str, SystemSplit]:
        """Return `ReadRun.splits`."""
        return self.read.splits

    @property
    def load(self) -> LoadReport | None:
        """Return `ReadRun.load`."""
        return self.read.load

    @cached_property
    def machines(self) -> Machines | None:
        """Return the machines that measured the run, and what another one would give; None: one machine did."""
        known = self.read.machines
        return known and replace(known, another=on_another_machine(self.frames, self.systems, self.uncertain))

    @cached_property
    def by_item(self) -> Measured:
        """Return what to take single items from: this, or a sample of the items of a streamed run."""
        return self if self.sample is None else self.sample()

    @cached_property
    def added(self) -> Mapping[str, Mapping[str, Interval]]:
        """Return each system's added metrics, by name: `wattbench_reports.metrics.registry.ADDED`."""
        return added_figures(self.read.added, self.shares)

    @property
    def items_per_row(self) -> float:
        """Return how many items a row of the table has, on average."""
        return 1.0 if self.table.sizes is None else float(self.table.sizes.mean())

    @cached_property
    def shares(self) -> Shares | None:
        """Return the shares of domains that overall figures are stated for; None: every item counts the same."""
        return shares_of(self.workload, self.basis)

    @property
    def shares_now(self) -> Shares:
        """Return `shares`; without a mix, the shares of the scored items, or equal ones where no item is scored."""
        if self.shares is not None:
            return self.shares
        items = self.basis.items.max(axis=1)
        return np.asarray(items / items.sum()) if items.any() else np.full(len(items), 1 / len(items))

    @property
    def by_domain(self) -> Mapping[str, Mapping[str, Measures]]:
        """Return each system's figures by domain, in the order of the suite. Computed when first needed."""
        return self.read.by_domain(self.basis)

    def pairs(self, domain: str | None = None) -> Pairs:
        """Return comparisons of two systems over one domain; without a domain, over all items under the mix."""
        weighed = domain is None and self.shares is not None
        return self._weighed_pairs if weighed else self.read.pairs(domain)

    @cached_property
    def _weighed_pairs(self) -> WeighedPairs:
        return WeighedPairs(self.table, self.basis, self.shares_now)

    @cached_property
    def latency_pairs(self) -> LatencyPairs:
        """Return comparisons of the median latency of two systems."""
        return LatencyPairs(self.systems)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Return each system's kind."""
        return {name: self.frames.kind_of(name) for name in self.systems}

    @cached_property
    def yardsticks(self) -> Mapping[str, str]:
        """Return the systems that are measured only as a reference, and why: see
        `wattbench_reports.comparison.eligibility`."""
        return yardsticks(self.frames.record.suite)

    @property
    def not_held(self) -> Mapping[str, str]:
        """Return the systems that did not or may not have held the compared rate, and why. Empty without a load."""
        return {} if self.load is None else {**self.load.compared.not_held, **self.load.compared.not_known}

    @property
    def unranked(self) -> Mapping[str, str]:
        """Return the systems not shown to hold the compared rate in the long run, and why, as clauses; empty without a
        load."""
        return {} if self.load is None else self.load.compared.unranked

    @cached_property
    def contest(self) -> Contest:
        """Return the systems that take part in the verdict."""
        return contest(self.systems, self.kinds, self.yardsticks, self.unranked, self.prints)

    @cached_property
    def rankings(self) -> Mapping[str | None, Ranking]:
        """Return the ranking over all items (key None), and of each domain if there are several."""
        everyone = self.contest.candidates
        if not everyone:
            return {}
        rankings: dict[str | None, Ranking] = {
            None: rank(self.pairs(), everyone, self.judged, groups=self.energy_groups)
        }
        if len(self.by_domain) > 1:
            for domain, figures in self.by_domain.items():
                in_domain = {name: figures[name] for name in everyone}
                rankings[domain] = rank(self.pairs(domain), in_domain, self.judged, domain, groups=self.energy_groups)
        return rankings

    @cached_property
    def energy_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the systems in groups whose joules have one provenance, one set of conditions and one meter."""
        return groups(self.prints, JOULES)

    def joules_of(self, system: str) -> SystemJoules:
        """Return the facts that decide whether a system's joules can be compared."""
        figures = self.systems[system]
        return SystemJoules(system, figures.j_per_request is not None, self.judged[system].valid, figures.provenance)

    def why_joules_not_comparable(self, *systems: str) -> str:
        """Return why the joules of these systems may not be compared, as a clause; empty where they may."""
        return why_not_comparable([self.joules_of(name) for name in systems], self.energy_groups)

    def joules_comparable(self, *systems: str) -> bool:
        """Return whether the joules of these systems may be compared: `wattbench_reports.comparability.joules`."""
        return not self.why_joules_not_comparable(*systems)


def measure(
    read: ReadRun,
    workload: Workload,
    kinds: Mapping[str, NDArray[np.float64]],
    sessions: SessionRecord | None,
    sample: Callable[[], Measured] | None = None,
) -> Measured:
    """State a run for a workload.

    Args:
        read: the run.
        workload: the mix of domains.
        kinds: of sums that the basis has besides joules and scores, each of shape (items, systems).
        sessions: as in `Measured`; `sample` likewise.
    """
    base = basis(read.table, **{kind: _known(values) for kind, values in kinds.items()})
    shares = shares_of(workload, base)
    overall = None if read.overall is read.table else read.overall
    systems = measures(read.frames, read.table, base, shares=shares, overall=overall)
    return Measured(read, workload, base, systems, joule_ratios(base, shares), sessions, sample)


def shares_of(workload: Workload, basis: Basis) -> Shares | None:
    """Return a workload's shares in the order of a basis's domains; None: every item counts the same."""
    return None if workload.shares is None else np.array([workload.shares[name] for name in basis.domains])


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with 0 in place of unknown values."""
    return values if np.isfinite(values).all() else np.nan_to_num(values)
