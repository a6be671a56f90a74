"""Load a folder of nights as a history: every finished run in it, read once and then from the index."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.records import RunLayout, read_run
from wattbench_reports.formatting.units import plural
from wattbench_reports.history.index import IndexedRun, read_index, write_index
from wattbench_reports.history.model import History, Night
from wattbench_reports.history.night_metrics import summarised, values_of
from wattbench_reports.history.reference import FILE, Reference, read_reference
from wattbench_reports.history.series_key import Conditions
from wattbench_reports.tables.header_record import HeaderRecord, header_record

if TYPE_CHECKING:
    import pandas as pd

RUNS = "runs"
_FAR_OFF = 3653
"""Days, ten years. A night so far from the others has a wrong date, and would make a trend of nothing but gaps."""


def load_history(root: Path) -> History:
    """Read a history.

    Args:
        root: the folder that has `runs/`.

    Raises:
        UserError: there is no history, or its `reference.yaml` is wrong.
        MissingExtraError: DuckDB is not installed.
    """
    if not (root / RUNS).is_dir():
        raise UserError(f"{root}: no history (it has no folder {RUNS}); wattbench nightly makes one")
    there = dict(_finished(root))
    kept, values = read_index(root)
    current = {run: entry for run, entry in kept.items() if there.get(run) == entry.stamp}
    fresh, figures, broken = _read(root, {run: stamp for run, stamp in there.items() if run not in current})
    if fresh or len(current) < len(kept):
        values = _joined(values[values["run"].isin(list(current))], figures)
        current |= fresh
        write_index(root, current, values)
    nights, notes = _near(sorted((_night(root, run, entry) for run, entry in current.items()), key=_when))
    reference, note = _pinned(root, nights)
    return History(
        root=root,
        nights=nights,
        values=_typed(values[values["run"].isin([night.run for night in nights])]),
        reference=reference,
        notes=(*(f"{run}: left out ({why})" for run, why in sorted(broken.items())), *notes, *note, *_others(nights)),
    )


def _finished(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the name of every finished run, with a stamp of its end: a time and a size."""
    for folder in sorted((root / RUNS).iterdir()):
        try:
            ended = RunLayout(folder).finished.stat()
        except OSError:  # not finished, or gone since
            continue
        yield folder.name, (ended.st_mtime_ns, ended.st_size)


def _read(
    root: Path, stamps: Mapping[str, tuple[int, int]]
) -> tuple[dict[str, IndexedRun], pd.DataFrame | None, dict[str, str]]:
    """Read the runs that the index lacks: their entries, their figures, and why some cannot be read."""
    if not stamps:
        return {}, None, {}
    kept, conditions, broken = {}, {}, {}
    for run, stamp in stamps.items():
        try:
            records = read_run(root / RUNS / run)
            record = header_record(records)
            kept[run] = _kept(record, stamp, ", ".join(sorted(records.header.machines)) or records.header.node)
            conditions[run] = Conditions(record)
        except UserError as error:
            broken[run] = str(error)
    cells, unread = summarised({run: RunLayout(root / RUNS / run).items_table for run in conditions})
    readable = {run: entry for run, entry in kept.items() if run in conditions and run not in unread}
    figures = values_of(cells, {run: entry.date for run, entry in readable.items()}, conditions)
    return readable, figures, broken | unread


def _kept(record: HeaderRecord, stamp: tuple[int, int], node: str) -> IndexedRun:
    text = record.night.date or record.created_utc[:10]
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"its date {text!r:.40} is not a date") from error
    return IndexedRun(
        stamp=stamp,
        date=date.isoformat(),
        created_utc=record.created_utc,
        commit=record.night.commit or record.machine.commit,
        backfilled=record.night.backfilled,
        suite=record.suite.name,
        node=node,
        canaries=record.suite.canaries,
    )


def _joined(before: pd.DataFrame, figures: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    some = [each for each in (before, figures) if each is not None and len(each)]
    return pd.concat(some, ignore_index=True) if some else before


def _night(root: Path, run: str, kept: IndexedRun) -> Night:
    return Night(
        run=run,
        root=root / RUNS / run,
        date=datetime.date.fromisoformat(kept.date),
        created_utc=kept.created_utc,
        commit=kept.commit,
        backfilled=kept.backfilled,
        suite=kept.suite,
        node=kept.node,
        canaries=kept.canaries,
    )


def _when(night: Night) -> tuple[datetime.date, str, str]:
    return night.date, night.created_utc, night.run


def _near(nights: list[Night]) -> tuple[tuple[Night, ...], list[str]]:
    """Return the nights whose date can be right, and a note on each of the others."""
    if not nights:
        return (), []
    middle = statistics.median_low(night.date.toordinal() for night in nights)
    far = [night for night in nights if abs(night.date.toordinal() - middle) > _FAR_OFF]
    notes = [f"{night.run}: left out (its date {night.date} is more than ten years from the others)" for night in far]
    return tuple(night for night in nights if night not in far), notes


def _pinned(root: Path, nights: tuple[Night, ...]) -> tuple[Reference | None, list[str]]:
    reference = read_reference(root)
    if reference is None or any(night.run == reference.run for night in nights):
        return reference, []
    gone = f"{FILE} pins {reference.run}, which is not among the finished runs here: no night is compared with it"
    return None, [gone]


def _others(nights: tuple[Night, ...]) -> list[str]:
    """Return a note on the runs of other suites than the last night's: their figures are of other work."""
    suite = nights[-1].suite if nights else ""
    others = [night for night in nights if night.suite != suite]
    named = ", ".join(sorted({night.suite for night in others}))
    if not others:
        return []
    verb = "is" if len(others) == 1 else "are"
    return [f"{plural(len(others), 'run')} of other suites {verb} left out of the trends of {suite}: {named}"]


def _typed(values: pd.DataFrame) -> pd.DataFrame:
    """Convert the column of dates from texts to dates."""
    dates = {text: datetime.date.fromisoformat(text) for text in values["date"].unique()}
    return values.assign(date=values["date"].map(dates)).reset_index(drop=True)
