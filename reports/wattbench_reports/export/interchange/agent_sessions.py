"""Gather the sessions of a run's agents, each with its answer and its model calls, for formats that hold sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from wattbench.errors import UserError
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.money import UNNAMED
from wattbench_reports.tables.calls_table import TOKENS, read_calls

_OF_ANSWER = ("system", "task", "doc_id", "repeat", "correct", "started_s", "finished_s", "failure", "prompt", "output")
_NEWER = (
    "session", "calls", "ended", "prompt_tokens", "output_tokens", "cached_tokens", "cache_write_tokens",
    "reasoning_tokens", "energy_j", "agent_energy_j", "energy_provenance", "reported_cost", "reported_currency",
)  # fmt: skip


@dataclass(frozen=True)
class Session:
    """An attempt of an agent, or a model call that named no session."""

    name: str
    """Empty of a call that named none."""
    answer: Mapping[str, Any]
    """Columns of `items.parquet`, None where not recorded. Empty of calls without an answer."""
    calls: Sequence[Mapping[str, Any]]
    """Columns of `calls.parquet`, in the order in which they began; None where not recorded."""
    money: float | None = None
    """By the price of its system; else as the agent reported it."""
    currency: str = ""
    """Of `money`; empty if it is not named."""

    @property
    def tokens(self) -> dict[str, int | None]:
        """Return the tokens of all its calls, by name."""
        return {name: _whole(self.answer.get(name)) for name in TOKENS}

    @property
    def bounds_s(self) -> tuple[float, float] | None:
        """Return when it began and ended, its calls within; None if no time is recorded."""
        starts = [each for each in (self.answer.get("started_s"), *(call["started_s"] for call in self.calls)) if each]
        ends = [each for each in (self.answer.get("finished_s"), *(call["finished_s"] for call in self.calls)) if each]
        return (min(starts), max(ends)) if starts and ends else None


def agent_sessions(measured: Measured, paid: Paid, system: str | None = None) -> Iterator[Session]:
    """Yield the sessions of a run that have an answer, and then the calls that named no session.

    Args:
        measured: of the run.
        paid: what its answers cost.
        system: only this one's.

    Raises:
        UserError: the run has no agents, or its table of calls is damaged.
    """
    calls = read_calls(measured.frames.run)
    of_session = {} if calls is None else {
        str(name): [_row(row) for row in rows.sort_values("started_s", kind="stable").to_dict("records")]
        for name, rows in calls.groupby("session", observed=True)
    }  # fmt: skip
    currency = "" if paid.money is None or paid.money.currency == UNNAMED else paid.money.currency
    frames, at, counted, yielded = measured.frames, 0, 0, 0
    counts = None if frames.rows is None else frames.rows.to_numpy()
    # Attempts that count in no figure, as their harness failed, are exported too: they are on record.
    for part in replace(frames, rows=None).parts(*_OF_ANSWER, newer=_NEWER):
        kept = np.ones(len(part), np.bool_) if counts is None else counts[at : at + len(part)]
        money = np.full(len(part), np.nan)
        money[kept] = paid.answers_money(frames, slice(counted, counted + int(kept.sum())))
        at, counted = at + len(part), counted + int(kept.sum())
        for position, raw in enumerate(part.to_dict("records")) if "session" in part else ():
            row = _row(raw)
            if not row["session"] or system not in (None, row["system"]):
                continue
            yielded += 1
            amount, unit = (float(money[position]), currency) if np.isfinite(money[position]) else (None, "")
            if amount is None:
                amount, unit = row["reported_cost"], row["reported_currency"] or ""
            yield Session(row["session"], row, of_session.get(row["session"], ()), amount, unit)
    for call in of_session.get("", ()):
        if system in (None, call["system"]):
            yielded += 1
            yield Session("", {}, [call])
    if not yielded:
        raise UserError(f"{measured.frames.run.layout.root}: it has no sessions of agents to export")


def _row(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of a table with None in the place of what is not there."""
    return {str(name): None if pd.isna(value) else value for name, value in raw.items()}


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
