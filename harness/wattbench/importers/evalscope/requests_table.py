"""Read evalscope's SQLite table of requests, of which nothing but plain columns is evaluated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wattbench.errors import UserError
from wattbench.records.files.regular_file import MOST_LINE_BYTES, open_regular

TABLE = "result"
MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100
MOST_BYTES = 16_000_000_000


@dataclass(frozen=True)
class StoredRequest:
    """A request, as the table has it; None where an older evalscope has no such column."""

    request: Any = None
    start_time: Any = None
    inter_token_latencies: Any = None
    success: Any = None
    latency: Any = None
    first_chunk_latency: Any = None
    prompt_tokens: Any = None
    completion_tokens: Any = None
    is_stream: Any = None


def rows(path: Path) -> Iterator[tuple[str, StoredRequest]]:
    """Yield the rows in the order in which the requests were sent, each with its position.

    Raises:
        UserError: it is no such file, or is damaged.
    """
    with open_regular(path) as file:
        header, size = file.read(HEADER_BYTES), file.seek(0, 2)
    if header[: len(MAGIC)] != MAGIC:
        raise UserError(f"{path}: it is not an SQLite file")
    if size > MOST_BYTES:
        raise UserError(f"{path}: the file has {size:,} bytes; {MOST_BYTES:,} are read")
    if (whole := _stated_bytes(header)) > size:
        raise UserError(f"{path}: the file is torn: it has {size:,} bytes of {whole:,}")
    try:
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
        try:
            yield from _rows(database, path)
        finally:
            database.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: it cannot be read as a table of evalscope ({error!s:.200})") from error


def _stated_bytes(header: bytes) -> int:
    """Return how large the file is by its own header (sqlite.org/fileformat2.html); 0 if that does not say."""
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    return (65_536 if page == 1 else page) * pages if header[24:28] == header[92:96] else 0


def _rows(database: sqlite3.Connection, path: Path) -> Iterator[tuple[str, StoredRequest]]:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LINE_BYTES)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.execute("PRAGMA trusted_schema = OFF")
    # A view or a virtual table could compute without end, and so could a generated column: none is read.
    plain = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ? AND rootpage > 0", (TABLE,)
    ).fetchone()
    if not plain[0]:
        raise UserError(f"{path}: it has no table `{TABLE}`; this is no file of evalscope")
    stored = {str(column[1]) for column in database.execute(f"PRAGMA table_xinfo({TABLE})") if column[6] == 0}
    names = [each.name for each in fields(StoredRequest) if each.name in stored]
    if "latency" not in names or "success" not in names:
        raise UserError(f"{path}: its table `{TABLE}` has no latency and success; this is no file of evalscope")
    ordered = "ORDER BY start_time, rowid" if "start_time" in names else "ORDER BY rowid"
    query = f"SELECT rowid, {', '.join(names)} FROM {TABLE} {ordered}"  # noqa: S608 - of our own names alone
    for values in database.execute(query):
        yield f"{path}: row {values[0]}", StoredRequest(**dict(zip(names, values[1:], strict=True)))
