"""Build the table of model calls: a row per call of an agent, with the attempt that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.frames.typed_frame import typed
from wattbench_reports.tables.calls_table import read_calls

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "system": "string",
    "session": "string",
    "task": "string",
    "item": "Int64",
    "repeat": "Int64",
    "score": "Float64",
    "step": "Int64",
    "call": "string",
    "protocol": "string",
    "model_asked": "string",
    "model_answered": "string",
    "started_s": "Float64",
    "seconds": "Float64",
    "first_byte_seconds": "Float64",
    "sent": "boolean",
    "streamed": "boolean",
    "status": "Int64",
    "finish_reason": "string",
    "tool_calls": "Int64",
    "retry_of": "string",
    "error": "string",
    "prompt_tokens": "Int64",
    "cached_tokens": "Int64",
    "cache_write_tokens": "Int64",
    "output_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "stated_cost": "Float64",
    "joules": "Float64",
    "joules_by_time": "Float64",
    "joules_equal": "Float64",
    "energy_provenance": "string",
    "window": "string",
}
"""The columns in order, with pandas' type of each. A call that is of no attempt in the figures has no `task`, `item`,
`repeat`, `score` and `step`; one that was not sent to the server has no `step`."""

FIRST = (
    "system", "task", "item", "repeat", "step", "seconds", "first_byte_seconds", "prompt_tokens", "cached_tokens",
    "output_tokens", "joules", "error",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""

_NAMES = {"energy_j": "joules", "energy_by_time_j": "joules_by_time", "energy_equal_j": "joules_equal"}


def calls_frame(measured: Measured) -> pd.DataFrame:
    """Return a row per model call, columns `COLUMNS`, in the order in which calls ended; no rows without agents.

    Raises:
        UserError: the record is damaged.
    """
    import pandas as pd

    frames = measured.frames
    path, calls = frames.run.layout.calls_table, read_calls(frames.run)
    if calls is None:
        return typed(pd.DataFrame(columns=list(COLUMNS)), COLUMNS, path)
    attempts = frames.more_columns("session", "task", "doc_id", "repeat", "correct").dropna(subset="session")
    attempts = attempts.drop_duplicates("session").set_index("session")
    session = calls["session"].astype(object)
    of_attempt = attempts.reindex(session).reset_index(drop=True)
    sent = calls[calls["sent"]]
    number = sent.sort_values("started_s", kind="stable").groupby("session", observed=True).cumcount() + 1
    known, seconds = of_attempt["task"].notna(), calls["finished_s"] - calls["started_s"]
    table = calls.rename(columns=_NAMES).assign(
        task=of_attempt["task"],
        item=of_attempt["doc_id"],
        repeat=of_attempt["repeat"],
        score=of_attempt["correct"],
        step=number.where(known),
        seconds=seconds.where((seconds > 0) | (frames.record.imported is None)),  # else the source states none
        first_byte_seconds=calls["first_byte_s"] - calls["started_s"],
    )
    return typed(table[list(COLUMNS)], COLUMNS, path)
