"""Decide which figures of which systems may be compared, and which parts forbid it.

| part that differs | accuracy | latency | joules |
| --- | --- | --- | --- |
| tasks: items in common, task version, scoring (`common_items`) | no | no | no |
| device, driver, power limit, scenario | yes | no | no |
| co-runners: how many other device slots of the machine measured meanwhile | yes | no | yes |
| meter, and of what is shared by how many slots | yes | yes | no |
| engine, weights, number type, settings, prompts | yes | yes | yes |
| software, graphics card, machine, seed and repeats | yes | yes | yes |

Accuracy is a property of answers, and answers of the documents and the system: a slower machine gives the same ones,
but for the rounding of its kernels. Latency is the machine's as much as the system's. Joules are so too, and depend
on what was counted. What a system is made of may differ between systems, as that is what is compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench.errors import UserError, nearest
from wattbench.records import CIRCUMSTANCES, CONDITIONS, IDENTITY, LABELS, Part
from wattbench_reports.comparability.common_items import overlaps
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.formatting.units import listed

ACCURACY, LATENCY, JOULES = "accuracy", "latency", "joules"

FIGURES = (ACCURACY, LATENCY, JOULES)

FORBIDS: Mapping[str, tuple[str, ...]] = {
    "tasks": FIGURES,
    "device": (LATENCY, JOULES),
    "driver": (LATENCY, JOULES),
    "power_limit": (LATENCY, JOULES),
    "scenario": (LATENCY, JOULES),
    "co_runners": (LATENCY,),
    "meter": (JOULES,),
    **dict.fromkeys((*IDENTITY, *CIRCUMSTANCES), ()),
}
"""Part to the figures that may not be ranked where it differs."""

TASKS = "tasks"
"""The part of which systems need not be equal: they are held against each other item by item."""

ALL = "all"

_SHOWN = 60
_SHOWN_FACTS = 4


@dataclass(frozen=True)
class Difference:
    """A part in which two fingerprints differ."""

    part: str
    first: str
    """The first one's facts, in words: those that differ."""
    second: str
    forbids: tuple[str, ...]
    """Figures that may not be ranked across it."""


@dataclass(frozen=True)
class AgreeingSystems:
    """Systems that agree in a part."""

    systems: tuple[str, ...]
    value: str
    """In words: the facts in which the sides differ."""


@dataclass(frozen=True)
class Divide:
    """A part in which some systems differ."""

    part: str
    forbids: tuple[str, ...]
    sides: tuple[AgreeingSystems, ...]
    """Two or more."""
    overridden: bool
    """The reader asked to rank across it."""


def differences(first: Fingerprint, second: Fingerprint) -> tuple[Difference, ...]:
    """Return every part in which two systems differ: conditions first, then identity, then circumstances."""
    divided = []
    for name in (*CONDITIONS, *IDENTITY, *CIRCUMSTANCES):
        ours, theirs = first.parts.get(name, Part()), second.parts.get(name, Part())
        unnamed = name == "machine" and not (ours.facts and theirs.facts)  # an older record names none
        if ours != theirs and not unnamed:
            facts = ours.differing(theirs)
            divided.append(Difference(name, in_words(ours, facts), in_words(theirs, facts), FORBIDS[name]))
    return tuple(divided)


def divides(prints: Mapping[str, Fingerprint], across: Sequence[str] = ()) -> tuple[Divide, ...]:
    """Return the parts in which several systems differ; what systems are made of may differ, and is left out.

    Args:
        prints: name to fingerprint.
        across: parts that the reader asked to rank across.
    """
    divided = []
    for name in (*CONDITIONS, *CIRCUMSTANCES):
        sides = _by_work(prints) if name == TASKS else _by_part(prints, name)
        if len(sides) > 1:
            facts = _differing([value for value, _ in sides])
            facts_shown = tuple(AgreeingSystems(tuple(systems), in_words(value, facts)) for value, systems in sides)
            divided.append(Divide(name, FORBIDS[name], facts_shown, name in across))
    return tuple(divided)


def _by_part(prints: Mapping[str, Fingerprint], name: str) -> list[tuple[Part, list[str]]]:
    """Return each value of a part with the systems that have this value."""
    sides: dict[Part, list[str]] = {}
    for system, each in prints.items():
        facts_of = each.parts.get(name, Part())
        if facts_of.facts:  # a system without joules has no meter to differ in, an older record names no machine
            sides.setdefault(facts_of, []).append(system)
    return list(sides.items())


def _by_work(prints: Mapping[str, Fingerprint]) -> list[tuple[Part, list[str]]]:
    """Return each group of systems that did the same work, with the part ``tasks`` of its first system."""
    return [(prints[group[0]].parts[TASKS], list(group)) for group in overlaps(prints).groups()] if prints else []


def groups(prints: Mapping[str, Fingerprint], figure: str, across: Sequence[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Divide systems into groups within which a figure may be ranked.

    Args:
        prints: name to fingerprint; the order of the groups is that of their first members.
        figure: one of `FIGURES`.
        across: parts that may differ all the same.
    """
    decisive = [name for name, forbidden in FORBIDS.items() if figure in forbidden and name not in across]
    work = enumerate(overlaps(prints).groups() if TASKS in decisive else [tuple(prints)])
    did = {system: number for number, group in work for system in group}
    parts = [name for name in decisive if name != TASKS]
    divided: dict[tuple[int, tuple[Part, ...]], list[str]] = {}
    for system, each in prints.items():
        divided.setdefault((did[system], tuple(each.parts[name] for name in parts)), []).append(system)
    return tuple(tuple(systems) for systems in divided.values())


def parts_to_cross(names: Sequence[str], crossable: Sequence[str] = CONDITIONS) -> tuple[str, ...]:
    """Resolve the names given to ``--across``: parts that forbid a ranking, or all of them.

    Args:
        names: as given.
        crossable: the parts that forbid something.

    Raises:
        UserError: there is no such part, or it forbids nothing.
    """
    if ALL in names:
        return tuple(crossable)
    for name in names:
        if name in LABELS and name not in crossable:
            raise UserError(f"across: {name} forbids no ranking, so there is nothing to allow")
        if name not in crossable:
            raise UserError(f"across: no part {name!r}{nearest(name, [*crossable, ALL])}")
    return tuple(name for name in crossable if name in names)


def in_words(value: Part, facts: Sequence[str]) -> str:
    """Write some facts of a part with their names: ``GPU power limit 450 W and CPU governor powersave``."""
    known = [name for name in facts if name in dict(value.facts)]
    facts_shown = [f"{name} {_clipped(value.fact(name))}" for name in known[:_SHOWN_FACTS]]
    if len(known) > _SHOWN_FACTS:
        facts_shown.append(f"{len(known) - _SHOWN_FACTS} more")
    return listed(facts_shown) or "nothing of the kind"


def _clipped(value: str) -> str:
    """Shorten hashes to twelve digits, and cut a text that is too long for a line."""
    short = re.sub(r"[0-9a-f]{64}", lambda digest: digest[0][:12], value)
    return short if len(short) <= _SHOWN else f"{short[:_SHOWN]}..."


def _differing(values: Sequence[Part]) -> tuple[str, ...]:
    """Return the names of the facts in which some parts differ, in the order of the facts."""
    first, *others = values
    differing = {name for other in others for name in first.differing(other)}
    return tuple(
        name for name in dict.fromkeys(fact for value in values for fact, _ in value.facts) if name in differing
    )
