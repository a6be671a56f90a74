"""Plan the requests of a suite under load: at LoadGen's rates, as in a trace, and Poisson arrivals next to it.

What a trace says is divided by `speed`. Of the chosen part, the last arrivals are left out, so that each document is
asked equally often. Documents are dealt to arrivals in passes, each in an order of its own that the suite's seed gives:
every system, and the Poisson arrivals next to a trace, get the same document at the same place.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.config import Load, Resolved
from wattbench.errors import UserError
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS
from wattbench.records.rows.answers import Arrivals
from wattbench.traces import ArrivalTrace, read_trace

_LENGTHS = ("input_tokens", "output_tokens")


@dataclass(frozen=True)
class PlannedOffer:
    """A window of requests under load that is to be measured."""

    rate_per_s: float
    """On average."""
    arrivals: Arrivals | None
    """As in `LoadRow`."""
    queries: int
    """Of LoadGen's there may be a few more."""
    duration_s: float
    """From the first arrival to the last."""

    @property
    def key(self) -> tuple[float, str | None]:
        """Return the rate and the kind of arrivals, which identify the window within its cell."""
        return self.rate_per_s, self.arrivals


def offers(load: Load, documents: int) -> list[PlannedOffer]:
    """Return the windows of load of a cell, in the order in which they are measured.

    Args:
        load: the suite's settings.
        documents: of the task.

    Raises:
        UserError: the trace cannot be read, or has fewer arrivals than the task has documents.
    """
    planned = [
        PlannedOffer(rate, None, queries, queries / rate)
        for rate in load.rates_per_s or ()
        for queries in [load.queries(rate, documents)]
    ]
    if load.trace is not None:
        dealt, rate = dealt_part(load, documents), mean_rate_per_s(load)
        kinds: tuple[Arrivals, ...] = (TRACE_ARRIVALS, POISSON_ARRIVALS) if load.beside_poisson else (TRACE_ARRIVALS,)
        planned += [PlannedOffer(rate, kind, len(dealt.arrivals), dealt.span_s / load.speed) for kind in kinds]
    return planned


def trace_part(load: Load) -> ArrivalTrace:
    """Return the part of the trace that the suite sends, with the trace's own times.

    Raises:
        UserError: the trace cannot be read, or fewer than two requests arrive in the part.
    """
    assert load.trace is not None
    return _read(load.trace).part(load.start_s, load.duration_s)


def mean_rate_per_s(load: Load) -> float:
    """Return the mean rate of the trace's part at the suite's speed; it is the same for every task.

    Raises:
        UserError: as of `trace_part`; or all of it arrives at once.
    """
    part = trace_part(load)
    if not part.span_s:
        raise UserError(f"{part.path}: all arrivals of the part are at one moment, so that it has no rate")
    return (len(part.arrivals) - 1) * load.speed / part.span_s


def dealt_part(load: Load, documents: int) -> ArrivalTrace:
    """Return the trace's part, without its last arrivals, so that each document is requested equally often.

    Raises:
        UserError: as of `trace_part`; or there are fewer arrivals than documents.
    """
    part = trace_part(load)
    number = len(part.arrivals) // documents * documents
    if number < 2:
        raise UserError(
            f"{part.path}: {len(part.arrivals):,} arrivals are in the part that is sent, and the task has "
            f"{documents:,} documents, to be asked equally often: lower the task's limit, or send a longer part"
        )
    return replace(part, arrivals=part.arrivals[:number])  # what is left out comes after all that is kept


def dealt_documents(number: int, documents: int, seed: int) -> list[int]:
    """Return the index of the document for each arrival, shape (number,), in shuffled rounds of all documents.

    Args:
        number: of arrivals; a multiple of the documents.
        documents: of the task.
        seed: the suite's.
    """
    order: list[int] = []
    draw = np.random.default_rng(seed)
    while len(order) < number:
        order += draw.permutation(documents).tolist()
    return order[:number]


def check_trace(resolved: Resolved) -> None:
    """Check that a suite's trace can be read and sent, before any request.

    Raises:
        UserError: it cannot be read; has no sessions, and is to keep their order; or has fewer than two arrivals, in
            too short a time or all at one moment.
    """
    measure = resolved.suite.measure
    load = measure.load
    if load is None or load.trace is None:
        return
    part = trace_part(load)
    if load.sessions and part.no_sessions is not None:
        raise UserError(f"{resolved.path}: measure.load.sessions: {part.path}: {part.no_sessions}. Leave sessions out")
    mean_rate_per_s(load)
    if part.span_s / load.speed < measure.least_window_s:
        raise UserError(
            f"{resolved.path}: measure.load.trace: {part.span_s:.3f} s of it at speed {load.speed:g} are "
            f"{part.span_s / load.speed:.3f} s, and windows shorter than min_window_s = {measure.least_window_s:g} are "
            "not valid: send a longer part, lower speed, or lower min_window_s"
        )


def described(load: Load, documents: int) -> dict[str, Any]:
    """Describe the trace for the field `LoadRow.trace` of a record."""
    part, dealt = trace_part(load), dealt_part(load, documents)
    assert load.trace is not None
    whole = _read(load.trace)
    lengths = {name: _spread([getattr(arrival, name) for arrival in dealt.arrivals]) for name in _LENGTHS}
    return {
        "name": whole.path.name,
        "format": whole.format,
        "sha256": whole.sha256,
        "rows": whole.rows,
        "arrivals": len(whole.arrivals),
        "out_of_order": whole.out_of_order,
        "speed": load.speed,
        "start_s": load.start_s,
        "duration_s": load.duration_s,
        "left_out": len(part.arrivals) - len(dealt.arrivals),
        "sessions": sum(bool(arrival.after) for arrival in dealt.arrivals) if load.sessions else None,
        **{name: spread for name, spread in lengths.items() if spread},
    }


def sha256_of_trace(load: Load | None) -> str:
    """Return the SHA-256 of the trace's file; empty without one.

    Raises:
        UserError: the trace cannot be read.
    """
    return "" if load is None or load.trace is None else _read(load.trace).sha256


def _spread(lengths: Sequence[int | None]) -> dict[str, float]:
    known = sorted(length for length in lengths if length is not None)
    if not known:
        return {}
    at = {f"p{share}": float(known[min(len(known) - 1, len(known) * share // 100)]) for share in (50, 90)}
    return {**at, "mean": sum(known) / len(known)}


def _read(path: Path) -> ArrivalTrace:
    return _remembered(*_file(path))


def _file(path: Path) -> tuple[Path, int, int]:
    """Return the path, modification time (ns) and size of a file, as the key of a cache of its content."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _remembered(path: Path, changed_ns: int, size: int) -> ArrivalTrace:
    """Read a trace, with a cache: a run needs the trace for its plan, its check and each of its windows."""
    return read_trace(path)
