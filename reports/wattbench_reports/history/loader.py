"""Load a folder of nights as a history: every finished run in it, read once and then from the index.

The index keeps the figures of its runs, so that only new runs are read. It can be deleted at any time. It is one file,
written whole under a name of its own and then renamed: of several processes that write at once the last one's stays,
and what it lacks is read again. Its name holds the version of what is kept, so that another version of wattbench builds
its own.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import json
import shlex
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from wattbench.errors import UserError, nearest
from wattbench.records import RunLayout, read_run
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.plain_yaml import parse_yaml, yaml_problem
from wattbench.records.files.regular_file import MissingFileError, read_regular
from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.formatting.units import plural
from wattbench_reports.history.judged_nights import judged_night
from wattbench_reports.history.model import History, Night, Reference
from wattbench_reports.history.night_metrics import COLUMNS, summarised, values_of
from wattbench_reports.history.series_key import Conditions
from wattbench_reports.metrics.registry import ADDED
from wattbench_reports.tables.header_record import HeaderRecord, header_record

if TYPE_CHECKING:
    import pandas as pd

RUNS = "runs"
_FAR_OFF = 3653
"""Days, ten years. A night so far from the others has a wrong date, and would make a trend of nothing but gaps."""
VERSION = 7
"""Rises when what is kept changes, or how it is computed."""
FOLDER = ".index"
_RUNS = b"wattbench.runs"
FILE = "reference.yaml"
KEYS = ("run", "reason", "reviewed_by", "date")


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
        notes=(
            *(f"{run}: left out ({why})" for run, why in sorted(broken.items())),
            *notes,
            *note,
            *_others(nights),
            *_of_opinions(nights),
        ),
    )


def _finished(root: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name of every finished run, with a stamp of its end and of its labels: of each a time and a size."""
    for folder in sorted((root / RUNS).iterdir()):
        try:
            stats = [RunLayout(folder).finished.stat()]
        except OSError:  # not finished, or gone since
            continue
        with contextlib.suppress(OSError):  # no labels
            stats.append(RunLayout(folder).labels.stat())
        yield folder.name, tuple(figure for each in stats for figure in (each.st_mtime_ns, each.st_size))


def _read(
    root: Path, stamps: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, IndexedRun], pd.DataFrame | None, dict[str, str]]:
    """Read the runs that the index lacks: their entries, their figures, and why some cannot be read."""
    if not stamps:
        return {}, None, {}
    kept, conditions, broken, judged = {}, {}, {}, []
    for run, stamp in stamps.items():
        try:
            records = read_run(root / RUNS / run)
            record = header_record(records)
            night = judged_night(run, records)
            node = ", ".join(sorted(records.header.machines)) or records.header.node
            kept[run] = _kept(record, stamp, node, {} if night is None else night.opinions)
            judged += [] if night is None else [night.answers]
            conditions[run] = Conditions(record)
        except UserError as error:
            broken[run] = str(error)
    cells, unread = summarised({run: RunLayout(root / RUNS / run).items_table for run in conditions}, judged)
    readable = {run: entry for run, entry in kept.items() if run in conditions and run not in unread}
    figures = values_of(cells, {run: entry.date for run, entry in readable.items()}, conditions)
    return readable, figures, broken | unread


def _kept(record: HeaderRecord, stamp: tuple[int, ...], node: str, opinions: Mapping[str, str]) -> IndexedRun:
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
        opinions=opinions,
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
        opinions=kept.opinions,
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


def _of_opinions(nights: tuple[Night, ...]) -> list[str]:
    """Return a note on the tasks of which the last night has only a judge's opinion, and on such nights before it."""
    notes = [
        f"the last night has a judge's opinion of {task} alone, which is in no figure: {lacking} "
        f"(wattbench label {shlex.quote(str(night.root))})"
        for night in nights[-1:]
        for task, lacking in night.opinions.items()
    ]
    earlier = sum(bool(night.opinions) for night in nights[:-1])
    if earlier:
        notes.append(f"{plural(earlier, 'earlier night')} {'has' if earlier == 1 else 'have'} such opinions, too")
    return notes


