"""Compute the idle draw of a hybrid's loaded members, which a replay does not include."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattbench.records import WindowRow
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench
from wattbench_reports.routing.residents.resident_draw import loaded_idle


@dataclass(frozen=True)
class Resident:
    """Idle watts of a hybrid, and of its members, each loaded alone."""

    hybrid_w: float
    alone_w: dict[str, float]
    """Of the members in the run."""
    answering_w: float
    """Their mean, each by its share of the hybrid's answers."""
    j_per_request: float
    """The rest of the hybrid's idle watts, over the time that its requests took. Below 0 where the idle window of a
    member happened to draw more."""

    @property
    def others_w(self) -> float:
        """Return the idle watts of the hybrid beyond the member that answers."""
        return self.hybrid_w - self.answering_w


def resident_of(analysis: Analysis, bench: Bench, windows: Sequence[WindowRow]) -> Resident | None:
    """Compute the idle watts of a hybrid and its resident members.

    None where joules are not compared, or some idle was not measured alone.
    """
    plan = analysis.frames.run.block_plan()
    if plan is not None and plan.resident == "all":  # every idle window had all systems of the suite loaded
        return None
    if bench.no_joules or len(bench.present) < len(bench.members):
        return None
    names = (bench.hybrid.system, *bench.present)
    idles = {name: each for name in names if (each := loaded_idle(name, windows)) is not None}
    if len(idles) < len(names) or len({each.parts for each in idles.values()}) != 1:
        return None
    watts = {name: each.watts for name, each in idles.items()}
    by = bench.hybrid.answered_by
    shares = np.bincount(by, minlength=len(bench.hybrid.names)) / len(by)
    answering = sum(share * watts[name] for name, share in zip(bench.hybrid.names, shares, strict=True))
    metered = analysis.table.metered[:, analysis.table.column(bench.hybrid.system)].sum()
    hybrid_w = watts.pop(bench.hybrid.system)
    seconds = idles[bench.hybrid.system].seconds
    return Resident(hybrid_w, watts, answering, (hybrid_w - answering) * seconds / float(metered))
