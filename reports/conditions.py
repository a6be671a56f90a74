"""What stands between systems that may not be ranked against each other, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.records import IDENTITY, LABELS, NOT_RECORDED
from reports.caveats import Caveat
from reports.comparability import ACCURACY, JOULES, LATENCY, Difference, Divide, Side, differences, divides
from reports.fingerprint import Fingerprint
from reports.units import listed

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
            all_of_them = differences(prints[first], prints[other])
            # Other documents make other prompts: that says nothing of the systems.
            silent = "prompts" if any(one.part == "tasks" for one in all_of_them) else None
            found = [one for one in all_of_them if one.part in IDENTITY and one.part != silent]
            if found:
                said = "; ".join(_clause(one, first, other) for one in found)
                text = f"{first} and {other} share a name, and are not shown to be one system: {said}."
                yield Caveat("another-system", text, (first, other))


def _clause(one: Difference, first: str, second: str) -> str:
    if NOT_RECORDED in one.first and one.first == one.second:
        return f"{LABELS[one.part]} not recorded"
    return f"other {LABELS[one.part]} ({first}: {one.first}; {second}: {one.second})"


def _sentence(divide: Divide, prints: Mapping[str, Fingerprint]) -> str:
    sides = "; ".join(f"{_who(side, prints)}: {side.value}" for side in divide.sides)
    return f"{_opening(divide)} ({sides}). {_consequence(divide)}"


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


def _who(side: Side, prints: Mapping[str, Fingerprint]) -> str:
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
