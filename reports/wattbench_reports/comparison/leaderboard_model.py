"""Define standings: which figures are ranked together, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import ACCURACY, JOULES, LATENCY, Divide
from wattbench_reports.metrics.throughput import RATES

MONEY = "money"
"""Cost per correct answer. It is ranked wherever accuracy may be: a bill is the same whatever machine it is for."""

RANKED = (ACCURACY, LATENCY, *RATES, JOULES, MONEY)
"""The figures that are ranked, in the order of a leaderboard. Throughput is ranked wherever latency may be: at the same
load."""


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs that are compared."""

    run: str
    suite: str
    created_utc: str


@dataclass(frozen=True)
class Placement:
    """The place of a system in the comparison, in columns that every format has after the system's figures."""

    run: str
    fingerprint: str
    """Short: `wattbench_reports.comparability.fingerprint.Fingerprint.short`."""
    accuracy_group: int
    """From 1. Systems whose accuracy may be ranked among each other have the same number. So for the next two."""
    latency_group: int
    joules_group: int
    differs_in: str
    """Parts that forbid a ranking and in which it differs from another system: ``device+driver``."""
    ranked_across: str
    """Those of them that the reader asked to rank across all the same."""


@dataclass(frozen=True)
class RankedSystem:
    """A system within a standing."""

    system: str
    value: float
    """A share, seconds, requests or tokens per second, joules or money."""
    beaten: bool | None
    """Shown to be behind the first, over the same items; None for the first, and where that is not tested."""


@dataclass(frozen=True)
class RankedGroup:
    """Systems in order of one figure, within one group."""

    figure: str
    """One of `RANKED`."""
    group: int
    places: tuple[RankedSystem, ...]
    """Best first."""


@dataclass(frozen=True)
class Ranked:
    """How the systems of a comparison are ranked."""

    runs: tuple[ComparedRun, ...]
    prints: Mapping[str, Fingerprint]
    """By the name that a system has here."""
    placements: tuple[Placement, ...]
    """One per row of the comparison."""
    standings: tuple[RankedGroup, ...]
    divides: tuple[Divide, ...]
    across: tuple[str, ...]

    @property
    def apart(self) -> bool:
        """Return whether no figure of any run may be ranked against a figure of another run. False for one run."""
        if len(self.runs) < 2:
            return False
        for figure in ("accuracy_group", "latency_group", "joules_group"):
            runs_of: dict[int, set[str]] = {}
            for placement in self.placements:
                runs_of.setdefault(getattr(placement, figure), set()).add(placement.run)
            if any(len(runs) > 1 for runs in runs_of.values()):
                return False
        return True
