"""What a reader of a run sets in place of its suite: carbon, the workload, and routers to replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wattbench_reports.metrics.carbon.overrides import CarbonChoice
from wattbench_reports.metrics.workload import WorkloadChoice


@dataclass(frozen=True)
class Assumptions:
    """The reader's settings for an analysis. What is None in them stays as the suite has it."""

    carbon: CarbonChoice = field(default_factory=CarbonChoice)
    workload: WorkloadChoice = field(default_factory=WorkloadChoice)
    routers: Path | None = None
    """A CSV file of routers to replay: see `wattbench_reports.tables.router_csv.read_routes`."""

    def as_options(self) -> list[str]:
        """Return them as the options that `compare`, `export` and `report` share."""
        return [*self.carbon.as_options(), *self.workload.as_options()]

    def as_report_options(self) -> list[str]:
        """Return them as options of `report`, which alone replays routers."""
        routes = [] if self.routers is None else ["--routes", str(self.routers)]
        return [*routes, *self.as_options()]


AS_IN_SUITE = Assumptions()
"""Everything as the suite has it, and no routers to replay."""
