"""Readings between two moments, turned into joules and a judgement: a `WindowRow`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.meters.base import COUNTER, RAPL, Reading
from wattbench.meters.windows import faults, thresholds
from wattbench.meters.windows.series import Series
from wattbench.records import Purpose, WindowLabel, WindowRow


@dataclass
class _Findings:
    """What judging the components has come to so far."""

    energy_j: dict[str, float] = field(default_factory=dict)
    check_energy_j: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """Each makes the window invalid."""
    remarks: list[str] = field(default_factory=list)
    """What a reader should know; none makes it invalid."""


def judge(
    label: WindowLabel,
    *,
    started_s: float,
    finished_s: float,
    readings: Sequence[Reading],
    provenance: Mapping[str, str],
    step_s: Mapping[str, float],
    idle_w: Mapping[str, float] | None = None,
    passes: int = 1,
    min_window_s: float = 0.0,
    min_steps: float = thresholds.MIN_STEPS,
    remarks: Sequence[str] = (),
) -> WindowRow:
    """Work out a window's joules and whether they can be believed.

    A component's window goes from its last reading at or before the start to its first at or after the finish.
    That holds for live readings and for those of a trace alike, so that a record can be judged again.

    Args:
        label: whose window it is.
        started_s: its start, seconds since the epoch. So `finished_s`.
        finished_s: its end.
        readings: of all meters, in any order; those at the edges included.
        provenance: how each component's joules come about: the components that are expected.
        step_s: how coarsely in time each component's figures advance.
        idle_w: watts of the loaded, idle system, to pass on.
        passes: how often the window's items were asked, to pass on.
        min_window_s: the suite's own minimum for a measured window.
        min_steps: how many of its sensor's steps a window must be long.
        remarks: what else a reader should know of the window.

    Returns:
        The row. A component whose joules cannot be had is absent from it, and named in the reasons.
    """
    ordered = sorted(readings, key=lambda reading: reading.at_s)
    series = {c: Series.of(c, made, ordered, started_s, finished_s) for c, made in provenance.items()}
    found = _Findings(remarks=list(remarks))
    if not provenance:
        found.faults.append("nothing was measured: no meter was read")
    duration_s = finished_s - started_s
    if label.purpose == Purpose.MEASURED and duration_s < min_window_s:
        found.faults.append(f"lasted {duration_s:.2f} s; the suite asks for at least {min_window_s:g} s")
    for component, points in series.items():
        _judge_component(points, step_s[component], min_steps, found)
    if label.purpose == Purpose.MEASURED:
        found.faults.extend(fault for p in series.values() if (fault := faults.drift(p)) is not None)
    found.faults.extend(faults.fewer_gpus(series))
    found.faults.extend(_notes(ordered, series))
    return WindowRow(
        window=label.window,
        run=label.run,
        system=label.system,
        task=label.task,
        purpose=label.purpose,
        started_s=started_s,
        finished_s=finished_s,
        energy_j=found.energy_j,
        provenance={component: provenance[component] for component in found.energy_j},
        check_energy_j=found.check_energy_j,
        idle_w=dict(idle_w or {}),
        samples=max((points.count for points in series.values()), default=0),
        largest_gap_s=max((gap for p in series.values() if (gap := p.largest_gap_s()) is not None), default=None),
        temperature_c={c: max(points.temperatures_c) for c, points in series.items() if points.temperatures_c},
        passes=passes,
        valid=not found.faults,
        reasons=found.faults + found.remarks,
    )


def _judge_component(points: Series, step_s: float, min_steps: float, found: _Findings) -> None:
    component = points.component
    edge_fault = points.edge_fault()
    if edge_fault is not None:
        found.faults.append(f"{component}: {edge_fault}")
        return
    stuck = points.counted and points.counted_j() == 0.0  # said below, and then it is all that matters
    if not points.placed and not stuck:
        min_steps = max(min_steps, thresholds.MIN_STEPS_UNPLACED)
    if points.duration_s < min_steps * step_s:
        found.faults.append(
            f"{component}: {points.duration_s:.2f} s is too short for a sensor that advances every {step_s:g} s "
            f"(it takes {min_steps * step_s:g} s)"
        )
    if (
        points.counted
        and not stuck
        and points.slip_s() > max(thresholds.HELD_UP_S, thresholds.MAX_SLIP * points.duration_s)
    ):
        found.faults.append(
            f"{component}: its edges were read {points.slip_s():.2f} s apart from the window's "
            "(the machine was too busy)"
        )
    gap_s, limit_s = points.largest_gap_s() or 0.0, thresholds.max_gap_s(points.counted, step_s)
    if gap_s > limit_s:
        found.faults.append(f"{component}: not read for {gap_s:.2f} s (limit {limit_s:g} s){points.why_gaps()}")
    if points.counted:
        _judge_counter(points, step_s, found)
    else:
        _judge_integral(points, step_s, found)


def _judge_counter(points: Series, step_s: float, found: _Findings) -> None:
    component = points.component
    counted_j = points.counted_j()
    if counted_j < 0 or points.largest_fall_j() > thresholds.PLAUSIBLE_W * step_s:
        found.faults.append(f"{component}: counter went backwards")
        return
    if counted_j == 0 and points.provenance in (COUNTER, RAPL) and points.duration_s >= thresholds.MIN_STEPS * step_s:
        found.faults.append(f"{component}: counter did not advance (a stuck sensor)")
        return
    if (standstill := faults.standstill(points, step_s)) is not None:
        found.faults.append(standstill)
        return
    found.energy_j[component] = counted_j
    if points.provenance != COUNTER or not points.power:
        return  # a model's watts are its joules over again, and check nothing
    check_j = points.integral_j()
    found.check_energy_j[component] = check_j
    larger_j = max(counted_j, check_j)
    if larger_j > 0 and abs(counted_j - check_j) / larger_j > thresholds.DISAGREEMENT:
        found.remarks.append(
            f"{component}: the counter says {counted_j:.1f} J and integrated power {check_j:.1f} J "
            f"({(check_j - counted_j) / larger_j:+.0%})"
        )


def _judge_integral(points: Series, step_s: float, found: _Findings) -> None:
    component = points.component
    if (unvaried := faults.unvaried(points)) is not None:
        found.remarks.append(unvaried)
    found.energy_j[component] = integral_j = points.integral_j()
    error = points.integral_error_j(step_s) / integral_j if integral_j > 0.0 else 0.0
    if error > thresholds.TOLD_INTEGRAL_ERROR:
        said = found.faults if error > thresholds.MAX_INTEGRAL_ERROR else found.remarks
        said.append(f"{component}: power moved faster than it was read: its integral is uncertain by {error:.0%}")
    if points.count < thresholds.MIN_SAMPLES_INTEGRATED:
        found.faults.append(
            f"{component}: {points.count} power readings are too few for an integral "
            f"(it takes {thresholds.MIN_SAMPLES_INTEGRATED})"
        )


def _notes(ordered: Sequence[Reading], series: Mapping[str, Series]) -> list[str]:
    """What the meters saw that spoils the window, each thing once."""
    first_s = min((points.first_s for points in series.values()), default=-math.inf)
    last_s = max((points.last_s for points in series.values()), default=math.inf)
    return sorted({note for reading in ordered if first_s <= reading.at_s <= last_s for note in reading.notes})
