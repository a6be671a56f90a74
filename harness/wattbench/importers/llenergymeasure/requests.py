"""Read ``requests.parquet``, LLenergyMeasure's log of the requests of one window of its server mode.

A row per request that was issued. Moments are seconds of a clock without a date: requests are placed after the first
one. `issued_at` is when a request was due, `dispatched_at` when it was sent: LLenergyMeasure starts a latency at the
former (`e2e_latency_ms`), and wattbench at the latter, with the wait on record. Requests outside of the measured span,
such as those of the ramp, are left out, as in its own `server_metrics`. Output tokens are those of the server's usage
where it stated one, else the pieces that the client counted, which are the tokens of LLenergyMeasure's own figures.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, text
from wattbench.importers.table import parquetfile

FILE = "requests.parquet"
TASK = "requests"
ISSUED = "issued_at"
COLUMNS = (
    "request_index", ISSUED, "dispatched_at", "first_token_at", "completed_at", "output_token_times",
    "client_output_tokens", "server_prompt_tokens", "server_completion_tokens", "status", "finish_reason",
    "in_measurement_window",
)  # fmt: skip
OUTSIDE = "requests that were issued outside of the measured span, such as those of the ramp"
_ANSWERED = "ok"
_FAILED = {"error": "error", "timeout": "not ended within its time"}


def answers_of_window(path: Path, system: str, left_out: Counter[str]) -> Iterator[Answer]:
    """Yield the answers of a window in the order in which they were due, and count what is left out.

    Args:
        path: the file.
        system: whose they are.
        left_out: counts requests.

    Raises:
        UserError: the file is damaged, or is no such log.
    """
    missing = [name for name in COLUMNS if name not in parquetfile.names_of(path)]
    if missing:
        raise UserError(f"{path}: it has no column {missing[0]}; this is no log of requests of LLenergyMeasure")
    first_s = min((_moment(row, ISSUED, where) or 0.0 for where, row in _rows(path, (ISSUED,))), default=0.0)
    for where, row in _rows(path, COLUMNS):
        if row["in_measurement_window"] is False:
            left_out[OUTSIDE] += 1
        else:
            yield _answer(system, row, first_s, where)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    for arrays, lines, _ in parquetfile.blocks(path, columns):
        for position, line in enumerate(lines.to_pylist()):
            values = (array[position].as_py() for array in arrays)
            yield f"{path}: row {line}", dict(zip(columns, values, strict=True))


def _answer(system: str, row: Mapping[str, Any], first_s: float, where: str) -> Answer:
    index = whole_number(row["request_index"], "request_index", where)
    due_s, sent_s = _moment(row, ISSUED, where), _moment(row, "dispatched_at", where)
    if index is None or due_s is None:
        raise UserError(f"{where}: request_index and {ISSUED} must have values")
    status = row["status"]
    if not isinstance(status, str) or (status != _ANSWERED and status not in _FAILED):
        raise UserError(f"{where}: status is {status!r:.60}: it must be {_ANSWERED}, {' or '.join(_FAILED)}")
    answered = status == _ANSWERED
    seconds = _after(row["completed_at"], sent_s, "completed_at", where)
    if answered and seconds is None:
        raise UserError(f"{where}: a request that was answered has no dispatched_at or no completed_at")
    prompt_tokens = whole_number(row["server_prompt_tokens"], "server_prompt_tokens", where)
    tokens = whole_number(row["server_completion_tokens"], "server_completion_tokens", where)
    pieces = whole_number(row["client_output_tokens"], "client_output_tokens", where)
    first = _after(row["first_token_at"], sent_s, "first_token_at", where) if answered else None
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=str(index),
        scheduled_s=due_s - first_s,
        started_s=None if sent_s is None else number(sent_s - first_s, "dispatched_at less the first issued_at", where),
        seconds=seconds,
        first_token_seconds=first,
        token_seconds=() if first is None else _pieces(row["output_token_times"], sent_s, seconds, where),
        prompt_tokens=prompt_tokens,
        output_tokens=None if not answered else pieces if tokens is None else tokens,
        failure=None if answered else _FAILED[status],
        finish_reason=text(row["finish_reason"]) or None,
        doc_hash=digest(str(index), str(prompt_tokens)),
        metrics={"pieces of output": pieces, "finish_reason": row["finish_reason"]},
    )


def _pieces(times: Any, sent_s: float | None, seconds: float | None, where: str) -> Sequence[float]:
    """Return when each piece of output came, in seconds after the request was sent; none if they are not in order."""
    if times is not None and not isinstance(times, list):
        raise UserError(f"{where}: output_token_times is of type {type(times).__name__}, not a list")
    after = [_after(each, sent_s, "a moment of output_token_times", where) for each in times or ()]
    known = [each for each in after if each is not None]
    in_order = all(a <= b for a, b in itertools.pairwise([*known, seconds or math.inf]))
    return known if in_order else ()


def _moment(row: Mapping[str, Any], name: str, where: str) -> float | None:
    return number(row[name], name, where)


def _after(moment: Any, sent_s: float | None, name: str, where: str) -> float | None:
    """Return how long after a request was sent a moment was; None if either is not recorded."""
    at_s = number(moment, name, where)
    return None if at_s is None or sent_s is None else number(at_s - sent_s, f"{name} less dispatched_at", where)
