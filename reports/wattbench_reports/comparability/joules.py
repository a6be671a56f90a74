"""Decide whether joules may be compared: the one rule behind every ranking, front, ratio and saving.

The joules of systems are compared only if

1. every system has joules, and all of its measured windows are valid;
2. they have one provenance: `counter`, `rapl`, `integrated`, `replayed`, `modelled` and `imported` joules are never
   compared with each other, nor is ``counter+modelled`` with ``counter``;
3. the systems did the same work under the same conditions, counted by the same meter
   (`wattbench_reports.comparability.rules`).

Joules of training are compared with those of answers under the second condition. A *declared* training was measured by
nobody here: it is compared with anything, and whatever states the result says that it is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import named
from wattbench_reports.tables.provenance import measured_part

NO_JOULES = "no joules"
NOT_VALID = "measured windows not all valid"


@dataclass(frozen=True)
class SystemJoules:
    """The facts that decide whether one system's joules can be compared."""

    system: str
    stated: bool
    """It has joules per request."""
    valid: bool
    """All of its measured windows are valid."""
    provenance: str
    """Of all its joules, joined; empty where there are none."""

    @property
    def why_not_usable(self) -> str:
        """Say why a system's joules are compared with no other's, for a table or list; empty where they can be."""
        if not self.stated:
            return NO_JOULES
        return "" if self.valid else NOT_VALID


def why_not_comparable(systems: Sequence[SystemJoules], groups: Iterable[Sequence[str]]) -> str:
    """Say why the joules of some systems may not be compared, as a clause; empty where they may.

    Args:
        systems: two or more.
        groups: all systems divided by their conditions: `wattbench_reports.comparability.rules.groups`.
    """
    missing = [each.system for each in systems if not each.stated]
    if missing:
        return f"{named(missing)} {'has' if len(missing) == 1 else 'have'} no joules"
    invalid = [each.system for each in systems if not each.valid]
    if invalid:
        return f"the measured windows of {named(invalid)} are not all valid"
    if not same_provenance(each.provenance for each in systems):
        labels = named([f"{each.provenance} of {each.system}" for each in systems])
        return f"their joules differ in provenance: {labels}"
    names = {each.system for each in systems}
    if not any(names <= set(group) for group in groups):
        return "their joules were measured under different conditions or by different meters"
    return ""


def same_provenance(labels: Iterable[str]) -> bool:
    """Tell whether joules with these labels may be compared or added; declared joules are left out."""
    return len({part for label in labels if (part := measured_part(label))}) <= 1
