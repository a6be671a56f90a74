"""Keep the index of a history: its runs' figures, so that only new runs are read. It can be deleted at any time.

One file, written whole under a name of its own and then renamed: of several processes that write at once the last one's
stays, and what it lacks is read again. Its name holds the version of what is kept, so that another version of wattbench
builds its own.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.history.night_metrics import COLUMNS
from wattbench_reports.metrics.registry import ADDED

if TYPE_CHECKING:
    import pandas as pd

VERSION = 6
"""Rises when what is kept changes, or how it is computed."""

FOLDER = ".index"
_RUNS = b"wattbench.runs"


@dataclass(frozen=True)
class IndexedRun:
    """The facts of a run that the index keeps, apart from the run's figures."""

    stamp: tuple[int, int]
    """Of its `finished.json`, nanoseconds and bytes: with another one it is another run."""
    date: str
    created_utc: str
    commit: str | None
    backfilled: bool
    suite: str
    node: str
    canaries: tuple[str, ...]


def index_path(root: Path) -> Path:
    """Return the path of this version's index of a history: with other added metrics it is another one."""
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
