"""Read what a comparison needs of a run, whatever a reader assumes of carbon, prices, mixes and requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from wattbench.errors import UserError
from wattbench_reports.comparability.fingerprint import Fingerprint, fingerprints
from wattbench_reports.comparability.input_check import SystemInput, system_inputs
from wattbench_reports.comparison.machines import Machines, machines_of, of_compared_class
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.metrics.added_ratios import added_sums
from wattbench_reports.metrics.arrival_rates import LoadReport, load_report
from wattbench_reports.metrics.domain_sums import Basis
from wattbench_reports.metrics.energy_breakdown import SystemSplit, splits
from wattbench_reports.metrics.strictness import SystemStrictness, strictness
from wattbench_reports.metrics.system_metrics import Measures, measures
from wattbench_reports.metrics.throughput import Throughput, throughputs
from wattbench_reports.metrics.validity import Validity, validity
from wattbench_reports.tables.item_matrix import ItemTable, item_table
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.streamed import StreamedFrames

TASK = "task"
"""The kind of cluster that a reader may ask for in place of blocks."""


@dataclass(frozen=True)
class ReadRun:
    """The data of a run that a comparison reads. All of them stay under other assumptions."""

    frames: Frames
    """Of the machines, and at the arrival rate, that are compared."""
    cluster: str | None
    """The clusters of its intervals: `TASK`; None: blocks, where there are any."""
    table: ItemTable
    """Its blocks are the tasks, where the reader asked for intervals clustered by task."""
    overall: ItemTable
    """The same for figures over all domains. It differs where rows are pools of items."""
    judged: Mapping[str, Validity]
    load: LoadReport | None
    """None: no load was offered."""
    machines: Machines | None
    """None: one machine measured it."""

    @cached_property
    def splits(self) -> Mapping[str, SystemSplit]:
        """Return each system's joules by component."""
        return splits(self.frames)

    @cached_property
    def served(self) -> Mapping[str, Throughput]:
        """Return each system's throughput, where it is known."""
        return throughputs(self.frames, by_block=self.cluster is None)

    @cached_property
    def added(self) -> Mapping[str, Basis]:
        """Return what the added metrics are computed from, by metric."""
        return added_sums(self.frames, self.table)

    @cached_property
    def prints(self) -> Mapping[str, Fingerprint]:
        """Return each system's fingerprint."""
        return fingerprints(self.frames)

    @cached_property
    def strictness(self) -> Mapping[str, SystemStrictness]:
        """Return how far each scored system's scores depend on the exact form of its answers."""
        return strictness(self.frames)

    @cached_property
    def inputs(self) -> Mapping[str, SystemInput]:
        """Return the check of each system's answers: which figures are there, missing, zero or constant."""
        return system_inputs(self.frames.recorded or self.frames)

    def pairs(self, domain: str | None) -> EqualPairs:
        """Return comparisons of two systems over one domain, or over all items; every item counts the same."""
        if domain not in self._pairs:
            self._pairs[domain] = EqualPairs(self.overall if domain is None else self.table.of_domain(domain))
        return self._pairs[domain]

    @cached_property
    def _pairs(self) -> dict[str | None, EqualPairs]:
        """Return a cache of the comparisons, by domain."""
        return {}

    def by_domain(self, base: Basis) -> Mapping[str, Mapping[str, Measures]]:
        """Return each system's figures by domain, in the order of the suite.

        Args:
            base: of `table`. What is kept is of the first one: the figures are of joules and answers, which all have.
        """
        if not self._by_domain:
            self._by_domain.update(
                {name: measures(self.frames, self.table, base, name) for name in domains_of(self.frames)}
            )
        return self._by_domain

    @cached_property
    def _by_domain(self) -> dict[str, Mapping[str, Measures]]:
        return {}


def read_frames(frames: Frames, cluster: str | None) -> ReadRun:
    """Read the data to compare from a run's frames, with intervals clustered as `ReadRun.cluster` says.

    Raises:
        UserError: the reader named no kind of cluster.
    """
    if cluster not in (None, TASK):
        raise UserError(f"cluster is {cluster!r:.60}: only {TASK} is known")
    if isinstance(frames, StreamedFrames) and cluster == TASK:
        frames = frames.pooled_by("task")  # whose pools are then of one block
    load = load_report(frames)
    frames = of_compared_class(frames)
    machines = machines_of(frames) if frames.several_nodes else None
    if load is not None:  # figures under different loads are never put together: all that follows is of one rate
        frames = load.compared.frames
    table = item_table(frames) if load is None else load.compared.table
    judged = validity(frames) if load is None else load.compared.judged
    if cluster == TASK:
        table = table.by_task()
    separate = isinstance(frames, StreamedFrames) and cluster != TASK
    overall = item_table(frames.overall) if separate else table
    return ReadRun(frames, cluster, table, overall, judged, load, machines)


def domains_of(frames: Frames) -> list[str]:
    """Return the domains of a run in the order of its suite."""
    return frames.categories("domain")
