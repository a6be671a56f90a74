"""Read ``spl.txt``, the log of the power meter that MLPerf's power server writes, and judge it.

A line per reading: ``Time,08-01-2025 00:04:32.348,Watts,2493.6,Volts,...``, one about every second, also before and
after the run. The watts that MLCommons publishes are the plain mean of the readings above 0 W from ``power_begin`` to
``power_end`` of LoadGen's log: some meters give negative ones now and then, of a machine that draws power. Both clocks
are those of the machines there, without a time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number
from wattbench.importers.files import read_lines
from wattbench.importers.telemetry import Telemetry, judged
from wattbench.meters.base import INTEGRATED, Reading
from wattbench.records import Purpose, WindowLabel
from wattbench.records.rows.field_checks import LARGEST_NUMBER

STAMP = "%m-%d-%Y %H:%M:%S.%f"
COMPONENT = "wall"
STEP_S = 1.0
"""How often the meter is read."""
MOST_READINGS = 5_000_000
"""Of one log: two months of readings."""


@dataclass(frozen=True)
class Power:
    """The power of a run."""

    mean_w: float
    """The plain mean of the readings above 0 W within the run, which is what is published."""
    least_w: float
    most_w: float
    readings: int
    """Those above 0 W."""
    left_out: int
    """Those of 0 W or less: they are gaps."""
    seconds: float
    """From begin to end."""
    energy_j: float | None
    """wattbench's own integral; None if its judge finds that the readings do not carry one."""
    why: str | None
    """The reasons of that."""


def read_power(path: Path, values: Mapping[str, Any], detail: Path) -> Power | None:
    """Return the power of a run; None if LoadGen's log does not say when it began and ended.

    Args:
        path: the meter's log.
        values: of LoadGen's log.
        detail: that log, for messages.

    Raises:
        UserError: a file is damaged, or no reading above 0 W is of the run.
    """
    begin, end = values.get("power_begin"), values.get("power_end")
    if begin is None or end is None:
        return None
    began_s, ended_s = _moment(begin, f"{detail}: power_begin"), _moment(end, f"{detail}: power_end")
    if ended_s <= began_s:
        raise UserError(f"{detail}: power_end is {end!r:.40}, which is not after power_begin ({begin!r:.40})")
    moments = _moments(path)
    during = [watts for at_s, watts in moments if began_s <= at_s <= ended_s]
    within = [watts for watts in during if watts > 0]
    if not within:
        raise UserError(
            f"{path}: no reading is from {begin!r:.40} to {end!r:.40}, when the run was ({detail}), and above 0 W"
        )
    row = judged(
        Telemetry(
            readings=[
                Reading(at_s=at_s, power_w={COMPONENT: watts})
                if watts > 0
                else Reading(at_s=at_s, gaps={COMPONENT: f"{watts:g} W of a machine that is on"})
                for at_s, watts in moments
            ],
            provenance={COMPONENT: INTEGRATED},
            step_s={COMPONENT: STEP_S},
            read_by="MLPerf's power server",
        ),
        WindowLabel(window="w0000", run="", system="", task=None, purpose=Purpose.MEASURED.value),
        began_s,
        ended_s,
    )
    return Power(
        mean_w=sum(within) / len(within),
        least_w=min(within),
        most_w=max(within),
        readings=len(within),
        left_out=len(during) - len(within),
        seconds=ended_s - began_s,
        energy_j=row.total_j if row.valid else None,
        why=None if row.valid else "; ".join(row.reasons),
    )


def _moments(path: Path) -> list[tuple[float, float]]:
    """Return when the meter was read, in seconds, and its watts."""
    moments: list[tuple[float, float]] = []
    for where, line in read_lines(path):
        if not line.strip():
            continue
        if len(moments) >= MOST_READINGS:
            raise UserError(f"{where}: more than {MOST_READINGS:,} readings")
        fields = line.split(",", 4)
        if len(fields) < 4 or fields[0] != "Time" or fields[2] != "Watts":
            raise UserError(f"{where}: it must begin with Time,<time>,Watts,<watts>; this is no line of spl.txt")
        watts = number(fields[3], "Watts", where, least=-LARGEST_NUMBER)
        if watts is not None:
            moments.append((_moment(fields[1], where), watts))
    return moments


def _moment(stamp: Any, where: str) -> float:
    try:
        return datetime.strptime(str(stamp), STAMP).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise UserError(f"{where}: {stamp!r:.60} is no time such as 08-01-2025 00:04:32.348") from error
