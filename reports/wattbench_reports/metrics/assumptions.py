"""What a reader of a run sets in place of its suite: carbon, workload, decision, routers, earlier sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wattbench_reports.metrics.carbon.overrides import CarbonChoice
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.metrics.workload import WorkloadChoice


@dataclass(frozen=True)
class Assumptions:
    """The reader's settings for an analysis. What is None in them stays as the suite has it."""

    carbon: CarbonChoice = field(default_factory=CarbonChoice)
    workload: WorkloadChoice = field(default_factory=WorkloadChoice)
    routers: Path | None = None
    """A file of routers to replay, a table or a log: see `wattbench_reports.tables.routes.read_routes`."""
    sessions: Path | None = None
    """A record of earlier sessions, or a folder of runs: see `wattbench_reports.tables.session_record.sessions_of`."""
    alone: bool = False
    """Whether what is next to the run is left out: no earlier sessions are looked for."""
    cluster: str | None = None
    """``task``: intervals speak of other tasks of the kind, not of other items of the same ones."""
    decision: DecisionChoice = field(default_factory=DecisionChoice)
    impacts: str | None = None
    """Water, abiotic depletion and primary energy, in place of all that the suite declares of them: ``ecologits``,
    ``none``, or its block ``impacts`` in YAML."""
    prices: tuple[str, ...] = ()
    """Of systems, each ``system:key=value,key=value``: see `wattbench_reports.metrics.money.prices.prices_of`."""

    def as_options(self) -> list[str]:
        """Return the settings as the options that `compare`, `export` and `report` share."""
        sessions = [] if self.sessions is None else ["--sessions", str(self.sessions)]
        cluster = [] if self.cluster is None else ["--cluster", self.cluster]
        impacts = [] if self.impacts is None else ["--impacts", self.impacts]
        restated = [*self.carbon.as_options(), *impacts, *self.workload.as_options()]
        prices = [word for price in self.prices for word in ("--system-price", price)]
        return [*restated, *prices, *self.decision.as_options(), *sessions, *cluster]

    def as_report_options(self) -> list[str]:
        """Return the settings as options of `report`, which alone replays routers."""
        routes = [] if self.routers is None else ["--routes", str(self.routers)]
        return [*routes, *self.as_options()]


AS_IN_SUITE = Assumptions()
"""Everything as the suite has it, and no routers to replay."""

ALONE = Assumptions(alone=True)
"""Everything as the suite has it, by the run's own files alone."""
