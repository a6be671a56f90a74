"""Build the item table: a row per answer, with the column names that `wattbench import` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.export.frames.typed_frame import typed
from wattbench_reports.metrics.money import UNNAMED
from wattbench_reports.tables.run_tables import NODE

if TYPE_CHECKING:
    import pandas as pd

_MORE = (
    "prompt_hash", "prompt_tokens", "first_token_s", "route", "failure", "prompt", "output", "filtered", "target",
)  # fmt: skip

_NEWER = ("cached_tokens", "cache_write_tokens", "reasoning_tokens", "finish_reason", NODE)

COLUMNS = {
    "system": "string",
    "kind": "string",
    "task": "string",
    "domain": "string",
    "item": "Int64",
    "repeat": "Int64",
    "score": "Float64",
    "started_s": "Float64",
    "seconds": "Float64",
    "first_token_seconds": "Float64",
    "prompt_tokens": "Int64",
    "cached_tokens": "Int64",
    "cache_write_tokens": "Int64",
    "output_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "joules": "Float64",
    "joules_above_idle": "Float64",
    "energy_provenance": "string",
    "cost": "Float64",
    "currency": "string",
    "route": "string",
    "failure": "string",
    "finish_reason": "string",
    "window": "string",
    "doc_hash": "string",
    "prompt_hash": "string",
    "prompt": "string",
    "answer": "string",
    "filtered": "string",
    "target": "string",
    "block": "Int64",
    "own_cpu_seconds": "Float64",
    "node": "string",
}
"""The columns in order, with pandas' type of each. A value that was not measured or is not known is missing."""


def items_frame(analysis: Analysis) -> pd.DataFrame:
    """Return a row per answer, columns `COLUMNS`, in the order of the record. Under load: those at the rate compared.

    Raises:
        UserError: the record is damaged.
    """
    import pandas as pd

    frames = analysis.frames.recorded or analysis.frames
    items, more = frames.items, frames.more_columns(*_MORE, newer=_NEWER)
    table = pd.DataFrame(
        {
            "system": items["system"].astype(str),
            "kind": items["kind"],
            "task": items["task"].astype(str),
            "domain": items["domain"].astype(str),
            "item": items["doc_id"],
            "repeat": items["repeat"],
            "score": items["correct"],
            "started_s": items["started_s"],
            "seconds": items["finished_s"] - items["started_s"],
            "first_token_seconds": more["first_token_s"] - items["started_s"],
            "prompt_tokens": more["prompt_tokens"],
            "cached_tokens": more.get("cached_tokens"),
            "cache_write_tokens": more.get("cache_write_tokens"),
            "output_tokens": items["output_tokens"],
            "reasoning_tokens": more.get("reasoning_tokens"),
            "joules": items["energy_j"],
            "joules_above_idle": items["energy_above_idle_j"],
            "energy_provenance": items["energy_provenance"],
            "cost": analysis.answers_money(),
            "currency": _currency(analysis),
            "route": more["route"],
            "failure": more["failure"],
            "finish_reason": more.get("finish_reason"),
            "window": items["window"],
            "doc_hash": analysis.frames.document_of_answer.series(),
            "prompt_hash": more["prompt_hash"],
            "prompt": more["prompt"],
            "answer": more["output"],
            "filtered": more["filtered"],
            "target": more["target"],
            "block": items["block"],
            "own_cpu_seconds": items["own_cpu_s"],
            "node": more[NODE].replace("", None) if NODE in more else None,
        },
        columns=list(COLUMNS),
    )
    return typed(table, COLUMNS, analysis.frames.run.layout.items_table)


def _currency(analysis: Analysis) -> str | None:
    """Return the currency of the costs; None without costs, and where an import named none."""
    return None if analysis.money is None or analysis.money.currency == UNNAMED else analysis.money.currency
