"""Runs under load, of which one system copes with every rate and another only with the lowest; and runs of a trace."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.made_up.rows import START_S, item, write_items
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS, ItemRow, LoadRow, RunRecords
from wattbench.records.client_lag import SentRequest, sending
from wattbench.records.rate_bounds import RateBounds, why_only_here

QUERIES, ANSWERED = 250, 100
"""Of the requests of a queue that grows, those that are answered."""
BOUNDS = {"cut": 25, "requests": 225, "in_time": 1.0, "in_time_low": 0.976, "effective": 225, "growth_p": 0.5}
"""Of requests that are all in time and do not depend on each other."""
ONLY_HERE = BOUNDS | {"in_time_low": 0.891, "effective": 46}
"""Of requests of a queue: too few of them are independent."""
SYSTEMS = {"sturdy": 0.125, "weak": 0.25}
"""System to its service seconds; at 4 a second the sturdy one copes, and the weak one's queue grows."""
RATES = {0.5: ("sturdy", "weak"), 4.0: ("sturdy",)}
TRACE = {
    "name": "azure.csv", "format": "Azure LLM inference CSV", "sha256": "cd" * 32, "rows": 60, "arrivals": 60,
    "speed": 2.0, "start_s": 0.0, "duration_s": None, "left_out": 1, "sessions": None,
    "input_tokens": {"p50": 900.0, "p90": 1000.0, "mean": 890.0},
}  # fmt: skip
SERVICE_S, BURST = 0.25, 10
"""Of a run of a trace: the seconds of an answer, and how many requests come at once."""


def write_load_run(
    root: Path, *, held: Mapping[float, Collection[str]] = RATES, here: Collection[str] = ()
) -> RunRecords:
    """Write a run at some rates.

    Args:
        root: of the run's directory.
        held: rate to the systems that sustain it.
        here: the systems that do so in this minute alone.
    """
    items, loads = [], []
    for name, service_s in SYSTEMS.items():
        for rate, holding in held.items():
            rows = _items(name, service_s, rate, grows=name not in holding)
            items += rows
            loads.append(_load(name, rate, rows, holds=name in holding, here=name in here))
    return _write(root, "loaded", items, loads)


def write_traced_run(root: Path, *, holds: bool = True, poisson: bool = True) -> RunRecords:
    """Write a run in which the trace comes in bursts, and each request waits for those before it.

    Args:
        root: of the run's directory.
        holds: whether the system sustains the trace.
        poisson: whether it was asked at Poisson arrivals, too.
    """
    items, loads = [], []
    for kind in (TRACE_ARRIVALS, POISSON_ARRIVALS) if poisson else (TRACE_ARRIVALS,):
        rows, burst = [], kind == TRACE_ARRIVALS
        for number, row in enumerate(_items("sturdy", SERVICE_S, 1.0, grows=False)):
            due_s = START_S + (number // BURST * BURST if burst else number)
            started_s = due_s + (number % BURST * SERVICE_S if burst else 0.0)
            rows.append(
                replace(
                    row, scheduled_s=due_s, started_s=started_s, finished_s=started_s + SERVICE_S, batch_size=1,
                    first_token_s=started_s + 0.1, token_s=[started_s + 0.1, started_s + 0.2], arrivals=kind,
                    energy_j=8.0 + burst, window=f"w-{kind}",
                )
            )  # fmt: skip
        load = _load("sturdy", 1.0, rows, holds=holds or not burst)
        sent = [SentRequest(row.scheduled_s, row.scheduled_s, row.started_s, row.finished_s) for row in rows]
        loads.append(
            replace(load, arrivals=kind, trace=TRACE, sending=sending(sent, 1).as_record(), loadgen_valid=None)
        )
        items += rows
    return _write(root, "traced", items, loads)


def _write(root: Path, name: str, items: list[ItemRow], loads: list[LoadRow]) -> RunRecords:
    carbon = {"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25}
    return write_items(
        root, items, also=lambda writer: [writer.append_load(row) for row in loads],
        run=f"20260102T030405Z-{name}-abc123", created_utc="2026-01-02T03:04:05+00:00",
        suite={"suite": {"name": name, "measure": {"scenario": "load"}, "carbon": carbon}},
    )  # fmt: skip


def _items(name: str, service_s: float, rate: float, *, grows: bool) -> list[ItemRow]:
    rng = np.random.default_rng(7)
    rows = []
    for number in range(QUERIES):
        due_s = START_S + number / rate
        waits_s = number * 0.25 if grows else 0.0
        failed = grows and number >= ANSWERED
        first_s = due_s + waits_s + service_s / 2
        tokens = int(rng.integers(4, 12))
        rows.append(
            item(
                number % 25, system=name, repeat=number // 25, correct=0.0 if failed else float(number % 3 != 0),
                output_tokens=None if failed else tokens, scheduled_s=due_s, started_s=due_s + waits_s,
                first_token_s=None if failed else first_s, finished_s=due_s + waits_s + service_s * (1 + tokens / 16),
                token_s=[] if failed else [first_s, first_s + service_s / 4], batch=number, batch_size=8,
                window=f"{name}-{rate:g}", energy_j=4.0 / rate, energy_above_idle_j=1.0, offered_per_s=rate,
                failure="not sent" if failed else None,
            )
        )  # fmt: skip
    return rows


def _load(name: str, rate: float, rows: list[ItemRow], *, holds: bool, here: bool = False) -> LoadRow:
    total_s = max(row.finished_s for row in rows) - START_S
    failed = sum(row.failure is not None for row in rows)
    in_time = sum(row.failure is None and row.finished_s - row.scheduled_s <= 2.0 for row in rows)
    return LoadRow(
        system=name, task="sums", offered_per_s=rate, window=rows[0].window, scheduled_per_s=rate,
        served_per_s=(len(rows) - failed) / total_s, queries=len(rows), failed=failed, in_time=in_time,
        duration_s=total_s, drain_s=total_s - (QUERIES - 1) / rate, deadline_s=2.0, held=holds and not here,
        here=holds, lacks=why_only_here(RateBounds.from_record(ONLY_HERE), 0.9) if holds and here else [],
        bounds=ONLY_HERE if here else BOUNDS if holds else {},
        reasons=[] if holds else [f"{len(rows) - in_time} of {len(rows)} requests missed the deadline of 2 s"],
        loadgen_valid=holds, loadgen_version="6.0.17",
    )  # fmt: skip
