"""Explain why systems may not be ranked against each other, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wattbench.records import CONDITIONS, IDENTITY, LABELS, NOT_RECORDED
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
from wattbench_reports.formatting.units import NAMED, listed, named

CODES = {"meter": "mixed-provenance"}
"""The stable name of a caveat, where it is not ``different-<part>``."""

_BY = {ACCURACY: "accuracy", LATENCY: "latency", JOULES: "energy"}


def run_label(run: str) -> str:
    """Return the last part of a run's name, which is unique: ``abc123``."""
    return run.rpartition("-")[2] or run


def condition_caveats(prints: Mapping[str, Fingerprint], across: Sequence[str] = ()) -> tuple[Caveat, ...]:
    """Return a caveat for each part of the fingerprint in which systems differ.

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


def not_recorded(prints: Mapping[str, Fingerprint]) -> tuple[Caveat, ...]:
    """State which facts that decide a ranking are recorded by no source of several imported runs.

    Args:
        prints: the name by which a system is shown, to its fingerprint.
    """
    if len({each.run for each in prints.values()}) < 2:
        return ()
    missing = []
    for name in CONDITIONS:
        parts = [each.parts[name] for each in prints.values()]
        if any(each.owner for each in parts):
            continue  # a run that is not imported, or joules whose meter is not known: these are differences
        absent = [{fact for fact, value in each.facts if value == NOT_RECORDED} for each in parts if each.facts]
        if shared := set.intersection(*absent) if absent else set():
            whole = all(shared >= {fact for fact, _ in each.facts} - {"server"} for each in parts if each.facts)
            missing.append(LABELS[name] if whole else f"{LABELS[name]} ({', '.join(sorted(shared))})")
    if not missing:
        return ()
    text = (
        f"Not recorded by any of these sources: {listed(missing)}. The runs are compared as if these were the same; "
        "whether they were is not known."
    )
    return (Caveat("not-recorded", text, tuple(prints)),)


def identity_caveats(prints: Mapping[str, Fingerprint]) -> Iterator[Caveat]:
    """Return a caveat for each name that names different systems in several runs.

    Args:
        prints: the name by which a system is shown, to its fingerprint.
    """
    by_name: dict[str, list[str]] = {}
    for shown, each in prints.items():
        by_name.setdefault(each.system, []).append(shown)
    for first, *others in by_name.values():
        for other in others:
            differences = identity_differences(prints[first], prints[other])
            if differences:
                yield Caveat("another-system", not_one_system(differences, first, other), (first, other))


def identity_differences(first: Fingerprint, second: Fingerprint) -> tuple[Difference, ...]:
    """Return the parts that show two systems of one name to be different systems."""
    all_of_them = differences(first, second)
    # Other documents make other prompts: that says nothing of the systems.
    silent = "prompts" if any(one.part == "tasks" for one in all_of_them) else None
    return tuple(one for one in all_of_them if one.part in IDENTITY and one.part != silent)


def not_one_system(differences: Sequence[Difference], first: str, second: str) -> str:
    """State that two systems of one name are not shown to be the same system, and why."""
    return (
        f"{first} and {second} share a name, and are not shown to be one system: {clauses(differences, first, second)}."
    )


def clauses(differences: Sequence[Difference], first: str, second: str) -> str:
    """List differences as clauses: ``other weights (big@a: SHA-256 1f; big@b: SHA-256 2e); engine not recorded``."""
    return "; ".join(_clause(one, first, second) for one in differences)


def _clause(one: Difference, first: str, second: str) -> str:
    if NOT_RECORDED in one.first and one.first == one.second:
        return f"{LABELS[one.part]} not recorded"
    return f"other {LABELS[one.part]} ({first}: {one.first}; {second}: {one.second})"


def what_differs(divide: Divide, prints: Mapping[str, Fingerprint]) -> str:
    """Say what differs, without a full stop: ``Device differs (run abc123: CPU one; run def456: CPU another)``.

    Args:
        divide: where the systems differ.
        prints: the name by which a system is shown, to its fingerprint.
    """
    sides = [f"{_who(side, prints)}: {side.value}" for side in divide.sides]
    more = len(sides) - NAMED
    shown = [*sides[:NAMED], f"{more} others"] if more > 1 else sides
    return f"{_opening(divide)} ({'; '.join(shown)})"


def _sentence(divide: Divide, prints: Mapping[str, Fingerprint]) -> str:
    return f"{what_differs(divide, prints)}. {_consequence(divide)}"


def _opening(divide: Divide) -> str:
    if divide.part == "meter":
        return "The provenance of the joules differs"
    label = LABELS[divide.part]
    verb = "differ" if divide.part in ("tasks", "seed") else "differs"
    return f"{label[0].upper()}{label[1:]} {verb}"


def _consequence(divide: Divide) -> str:
    if not divide.forbids:
        return "Rankings are not affected, but it may explain a difference."
    figures = [_BY[figure] for figure in divide.forbids]
    if divide.overridden:
        by = listed(figures)
        return (
            f"Systems are ranked by {by} all the same, because of --across {divide.part}: a difference "
            f"between them may come from {LABELS[divide.part]} alone."
        )
    return f"Such systems are not ranked by {listed(figures, 'or')} against each other."


def _who(side: AgreeingSystems, prints: Mapping[str, Fingerprint]) -> str:
    """Name the systems of one side. Of several runs, a run with all of its systems there is named instead."""
    runs: dict[str, list[str]] = {}
    for shown, each in prints.items():
        runs.setdefault(each.run, []).append(shown)
    left = list(side.systems)
    whole = []
    if len(runs) > 1:
        for run, systems in runs.items():
            remaining = [name for name in systems if name in left]
            if remaining == systems:
                whole.append(f"run {run_label(run)}")
                left = [name for name in left if name not in remaining]
    rest = [*whole, *left]
    return named(rest)


def _all(divide: Divide) -> tuple[str, ...]:
    return tuple(name for side in divide.sides for name in side.systems)
