"""Find what each system adds to the idle draw of the machine while it stays loaded and is asked nothing.

The idle of one system alone is that of the whole machine: base + what the system adds. With systems i and the base B

    idle_i = B + x_i                 measured with i alone
    idle_h = B + sum over i of x_i   measured with the k members of a hybrid, all loaded

so that a hybrid whose members were each measured alone as well gives the base,

    B = (sum of idle_i - idle_h) / (k - 1)

of several the mean, and never above the least idle. Without such a hybrid the base is the least idle: what the system
that draws least adds is then not counted, for no system, so that each x_i is a lower bound. What loading the first
system raises once for all, as a device's context and clocks, is in either base: no set is empty.

It holds as far as further systems add up, as weights in memory do; systems that share their base weights draw less
together. Where loading changes the draw by less than it varies, as on most CPUs, the x_i are that variation. A run that
measures its idle with everything loaded says nothing of any one system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench.records import Purpose, WindowRow
from wattbench.records.rows.components import added
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.tables.suite_record import SystemSettings

ALL_LOADED = "idle was measured with all systems loaded, so that what each of them adds is not known"


@dataclass(frozen=True)
class ResidentDraw:
    """Idle watts that each system adds."""

    base_w: float
    """Of the machine, with what the first loaded system raises once for all."""
    measured_together: bool
    """Whether the base is that of a hybrid with its members; otherwise it is the least idle of one system."""
    added_w: tuple[float, ...]
    """Of the systems, at least 0."""


@dataclass(frozen=True)
class LoadedIdle:
    """What the machine draws with a system loaded and nothing asked of it."""

    parts: frozenset[str]
    """Components that are counted."""
    watts: float
    seconds: float
    """Of one pass of the measured windows that the watts are averaged over."""


def resident_draw(measured: Measured, systems: Sequence[str]) -> ResidentDraw | str:
    """Return the idle watts that each of some systems adds, or why they are not known, as a clause."""
    idles = _alone(measured, systems)
    if isinstance(idles, str):
        return idles
    watts = [idles[name].watts for name in systems]
    bases = [
        (sum(idles[name].watts for name in members) - watts_of_all) / (len(members) - 1)
        for members, watts_of_all in _together(measured, idles)
    ]
    least = min(watts)
    base = min(max(sum(bases) / len(bases), 0.0), least) if bases else least
    return ResidentDraw(base, bool(bases), tuple(each - base for each in watts))


def all_loaded_w(measured: Measured, systems: Sequence[str]) -> float | None:
    """Return the idle watts with all systems of a run loaded; None where idle was measured in another way."""
    if not _is_of_all(measured):
        return None
    known = [each.watts for name in systems if (each := loaded_idle(name, measured.frames.window_rows)) is not None]
    return max(known, default=None)


def _is_of_all(measured: Measured) -> bool:
    plan = measured.frames.run.block_plan()
    return (plan is not None and plan.resident == "all") or measured.frames.record.gate is not None


def _alone(measured: Measured, systems: Sequence[str]) -> Mapping[str, LoadedIdle] | str:
    if measured.frames.record.imported is not None:
        return "an imported run has no record of what a system draws when it is idle"
    if _is_of_all(measured):
        return ALL_LOADED
    idle_of = {name: loaded_idle(name, measured.frames.window_rows) for name in systems}
    if missing := [name for name, each in idle_of.items() if each is None]:
        return f"the idle draw of {units.named(missing)} was not measured"
    idles = {name: each for name, each in idle_of.items() if each is not None}
    why = measured.why_joules_not_comparable(*systems)
    if why or len({each.parts for each in idles.values()}) > 1:
        return f"their idle draws are not comparable: {why or 'different components were metered'}"
    return idles


def _together(measured: Measured, idles: Mapping[str, LoadedIdle]) -> list[tuple[tuple[str, ...], float]]:
    """Return, for each hybrid whose members were all measured alone too, its members and the idle watts of all of
    them."""
    suite, recorded = measured.frames.record.suite, measured.frames.run.systems()
    parts = next(iter(idles.values())).parts
    together = []
    for name in measured.frames.systems:
        members = tuple(dict.fromkeys(recorded[name].members)) if name in recorded else ()
        reader = suite.systems.get(name, SystemSettings()).reader
        if len(members) < 2 or reader is not None or not all(member in idles for member in members):
            continue
        idle = loaded_idle(name, measured.frames.window_rows)
        if idle is not None and idle.parts == parts and not measured.why_joules_not_comparable(name, *members):
            together.append((members, idle.watts))
    return together


def loaded_idle(system: str, windows: Sequence[WindowRow]) -> LoadedIdle | None:
    """Return the idle draw of a system from its valid measured windows; None where some of it was not measured."""
    rows = [row for row in windows if row.system == system and row.purpose == Purpose.MEASURED and row.valid]
    counted = [added(row.energy_j) for row in rows]
    known = all(parts and all(part in row.idle_w for part in parts) for row, parts in zip(rows, counted, strict=True))
    if not rows or not known or len({frozenset(parts) for parts in counted}) != 1:
        return None
    seconds = np.array([row.duration_s / row.passes for row in rows])
    watts = np.array([sum(row.idle_w[part] for part in parts) for row, parts in zip(rows, counted, strict=True)])
    if seconds.sum() <= 0:
        return None
    return LoadedIdle(frozenset(counted[0]), float((watts * seconds).sum() / seconds.sum()), float(seconds.sum()))
