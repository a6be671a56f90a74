"""Decide which systems take part in a verdict: those that did the same work and are no yardsticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wattbench_reports.comparability.common_items import Overlaps, apart_pairs, overlaps
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import ACCURACY, groups
from wattbench_reports.formatting.units import named, plural
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.tables.suite_record import SuiteRecord

_YARDSTICKS = {
    "oracle": "its router is given the domain of every item, which is not known in use",
    "random": "its router chooses by chance",
    "always": "its router asks the same member every time, which that member does alone",
}
"""Router types that make a system a yardstick, and why."""


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
    other_work: Mapping[str, str] = field(default_factory=dict)
    """Each system that did not do the same work as the candidates, and why, as a clause."""
    reason: str = ""
    """Why no two systems did the same work, as a clause; empty where some did."""


def yardsticks(suite: SuiteRecord) -> dict[str, str]:
    """Return the yardsticks of a run, each with a clause that says what makes it a yardstick."""
    routers = {name: config.router.type for name, config in suite.systems.items() if config.router is not None}
    return {name: _YARDSTICKS[router] for name, router in routers.items() if router in _YARDSTICKS}


def contest(
    measured: Mapping[str, Measures],
    kinds: Mapping[str, str],
    yardsticks: Mapping[str, str],
    unranked: Mapping[str, str],
    prints: Mapping[str, Fingerprint],
) -> Contest:
    """Select the systems of a verdict: no yardsticks, all at a rate that they hold, any two with enough items in
    common.

    They are the largest group of such systems; of as large ones that with the most items, then the first by name. Where
    no two of several have enough in common none is a candidate: that it cannot be compared is no reason to run one.

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
    among = {name: each for name, each in prints.items() if name in holding}
    shared = overlaps(among)
    largest = min(groups(among, ACCURACY), key=lambda group: (-len(group), -_items(shared, group), min(group)))
    most = list(largest)
    for name in sorted(among):  # it may have been in a smaller group
        if all(shared.of(name, other).same_work for other in most if other != name):
            most = list(dict.fromkeys([*most, name]))
    if len(most) < 2 <= len(holding):
        closest, *others = apart_pairs(shared, holding)
        reason = _pair(shared, *closest) + (", and no other two have more" if others else "")
        return Contest({}, {}, (), f"No system is ranked: {reason}.", dict.fromkeys(holding, _ALONE), reason)
    other_work = {name: _why(shared, name, most) for name in holding if name not in most}
    candidates = {name: holding[name] for name in holding if name in most}
    called = _called({name: kinds[name] for name in candidates})
    return Contest(candidates, called, tuple(_sentence(other_work)), "", other_work)


_ALONE = "it has too few items in common with any other system"


def _items(shared: Overlaps, names: Iterable[str]) -> int:
    return sum(shared.of(name, name).common for name in names)


def _why(shared: Overlaps, system: str, candidates: Sequence[str]) -> str:
    """Return a clause on the candidate with which a system has the fewest items in common, too few to be ranked."""
    apart = [name for name in sorted(candidates) if not shared.of(system, name).same_work]
    other = min(apart, key=lambda name: (shared.of(system, name).same_tasks, shared.of(system, name).common))
    between = shared.of(system, other)
    if not between.same_tasks:
        return f"its documents or tasks are not those of {other}"
    if not between.common:
        return f"it has no item in common with {other}"
    return f"it has only {between.common:,} of {plural(between.most, 'item')} in common with {other}"


def _pair(shared: Overlaps, first: str, second: str) -> str:
    """Return a clause on how little two systems have in common."""
    between = shared.of(first, second)
    if not between.same_tasks:
        return f"{first} and {second} have different documents or tasks"
    if not between.common:
        return f"{first} and {second} have no item in common"
    return f"{first} and {second} have only {between.common:,} of {plural(between.most, 'item')} in common"


def _sentence(other_work: Mapping[str, str]) -> Iterable[str]:
    """Say which systems are not ranked, and why."""
    by: dict[str, list[str]] = {}
    for name, why in other_work.items():
        by.setdefault(why, []).append(name)
    if by:
        yield f"Not ranked: {'; '.join(f'{named(names)} ({why})' for why, names in by.items())}."


def _called(kinds: Mapping[str, str]) -> dict[str, str]:
    """Map each system to its name, followed by its kind where kinds differ and the name does not say the kind."""
    if len(set(kinds.values())) < 2:
        return {name: name for name in kinds}
    return {name: name if kind in name.casefold() else f"{name} ({kind})" for name, kind in kinds.items()}