def _typed(values: pd.DataFrame) -> pd.DataFrame:
    """Convert the column of dates from texts to dates."""
    dates = {text: datetime.date.fromisoformat(text) for text in values["date"].unique()}
    return values.assign(date=values["date"].map(dates)).reset_index(drop=True)


@dataclass(frozen=True)
class IndexedRun:
    """The facts of a run that the index keeps, apart from the run's figures."""

    stamp: tuple[int, ...]
    """Of its `finished.json` and its labels, nanoseconds and bytes: with another one it has other figures."""
    date: str
    created_utc: str
    commit: str | None
    backfilled: bool
    suite: str
    node: str
    canaries: tuple[str, ...]
    opinions: Mapping[str, str]


def index_path(root: Path) -> Path:
    """Return the path of this version's index of a history."""
    added = f"-{hashlib.sha256(repr(ADDED).encode()).hexdigest()[:8]}" if ADDED else ""
    return root / FOLDER / f"v{VERSION}{added}.parquet"


def read_index(root: Path) -> tuple[dict[str, IndexedRun], pd.DataFrame]:
    """Read the index: its runs, and their figures as `History.values`. Empty if it cannot be read."""
    import pandas as pd

    with contextlib.suppress(
        UserError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException
    ):
        with opened_table(index_path(root)) as file:
            table = file.read(list(COLUMNS))
        recorded = json.loads(table.schema.metadata[_RUNS])
        table = table.cast(_schema())
        for text in (*table["date"].unique().to_pylist(), *(kept["date"] for kept in recorded.values())):
            datetime.date.fromisoformat(text)
        runs = {
            run: IndexedRun(**(kept | {name: tuple(kept[name]) for name in ("stamp", "canaries")}))
            for run, kept in recorded.items()
        }
        return runs, table.to_pandas(ignore_metadata=True)
    return {}, pd.DataFrame(columns=list(COLUMNS))


def write_index(root: Path, runs: Mapping[str, IndexedRun], values: pd.DataFrame) -> None:
    """Write the index. A history that is not writable is read anew each time."""
    table = pa.Table.from_pandas(values, schema=_schema(), preserve_index=False)
    text = json.dumps({run: asdict(kept) for run, kept in runs.items()})
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({_RUNS: text}), sink, compression="zstd")
    with contextlib.suppress(UserError):
        write_atomically(index_path(root), sink.getvalue())


def _schema() -> Any:
    types = {"value": pa.float64(), "standard_error": pa.float64(), "items": pa.int64()}
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


def read_reference(root: Path) -> Reference | None:
    """Read the pinned reference of a history; None without one.

    Raises:
        UserError: the file cannot be read, or does not say all that it has to.
    """
    path = root / FILE
    try:
        _, recorded = parse_yaml(read_regular(path))
    except MissingFileError:
        return None
    except yaml.YAMLError as error:
        problem, line = yaml_problem(error)
        raise UserError(f"{path}{f':{line}' if line else ''}: not YAML ({problem})") from error
    if not isinstance(recorded, Mapping):
        raise UserError(f"{path}: must be a mapping: {', '.join(f'{key}: ...' for key in KEYS)}")
    for key in recorded:
        if key not in KEYS:
            raise UserError(f"{path}: no key {key!r}{nearest(str(key), KEYS)}")
    return Reference(
        run=_text(recorded, "run", path),
        reason=_text(recorded, "reason", path),
        reviewed_by=_text(recorded, "reviewed_by", path),
        date=_date(recorded, path),
    )


def _text(recorded: Mapping[str, Any], key: str, path: Path) -> str:
    value = recorded.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{path}: {key} is missing or not text; a reference needs {' and '.join(KEYS[:3])}")
    return value.strip()


def _date(recorded: Mapping[str, Any], path: Path) -> datetime.date:
    value = recorded.get("date")
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError as error:
        raise UserError(f"{path}: date: {str(value)[:40]!r} is not a date such as 2026-11-25") from error
