"""Read a trace of any format, and put its arrivals in order.

The file is bounded in bytes, unpacked ones included, and in arrivals. Packed by gzip is read as unpacked.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import unmarked
from wattbench.records.files.regular_file import open_regular
from wattbench.traces import azure_csv, mooncake_jsonl, otel_json
from wattbench.traces.model import MOST_ARRIVALS, ArrivalTrace, Stamped, TraceArrival, TraceRows, clean

MOST_BYTES = 512_000_000
"""Of a trace, unpacked: it is read as a whole."""
_GZIP = b"\x1f\x8b"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_NS = 1e-9
FORMATS: Sequence[tuple[Callable[[str], bool], Callable[[Path, str], TraceRows]]] = (
    (azure_csv.is_format, azure_csv.read),
    (mooncake_jsonl.is_format, mooncake_jsonl.read),
    (otel_json.is_format, otel_json.read),
)
"""Each format's test of the first line that is not blank, and its reader; the first that fits reads the file."""
KNOWN = (
    "the CSV of Azure's LLM inference traces (TIMESTAMP,ContextTokens,GeneratedTokens), the JSON lines of Mooncake's "
    '({"timestamp": ms, "input_length": n, "output_length": n, "hash_ids": [...]}), and spans of OpenTelemetry as JSON'
)


def read_trace(path: Path) -> ArrivalTrace:
    """Read a trace.

    Args:
        path: of the file; `.gz` or not, it is unpacked where it is packed.

    Raises:
        UserError: it cannot be read, no format is recognised, a row is wrong (with its line), or it has fewer than two
            arrivals or more than `MOST_ARRIVALS`.
    """
    with open_regular(path) as file:
        raw = _bounded(path, file.read(MOST_BYTES + 1))
    text = _text(path, _unpacked(path, raw))
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not first:
        raise UserError(f"{path}: the file is empty; a trace has a row for each request")
    reader = next((read for fits, read in FORMATS if fits(first)), None)
    if reader is None:
        raise UserError(
            f"{path}:1: not a trace that wattbench reads: it begins with {clean(first)!r}. It reads {KNOWN}"
        )
    rows = reader(path, text)
    return replace(_ordered(path, rows), sha256=hashlib.sha256(raw).hexdigest())


def _ordered(path: Path, rows: TraceRows) -> ArrivalTrace:
    stamped = rows.stamped
    if len(stamped) < 2:
        raise UserError(
            f"{path}: {len(stamped)} of its {rows.rows} rows are requests to a model; a trace needs two at least"
        )
    order = sorted(range(len(stamped)), key=lambda index: stamped[index].at_ns)
    places = {index: number for number, index in enumerate(order)}
    first_ns = stamped[order[0]].at_ns
    return ArrivalTrace(
        path=path,
        format=rows.format,
        sha256="",
        arrivals=tuple(_arrival(stamped[index], first_ns, places) for index in order),
        rows=rows.rows,
        others=rows.others,
        out_of_order=sum(later.at_ns < earlier.at_ns for earlier, later in itertools.pairwise(stamped)),
        no_sessions=rows.no_sessions,
    )


def _arrival(row: Stamped, first_ns: int, places: dict[int, int]) -> TraceArrival:
    return TraceArrival(
        at_s=(row.at_ns - first_ns) * _NS,
        row=row.row,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        session=row.session,
        after=tuple(sorted(places[index] for index in row.after)),
    )


def _unpacked(path: Path, raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            return _bounded(path, file.read(MOST_BYTES + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: it begins as gzip does, and cannot be unpacked ({error}); is it complete?") from error


def _bounded(path: Path, raw: bytes) -> bytes:
    if len(raw) > MOST_BYTES:
        raise UserError(
            f"{path}: more than {MOST_BYTES / 1e6:,.0f} MB; cut the trace to the hours that are to be asked "
            f"(a trace may have {MOST_ARRIVALS:,} arrivals)"
        )
    return raw


def _text(path: Path, raw: bytes) -> str:
    if raw.startswith(_WIDE):
        raise UserError(f"{path}: it is UTF-16; save it as UTF-8")
    try:
        return unmarked(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error
