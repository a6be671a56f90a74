"""Define the result of comparing the systems of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.input_check import InputCheck
from wattbench_reports.comparison.agents import AgentFigures
from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.comparison.dropped import DroppedSystems
from wattbench_reports.comparison.estimated import EstimatedSystem
from wattbench_reports.comparison.judges.model import JudgedAnswers
from wattbench_reports.comparison.leaderboard_model import Ranked
from wattbench_reports.comparison.machines import Machines
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.metrics.arrival_rates import LoadReport
from wattbench_reports.metrics.carbon import Carbon
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.impacts import Impacts
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.tail_latency import above_median, common_tail
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.tables.session_record import SessionRecord


@dataclass(frozen=True)
class Comparison:
    """The systems of a run, compared."""

    run: str
    suite: str
    systems: tuple[SystemFigures, ...]
    """In the order they first ran."""
    carbon: Carbon | None
    """None: no intensity is set, or its file cannot be used, and no grams are stated."""
    sci: Mapping[str, Sci]
    """The terms behind the grams of each system that has joules; empty without `carbon`."""
    caveats: tuple[Caveat, ...]
    splits: Mapping[str, SystemSplit] = field(default_factory=dict)
    """Each system's joules by component."""
    load: LoadReport | None = None
    """For a run under load: every rate. `systems` is then of one of them, `load.compared`."""
    workload: Workload | None = None
    """What the figures over all domains are for; None where several runs differ in it."""
    years: Mapping[str, Year] = field(default_factory=dict)
    """For each system with joules: the requests of a year."""
    money: RunMoney | None = None
    """Where the systems' money comes from; None where no system has a cost, or runs of different currencies are
    compared."""
    ranked: Ranked | None = None
    """How the systems are ranked; None where only figures were requested."""
    sessions: SessionRecord | None = None
    """The sessions that say how another run would differ; None: it is not known."""
    estimates: tuple[EstimatedSystem, ...] = ()
    """What was estimated of requests to services. Nothing else is computed from it."""
    cluster: str | None = None
    """``task``: intervals are clustered by task, as the reader asked, and not by block."""
    machines: Machines | None = None
    """Those that measured the run; None: one did, or several runs are compared."""
    data: InputCheck | None = None
    """What was looked at before anything is concluded: rows, items, and figures that are missing, zero or constant."""
    impacts: Impacts | None = None
    """None: no source of water, abiotic depletion or primary energy is named."""
    impacts_of: Mapping[str, tuple[SystemImpact, ...]] = field(default_factory=dict)
    """Those of each system that has joules; empty without `impacts`."""
    requests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to the fields that its suite adds to the body of its requests; empty without any."""

    dropped: DroppedSystems | None = None
    """The systems of a single run that were not asked to the end; None where all were."""
    agents: tuple[AgentFigures, ...] = ()
    """What agents solved and what it took; empty without agents."""
    judged: JudgedAnswers | None = None
    """What judges said of answers, and what that took; None: no task is judged."""

    @property
    def tail_share(self) -> float | None:
        """Return the tail percentile that a table of systems shows; None if some system supports no more than a p50."""
        return above_median(common_tail(each.tail_share for each in self.systems))
