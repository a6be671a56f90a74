"""What stands between systems that may not be ranked against each other, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wattbench.records import IDENTITY, LABELS, NOT_RECORDED
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import (
    ACCURACY,
    JOULES,
    LATENCY,
    AgreeingSystems,
    Difference,
    Divide,
    differences,
    divides,
)
from wattbench_reports.formatting.units import listed

CODES = {"meter": "mixed-provenance"}
"""The stable name of a caveat, where it is not ``different-<part>``."""

_BY = {ACCURACY: "accuracy", LATENCY: "latency", JOULES: "energy"}

_NAMED = 4


def run_label(run: str) -> str:
    """The last part of a run's name, which is its own: ``abc123``."""
    return run.rpartition("-")[2] or run


def condition_caveats(prints: Mapping[str, Fingerprint], across: Sequence[str] = ()) -> tuple[Caveat, ...]:
    """A caveat for each part in which systems differ: what forbids a ranking, and what only explains.

    Args:
        prints: the name by which a system is shown, to its fingerprint.
        across: parts that the reader asked to rank across. The caveat stays, and says so.
    """
    return tuple(
        Caveat(
            CODES.get(divide.part, f"different-{divide.part.replace('_', '-')}"),
            _sentence(divide, prints),
            _all(divide),
        )
        for divide in divides(prints, across)
    )


def identity_caveats(prints: Mapping[str, Fingerprint]) -> Iterator[Caveat]:
    """Systems that have one name in several runs, and are not one system.

    Args:
        prints: the name by which a system is shown, to its fingerprint.
    """
    by_name: dict[str, list[str]] = {}
    for shown, each in prints.items():
        by_name.setdefault(each.system, []).append(shown)
    for first, *others in by_name.values():
        for other in others:
            found = identity_differences(prints[first], prints[other])
            if found:
                yield Caveat("another-system", not_one_system(found, first, other), (first, other))


def identity_differences(first: Fingerprint, second: Fingerprint) -> tuple[Difference, ...]:
    """In what two systems of one name are not one system."""
    all_of_them = differences(first, second)
    # Other documents make other prompts: that says nothing of the systems.
    silent = "prompts" if any(one.part == "tasks" for one in all_of_them) else None
    return tuple(one for one in all_of_them if one.part in IDENTITY and one.part != silent)


def not_one_system(found: Sequence[Difference], first: str, second: str) -> str:
    """A sentence about `identity_differences` of two systems that share a name, by the names they are shown with."""
    return f"{first} and {second} share a name, and are not shown to be one system: {clauses(found, first, second)}."


def clauses(found: Sequence[Difference], first: str, second: str) -> str:
    """What differs, without an end: ``other weights (big@a: SHA-256 1f; big@b: SHA-256 2e); engine not recorded``."""
    return "; ".join(_clause(one, first, second) for one in found)


def _clause(one: Difference, first: str, second: str) -> str:
    if NOT_RECORDED in one.first and one.first == one.second:
        return f"{LABELS[one.part]} not recorded"
    return f"other {LABELS[one.part]} ({first}: {one.first}; {second}: {one.second})"


def what_differs(divide: Divide, prints: Mapping[str, Fingerprint]) -> str:
    """A sentence without its stop: ``Device differs (run abc123: CPU one; run def456: CPU another)``.

    Args:
        divide: where the systems differ.
        prints: the name by which a system is shown, to its fingerprint.
    """
    sides = "; ".join(f"{_who(side, prints)}: {side.value}" for side in divide.sides)
    return f"{_opening(divide)} ({sides})"


def _sentence(divide: Divide, prints: Mapping[str, Fingerprint]) -> str:
    return f"{what_differs(divide, prints)}. {_consequence(divide)}"


def _opening(divide: Divide) -> str:
    if divide.part == "meter":
        return "Joules came about in different ways"
    label = LABELS[divide.part]
    verb = "differ" if divide.part in ("tasks", "seed") else "differs"
    return f"{label[0].upper()}{label[1:]} {verb}"


def _consequence(divide: Divide) -> str:
    if not divide.forbids:
        return "This forbids no ranking, and may explain a difference."
    figures = [_BY[figure] for figure in divide.forbids]
    if divide.overridden:
        by = listed(figures)
        return (
            f"Systems are ranked by {by} across these all the same, as --across {divide.part} asks: a difference "
            f"between them may be one of {LABELS[divide.part]} alone."
        )
    return f"Systems may not be ranked by {listed(figures, 'or')} across these."


def _who(side: AgreeingSystems, prints: Mapping[str, Fingerprint]) -> str:
    """The systems of a side; a run, for all of its systems, where there are several runs."""
    runs: dict[str, list[str]] = {}
    for shown, each in prints.items():
        runs.setdefault(each.run, []).append(shown)
    left = list(side.systems)
    named = []
    if len(runs) > 1:
        for run, systems in runs.items():
            own = [name for name in systems if name in left]
            if own == systems:
                named.append(f"run {run_label(run)}")
                left = [name for name in left if name not in own]
    rest = [*named, *left]
    if len(rest) > _NAMED:
        rest = [*rest[: _NAMED - 1], f"{len(rest) - _NAMED + 1} others"]
    return listed(rest)


def _all(divide: Divide) -> tuple[str, ...]:
    return tuple(name for side in divide.sides for name in side.systems)
