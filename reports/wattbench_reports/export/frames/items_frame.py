"""Build the item table: a row per answer, with the column names that `wattbench runs import` reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.export.frames.typed_frame import typed
from wattbench_reports.metrics.money import UNNAMED
from wattbench_reports.tables.judged_answers import opinions_of
from wattbench_reports.tables.run_tables import NODE

if TYPE_CHECKING:
    import pandas as pd

_AS_RECORDED = {
    "system": "system",
    "kind": "kind",
    "task": "task",
    "domain": "domain",
    "item": "doc_id",
    "repeat": "repeat",
    "score": "correct",
    "started_s": "started_s",
    "output_tokens": "output_tokens",
    "joules": "energy_j",
    "joules_above_idle": "energy_above_idle_j",
    "energy_provenance": "energy_provenance",
    "route": "route",
    "failure": "failure",
    "window": "window",
    "doc_hash": "doc_hash",
    "prompt_tokens": "prompt_tokens",
    "prompt_hash": "prompt_hash",
    "prompt": "prompt",
    "answer": "output",
    "filtered": "filtered",
    "target": "target",
}
"""Column to that of the record."""

_NEWER = {
    "judges_opinion": "judged",
    "cached_tokens": "cached_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "finish_reason": "finish_reason",
    "block": "block",
    "own_cpu_seconds": "own_cpu_s",
    "node": NODE,
}
"""The same of columns that older records lack. An empty `node` is none."""

COLUMNS = {
    "system": "string",
    "kind": "string",
    "task": "string",
    "domain": "string",
    "item": "Int64",
    "repeat": "Int64",
    "score": "Float64",
    "judges_opinion": "Float64",
    "label": "Float64",
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


FIRST = (
    "system", "task", "item", "score", "seconds", "joules", "energy_provenance", "output_tokens", "failure",
    "prompt", "answer", "target",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def items_frame(measured: Measured, paid: Paid) -> pd.DataFrame:
    """Return a row per answer, columns `COLUMNS`, in the order of the record. Under load: only at the rate compared.

    Raises:
        UserError: the record is damaged.
    """
    import pandas as pd

    return pd.concat(item_parts(measured, paid), ignore_index=True)


def item_parts(measured: Measured, paid: Paid) -> Iterator[pd.DataFrame]:
    """Yield `items_frame` in parts, so that the answers need not be in memory.

    Raises:
        UserError: as there.
    """
    import pandas as pd

    frames, currency, first = measured.frames, _currency(paid), 0
    _, labels = opinions_of(frames, slice(None))
    names = (*_AS_RECORDED.values(), "finished_s", "first_token_s")
    for part in frames.parts(*names, newer=tuple(_NEWER.values())):
        seconds = (part["finished_s"] - part["started_s"]).where(part["failure"].isna())
        table = pd.DataFrame(
            {
                **{name: part.get(of_record) for name, of_record in (_AS_RECORDED | _NEWER).items()},
                "seconds": seconds,
                "first_token_seconds": part["first_token_s"] - part["started_s"],
                "cost": paid.answers_money(measured.frames, slice(first, first + len(part))),
                "currency": currency,
                "label": labels[first : first + len(part)],
                "node": part[NODE].replace("", None) if NODE in part else None,
            },
            columns=list(COLUMNS),
        )
        first += len(part)
        yield typed(table, COLUMNS, frames.run.layout.items_table)


def _currency(paid: Paid) -> str | None:
    """Return the currency of the costs; None without costs, or where an import names no currency."""
    return None if paid.money is None or paid.money.currency == UNNAMED else paid.money.currency
