"""Compute the joules of windows from their readings, and judge the windows again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import wattbench
from wattbench.api.verifying.check import Check, check, not_made, without_path
from wattbench.errors import UserError
from wattbench.meters.sampling.judge_again import RecordedReadings, judge_again
from wattbench.meters.sampling.trace import read_trace
from wattbench.records.shards import shard_of

if TYPE_CHECKING:
    from wattbench.records import RunRecords, WindowRow

MOST_BYTES = 50_000_000
"""Of a trace that is read, as its readings are held in memory: 250,000 rows in 400 MB, two components for three
hours."""


def power(records: RunRecords) -> Check:
    """Compare the joules and the validity of windows with what their readings give."""
    if records.header.imported is not None:
        return not_made("power", "joules: those of an imported run are its source's")
    done: Counter[str] = Counter()
    """Windows of which joules were computed, and why those of the others were not."""
    made = check("power", "", lambda: _differences(records, done), records.layout.root)
    computed, others = done.pop(_COMPUTED, 0), tuple(f"joules of {_windows(n)}: {why}" for why, n in done.items())
    if not made.problems and not computed:
        return Check("power", "; ".join(others) or "joules: no window has any", made=False)
    said = made.said if made.problems else f"joules of {_windows(computed)}, from their readings"
    return Check("power", said, made.problems, left_out=others)


_COMPUTED = ""


def _windows(number: int) -> str:
    return f"{number:,} window" if number == 1 else f"{number:,} windows"


def _differences(records: RunRecords, done: Counter[str]) -> Iterator[str]:
    packages = records.header.environment.get("packages")
    by_same_rules = isinstance(packages, dict) and packages.get("wattbench") == wattbench.__version__
    for path, rows in _by_trace(records).items():
        with_joules = sum(row.valid and bool(row.energy_j) for row in rows)
        if not path.exists():
            done["none of their readings are recorded"] += with_joules
            continue
        if path.stat().st_size > MOST_BYTES:
            done[f"their readings take more than {MOST_BYTES // 1_000_000} MB"] += with_joules
            continue
        try:
            recorded = RecordedReadings(read_trace(path))
        except UserError as error:
            why = without_path(str(error), records.layout.root)
            done[f"their readings cannot be read ({why})"] += with_joules
            continue
        for row in rows:
            judged = judge_again(row, recorded, by_same_rules=by_same_rules)
            for clause in () if judged is None else judged.differences:
                yield f"the window {row.window!r:.60} {clause}"
            if row.valid and row.energy_j:
                done[_why_not(row, () if judged is None else judged.recomputed)] += 1


def _why_not(row: WindowRow, recomputed: tuple[str, ...]) -> str:
    """Return why some of a window's joules were not recomputed. Empty if all were recomputed."""
    if row.shared:
        return f"{', '.join(row.shared)} is a slot's part of what its machine used"
    missing = sorted(row.energy_j.keys() - set(recomputed))
    return f"no readings of {', '.join(missing)} are recorded" if missing else _COMPUTED


def _by_trace(records: RunRecords) -> dict[Path, list[WindowRow]]:
    rows: dict[Path, list[WindowRow]] = defaultdict(list)
    for row in records.windows():
        rows[records.layout.trace(row.system, row.task, row.block, shard=shard_of(row.window))].append(row)
    return rows
