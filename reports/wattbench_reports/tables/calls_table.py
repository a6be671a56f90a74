"""Read the model calls of a run's agents, with their joules by three rules: `calls.parquet` as a data frame, checked.

What of a window's joules belongs to no call and to no agent's own processor is *idle*: no call was in flight.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.tables.table_columns import TableColumns
from wattbench_reports.tables.items_table import category

if TYPE_CHECKING:
    from wattbench_reports.tables.run_tables import Frames

BY_RULE = {"tokens": "energy_j", "time": "energy_by_time_j", "equal": "energy_equal_j"}
"""Rule of division to the column of a call's joules by it. The first is the one that counts; the band of a session goes
from the least to the most of its sums."""

TEXTS = (
    "call", "session", "system", "protocol", "window", "model_asked", "model_answered", "finish_reason", "retry_of",
    "error", "energy_provenance",
)  # fmt: skip
"""Read as categories. `session` is empty of a call that named none, `window` of one that was under way in none."""

TOKENS = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
"""NaN where not recorded."""

ABOVE_IDLE = "energy_above_idle_j"

NUMBERS = (
    "started_s", "first_byte_s", "finished_s", *TOKENS, "tool_calls", "status", "stated_cost", *BY_RULE.values(),
    ABOVE_IDLE, "request_bytes", "answer_bytes",
)  # fmt: skip

FLAGS = ("streamed", "sent")
"""Read as booleans. A call that was not `sent` was refused by the gateway: it took no time and no joules."""

_RELATIVE = 1e-6
"""Sums of the same numbers in another order differ by less."""
_ROUNDING = 1e-6
_LARGEST = 1e18
"""In joules, seconds or tokens, as `wattbench.records` allows."""


def read_calls(run: RunRecords) -> pd.DataFrame | None:
    """Read the table of calls of a finished run whose files are known to be as they were written.

    Returns:
        One row per call, in the order of `calls.jsonl`, with `TEXTS` as categories, `NUMBERS` as floats (NaN where not
        recorded) and `FLAGS`. None of a run without agents.

    Raises:
        UserError: the table is damaged, or contradicts itself.
    """
    path = run.layout.calls_table
    if not os.path.lexists(path):
        return None
    with TableColumns(path) as table:
        table.require((*TEXTS, *NUMBERS, *FLAGS))
        columns = {
            **{name: category(table.coded(name)) for name in TEXTS},
            **{name: table.numbers(name) for name in NUMBERS},
            **{name: _flags(table, name) for name in FLAGS},
        }
    calls = pd.DataFrame(columns, copy=False)
    for problem in _problems(calls, {system for system, _ in run.header.pairs}):
        raise UserError(f"{path}: {problem}; the record is damaged")
    return calls


def check_sessions(path: Path, calls: pd.DataFrame, items: pd.DataFrame) -> None:
    """Check that sessions of answers and of calls are the same, and that their joules add up.

    Calls of a session without an answer are allowed: what interrupted it left them on record. The other way it holds
    of measured runs alone: others' tools count calls that they do not list.

    Args:
        path: of the table of calls, for messages.
        calls: of `read_calls`.
        items: of the agents, with ``session``, ``system``, ``calls``, ``energy_j`` and ``agent_energy_j``.

    Raises:
        UserError: an answer's calls are missing or another system's, or its joules are not the sum of theirs.
    """
    of_session = calls.groupby("session", observed=True).agg(
        calls=("started_s", "size"), system=("system", "first"), energy_j=("energy_j", _sum)
    )
    attempts = items[items["session"].notna()].reset_index(drop=True)
    doubled = attempts[attempts["session"].duplicated()]
    if len(doubled):
        raise UserError(f"{path}: two answers are of the session {doubled['session'].iloc[0]!r}; the record is damaged")
    theirs = of_session.reindex(attempts["session"].astype(str))
    for problem in _of_sessions(attempts, theirs.reset_index(drop=True)):
        raise UserError(f"{path}: {problem}; the record is damaged")


def idle_by_window(frames: Frames, calls: pd.DataFrame) -> pd.Series:
    """Return the joules of each window of agents in which no call was in flight: those of no session.

    A call that was under way in two windows counts in the one in which it began.

    Args:
        frames: of the run.
        calls: of `read_calls`.

    Returns:
        Joules by window id, for each valid measured window of a system that made calls.

    Raises:
        UserError: the table of items cannot be read.
    """
    windows = frames.windows
    agents = set(calls["system"].cat.categories)
    of_agents = windows[windows["system"].isin(agents) & (windows["purpose"] == "measured") & windows["valid"]]
    with TableColumns(frames.run.layout.items_table) as table:  # also attempts that are left out of `frames`
        processes = pd.DataFrame(
            {"window": category(table.coded("window")), "energy_j": table.numbers("agent_energy_j")}, copy=False
        )
    names = of_agents["window"].astype(str).to_numpy()
    idle_j = pd.Series(of_agents["total_j"].to_numpy(dtype=np.float64), index=names)
    for taken in (calls, processes):
        by_window = taken.groupby("window", observed=True)["energy_j"].sum()
        idle_j -= by_window.set_axis(by_window.index.astype(str)).reindex(names, fill_value=0.0)
    return idle_j


def _flags(table: TableColumns, name: str) -> NDArray[np.bool_]:
    parts = [part.fill_null(False).to_numpy(zero_copy_only=False) for part in table.parts(name)]
    return np.concatenate(parts or [np.zeros(0)]).astype(np.bool_)


def _sum(joules: pd.Series) -> float:
    return float(joules.sum(skipna=False))


def _problems(calls: pd.DataFrame, systems: set[str]) -> Iterator[str]:
    """Yield a clause for each way in which the table contradicts itself, or the header."""
    yield from _of_names(calls, systems)
    for name in NUMBERS:
        values = calls[name].to_numpy(dtype=np.float64)
        least = -_LARGEST if name == ABOVE_IDLE else -_ROUNDING  # less than the idle draw may have been drawn
        if not (np.isnan(values) | (values >= least) & (values <= _LARGEST)).all():
            yield f"some {name} are infinite" if name == ABOVE_IDLE else f"some {name} are below 0 or infinite"
    started_s, finished_s = calls["started_s"], calls["finished_s"]
    first_s = calls["first_byte_s"].fillna(started_s)
    cached = calls["cached_tokens"].fillna(0) + calls["cache_write_tokens"].fillna(0)
    by_rule = calls[list(BY_RULE.values())].isna()
    for what, wrong in (
        ("lack their times", started_s.isna() | finished_s.isna()),
        ("end before they start", finished_s < started_s - _ROUNDING),
        (
            "have their first byte before they start, or after they end",
            (first_s < started_s - _ROUNDING) | (first_s > finished_s + _ROUNDING),
        ),
        ("have more cached tokens than tokens of their prompts", cached > calls["prompt_tokens"]),
        (
            "have more reasoning tokens than tokens of their answers",
            calls["reasoning_tokens"] > calls["output_tokens"],
        ),
        ("have joules by one rule and none by another", by_rule.any(axis=1) & ~by_rule.all(axis=1)),
    ):
        if wrong.any():
            yield f"some calls {what}"


def _of_names(calls: pd.DataFrame, systems: set[str]) -> Iterator[str]:
    if calls["call"].duplicated().any():
        yield f"the call {calls.loc[calls['call'].duplicated(), 'call'].iloc[0]!r:.60} is there twice"
    if other := sorted(set(calls["system"].astype(str)) - systems):
        yield f"a call is of the system {other[0]!r:.60}, which the run does not have"
    named = calls[calls["session"] != ""]
    of_session = named.groupby("session", observed=True)["system"].nunique()
    if (of_session > 1).any():
        yield f"the session {of_session.index[of_session > 1][0]!r:.60} is of several systems"


def _of_sessions(items: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[str]:
    """Yield a clause for the first answer whose session's calls do not fit it. Both have a row per answer."""
    joules, own_j = items["energy_j"], items["agent_energy_j"].fillna(0.0)
    made, counted = items["calls"].fillna(0), theirs["calls"].fillna(0)
    sum_j = own_j + theirs["energy_j"].where(counted > 0, 0.0)
    other = theirs["system"].notna() & (theirs["system"].astype(str) != items["system"].astype(str))
    off = joules.notna() & ~((sum_j - joules).abs() <= _RELATIVE * joules.abs() + _ROUNDING)
    sessions = items["session"].tolist()
    for at in np.flatnonzero(counted < made)[:1].tolist():
        yield f"the session {sessions[at]!r} made {made.iat[at]:.0f} calls, and {counted.iat[at]:.0f} are in the table"
    for at in np.flatnonzero(other)[:1].tolist():
        yield f"the session {sessions[at]!r} is of {items['system'].iat[at]}, and its calls are of another system"
    for at in np.flatnonzero(off)[:1].tolist():
        yield (
            f"the joules of the calls of the session {sessions[at]!r} and of its agent's processes sum to "
            f"{sum_j.iat[at]:.9g}, and its answer has {joules.iat[at]:.9g}"
        )
