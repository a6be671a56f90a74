"""Define `finished.json`: when a run ended, how many rows it has, and the SHA-256 of every file that it holds.

The digests find damage and changes. They prove nothing of who wrote a run: who can change a file can write its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import is_temporary
from wattbench.records.files.regular_file import MOST_BYTES, open_record, read_record
from wattbench.records.layout import RunLayout
from wattbench.records.rows.schema import Count, RecordRow

NOT_IN_OLDER = ("estimates.jsonl", "spending.jsonl", "summaries.jsonl")
"""Files of which older records have no digest, though the run held them."""
FOLDERS = ("items", "scores", "experts", "power", "loads")
"""Folders of a run in which readers look for files."""


@dataclass(frozen=True, kw_only=True)
class FinishRecord(RecordRow):
    """`finished.json`."""

    finished_utc: str
    """ISO 8601."""
    items: Count
    """Rows of `items.parquet`."""
    windows: Count
    """Rows of `windows.parquet`."""
    calls: Count = 0
    """Rows of `calls.parquet`; 0: there is none."""
    sha256: dict[str, str] | None = field(default=None)
    """File to the SHA-256 of its bytes; paths are relative to the run, with slashes. None in older records."""
    sha256_of_all: bool = False
    """Whether `sha256` has every file that the run held. False in older records, which lack `NOT_IN_OLDER`."""
    own_sha256: str = ""
    """Of all the rest of this file, as `seal` makes it. Empty in older records."""


def finish_record(layout: RunLayout, finished_utc: str, items: int, windows: int, calls: int = 0) -> bytes:
    """Build the content of `finished.json` for a run whose other files are all written.

    Raises:
        UserError: a file cannot be read.
    """
    names = run_files(layout)
    digests = {name: file_sha256(layout.root / name) for name in names}
    record = {
        "finished_utc": finished_utc,
        "items": items,
        "windows": windows,
        **({"calls": calls} if calls else {}),
        "sha256": digests,
        "sha256_of_all": True,
    }
    return json.dumps({**record, "own_sha256": seal(record)}, indent=2).encode()  # ASCII: a file may have any name


def read_finish(layout: RunLayout) -> FinishRecord:
    """Read `finished.json`.

    Raises:
        UserError: it cannot be read or is damaged.
    """
    path = layout.finished
    try:
        raw = json.loads(read_record(path))
        if not isinstance(raw, dict):
            raise UserError(f"{path}: not a JSON object; the record is damaged")
        record = FinishRecord.from_json(raw)
        # Digests and their seal go together: without this a seal that was lost would make a run an older one.
        sealed = record.sha256 is not None or record.own_sha256 != ""
        if sealed and record.own_sha256 != seal(raw):
            raise UserError(f"{path}: it is not as it was written (its own_sha256 differs); the record is damaged")
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: {error}; the record is damaged") from error
    return record


def seal(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a `finished.json` without its `own_sha256`, as JSON with sorted keys and no blanks."""
    rest = {key: value for key, value in record.items() if key != "own_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def run_files(layout: RunLayout) -> list[str]:
    """Return all files of a run that its layout names, relative to its directory, in order.

    Not `finished.json`, its signature, `run.lock` and the labels that people add later, not what a killed process left
    under a temporary name, and no link: no reader of a run asks for those, or for files that someone else put there.
    """
    not_held = (layout.finished, layout.lock, layout.signature, layout.labels)
    names = [path.name for path in layout.top_files() if path not in not_held and is_plain(path)]
    for folder in FOLDERS:
        names += _below(layout, layout.root / folder)
    return sorted(names)


def odd_files(layout: RunLayout) -> list[str]:
    """Return the entries of a run's directory that are not regular files, such as pipes, devices or links."""
    names = [path.name for path in layout.top_files() if os.path.lexists(path) and not is_plain(path)]
    for folder in FOLDERS:
        for each, _, below in os.walk(layout.root / folder):
            paths = (Path(each) / name for name in below)
            names += [layout.name_of(path) for path in paths if not is_plain(path)]
    return sorted(names)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with open_record(path, MOST_BYTES) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def is_plain(path: Path) -> bool:
    """Return whether a path is a regular file and not a link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _below(layout: RunLayout, folder: Path) -> Iterator[str]:
    if folder.is_symlink():
        return
    for each, _, names in os.walk(folder):
        for name in names:
            path = Path(each) / name
            if is_plain(path) and not is_temporary(name):
                yield layout.name_of(path)
