"""Read ``spl.txt``, the log of the power meter that MLPerf's power server writes.

A line per reading: ``Time,08-01-2025 00:04:32.348,Watts,2493.6,Volts,...``, one about every second, also before and
after the run. The watts that MLCommons publishes are the plain mean of the readings above 0 W from ``power_begin`` to
``power_end`` of LoadGen's log: some meters give negative ones now and then, of a machine that draws power. Both clocks
are those of the machines there, without a time zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number
from wattbench.importers.files import read_lines
from wattbench.importers.imported import ImportDraft
from wattbench.importers.stated import Total
from wattbench.importers.telemetry import joules_of_series
from wattbench.records.rows.schema import LARGEST_NUMBER

STAMP = "%m-%d-%Y %H:%M:%S.%f"
STEP_S = 1.0
"""How often the meter is read."""
MOST_READINGS = 5_000_000
"""Of one log: two months of readings."""


def add_power(
    draft: ImportDraft, system: str, path: Path, values: Mapping[str, Any], detail: Path, requests: Any
) -> tuple[str, str]:
    """Add the power of a run: watts as they are published, and joules where the readings carry some.

    Args:
        draft: where they go.
        system: whose they are.
        path: the meter's log.
        values: of LoadGen's log; nothing is added if it does not say when the run began and ended.
        detail: that log, for messages.
        requests: over how many samples the run is.

    Returns:
        Why there are no joules, and how many readings are gaps; each empty if there is nothing to say.

    Raises:
        UserError: a file is damaged, or no reading above 0 W is of the run.
    """
    begin, end = values.get("power_begin"), values.get("power_end")
    if begin is None or end is None:
        return "", ""
    began_s, ended_s = _moment(begin, f"{detail}: power_begin"), _moment(end, f"{detail}: power_end")
    if ended_s <= began_s:
        raise UserError(f"{detail}: power_end is {end!r:.40}, which is not after power_begin ({begin!r:.40})")
    readings = list(_readings(path))
    during = [watts for at_s, watts in readings if began_s <= at_s <= ended_s]
    within = [watts for watts in during if watts > 0]
    if not within:
        raise UserError(
            f"{path}: no reading is from {begin!r:.40} to {end!r:.40}, when the run was ({detail}), and above 0 W"
        )
    source = "Watts from power_begin to power_end"
    for which, watts in (("mean", sum(within) / len(within)), ("minimum", min(within)), ("maximum", max(within))):
        draft.stated.add(system, Total("power", which), watts, source=source, where=path)
    draft.stated.add(system, Total("duration"), ended_s - began_s, source="power_end - power_begin", where=path)
    energy_j, why = joules_of_series(
        "wall", readings, (began_s, ended_s), step_s=STEP_S, of="a machine", read_by="MLPerf's power server"
    )
    source = "Watts, integrated from power_begin to power_end by wattbench"
    draft.stated.add(system, Total("energy"), energy_j, source=source, where=path, requests=requests)
    gaps = len(during) - len(within)
    return why or "", f"{gaps} of {len(during)}" if gaps else ""


def _readings(path: Path) -> Iterator[tuple[float, float]]:
    """Yield when the meter was read, in seconds, and its watts."""
    count = 0
    for where, line in read_lines(path):
        if not line.strip():
            continue
        if count >= MOST_READINGS:
            raise UserError(f"{where}: more than {MOST_READINGS:,} readings")
        fields = line.split(",", 4)
        if len(fields) < 4 or fields[0] != "Time" or fields[2] != "Watts":
            raise UserError(f"{where}: it must begin with Time,<time>,Watts,<watts>; this is no line of spl.txt")
        watts = number(fields[3], "Watts", where, least=-LARGEST_NUMBER)
        if watts is not None:
            count += 1
            yield _moment(fields[1], where), watts


def _moment(stamp: Any, where: str) -> float:
    try:
        return datetime.strptime(str(stamp), STAMP).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise UserError(f"{where}: {stamp!r:.60} is no time such as 08-01-2025 00:04:32.348") from error
