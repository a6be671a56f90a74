"""Decide whether joules may be compared: the one rule behind every ranking, front, ratio and saving.

The joules of systems are compared only if

1. every system has joules, and all of its measured windows are valid;
2. they have one provenance: `counter`, `rapl`, `integrated`, `replayed`, `modelled` and `imported` joules are never
   compared with each other, nor is ``counter+modelled`` with ``counter``;
3. the systems did the same work under the same conditions, counted by the same meter
   (`wattbench_reports.comparability.rules`).

Joules of training are compared with those of answers under the second condition. A *declared* training was measured by
nobody here: it is compared with anything, and whatever states the result says that it is declared.

Joules are those of the machine that runs the model, or of a client that waits for it. A client's are of another thing
than the joules of a machine that runs a model, and of another thing for each system, as how long a client waits is the
server's doing: they are ranked with no other's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import numpy as np

from wattbench_reports.formatting.units import named
from wattbench_reports.tables.provenance import measured_part
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.suite_record import MemberSettings, SystemSettings

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


class JouleOwner(StrEnum):
    """The machine whose joules are recorded for a system."""

    MODEL = "model's machine"
    CLIENT = "client"
    NOT_SAID = "not said"
    NONE = ""
    """It has no joules."""


def joule_owners(frames: Frames) -> dict[str, JouleOwner]:
    """Return, for each system, the machine whose joules are recorded.

    Of a run of this harness that is known: its meters are those of its machine, or read another one and say so in the
    name of the component. Of an import it is what the reader declared; without that readings of power are those of the
    model's machine, as their readers have checked, and of joules alone nothing is said.
    """
    return {
        name: JouleOwner.NONE if np.isnan(frames.figures("energy_j", rows)).all() else _owner(frames, name)
        for name, rows in zip(frames.systems, map(frames.answers_of, frames.systems), strict=True)
    }


def _owner(frames: Frames, system: str) -> JouleOwner:
    imported = frames.record.imported
    if imported is not None:
        declared = imported.joules_of.get(system)
        if declared is not None:
            return JouleOwner.CLIENT if declared == "client" else JouleOwner.MODEL
        return JouleOwner.MODEL if frames.all_measured_rows.get(system) else JouleOwner.NOT_SAID
    settings = frames.record.suite.systems.get(system, SystemSettings())
    if not hosts_elsewhere(settings):
        return JouleOwner.MODEL
    rows = frames.all_measured_rows.get(system, [])
    read = " ".join(str(each) for each in frames.metering["energy_j"].iloc[rows])
    return JouleOwner.MODEL if "@" in read else JouleOwner.CLIENT


def hosts_elsewhere(config: SystemSettings) -> list[str]:
    """Return the hosts of other machines with servers that a system or its members use, and wattbench did not start.

    Args:
        config: the system's part of the resolved suite.
    """
    return sorted({host for each in (config, *config.pool.values()) if (host := _far_host(each)) is not None})


def _far_host(config: MemberSettings) -> str | None:
    """Return the host of a server on another machine that wattbench did not start; None for any other server."""
    url = config.base_url
    if url is None or config.served_by_wattbench:
        return None
    try:
        host = urlsplit(url).hostname or url
    except ValueError:
        return url
    if host == "localhost" or host.endswith(".localhost"):
        return None
    try:
        return None if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host
