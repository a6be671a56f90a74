"""Decide which systems take part in a verdict: those that did the same work and are no yardsticks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import ACCURACY, groups
from wattbench_reports.formatting.units import named
from wattbench_reports.metrics.system_metrics import Measures


@dataclass(frozen=True)
class Contest:
    """The systems that take part in a verdict."""

    candidates: Mapping[str, Measures]
    """Over all items."""
    called: Mapping[str, str]
    """Each candidate's name with its kind, where the name does not say it."""
    apart: tuple[str, ...]
    """A sentence on those that did not do the same work."""
    why_none: str
    """Why there is no candidate; empty where there is one."""


def contest(
    measured: Mapping[str, Measures],
    kinds: Mapping[str, str],
    yardsticks: Mapping[str, str],
    unranked: Mapping[str, str],
    prints: Mapping[str, Fingerprint],
) -> Contest:
    """Select the systems of a verdict: no yardsticks, all at a rate they hold in the long run, with the same documents.

    Args:
        measured: every system's figures.
        kinds: their kinds.
        yardsticks: those that are only measured as a reference.
        unranked: those that are not shown to hold the rate that is compared in the long run.
        prints: what their figures were made with.
    """
    eligible = {name: each for name, each in measured.items() if name not in yardsticks}
    if not eligible:
        return Contest({}, {}, (), "Only yardsticks took part, so there is nothing to choose.")
    holding = {name: each for name, each in eligible.items() if name not in unranked}
    if not holding:
        return Contest(
            {}, {}, (), "No system is shown to sustain any of the offered rates in the long run, so none is ranked."
        )
    sides = [[name for name in group if name in holding] for group in groups(prints, ACCURACY)]
    most = max(sides, key=len)
    others = [name for side in sides if side is not most for name in side]
    apart = (f"Not ranked, because they answered different documents: {named(others)}.",) if others else ()
    candidates = {name: holding[name] for name in holding if name in most}
    return Contest(candidates, _called({name: kinds[name] for name in candidates}), apart, "")


def _called(kinds: Mapping[str, str]) -> dict[str, str]:
    """Each name with its kind behind it, where there are several kinds and the name does not say it already."""
    if len(set(kinds.values())) < 2:
        return {name: name for name in kinds}
    return {name: name if kind in name.casefold() else f"{name} ({kind})" for name, kind in kinds.items()}
