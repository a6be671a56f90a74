"""Combine water, abiotic depletion and primary energy of several runs, where all have the same factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.metrics.impacts import Impacts
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact


@dataclass(frozen=True)
class ImpactsOfRuns:
    """Water, abiotic depletion and primary energy of several runs."""

    impacts: Impacts | None = None
    """None: no run states them, or the runs differ in what they are made with."""
    of_systems: Mapping[str, tuple[SystemImpact, ...]] = field(default_factory=dict)
    """By the names that systems have in the comparison."""
    caveats: tuple[Caveat, ...] = ()


def impacts_of_runs(
    runs: Iterable[tuple[Impacts | None, Mapping[str, tuple[SystemImpact, ...]], Mapping[str, str]]],
) -> ImpactsOfRuns:
    """Combine the water, abiotic depletion and primary energy of several runs.

    Args:
        runs: of each run what its figures are made with, those of its systems, and a system's name there to its name in
            the comparison.
    """
    made_with, systems, names = zip(*runs, strict=True)
    first = made_with[0]
    if all(each == first for each in made_with):
        stated = {
            renamed[name]: figures
            for of_run, renamed in zip(systems, names, strict=True)
            for name, figures in of_run.items()
        }
        return ImpactsOfRuns(first, stated if first is not None else {})
    text = (
        "The runs differ in the sources, PUE or manufacture of water, abiotic depletion and primary energy, so none is "
        "stated. Name one for all with --impacts, --pue and --embodied."
    )
    return ImpactsOfRuns(caveats=(Caveat("different-impacts", text, ()),))
