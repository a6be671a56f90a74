"""Make the JSON Schema of what a run's files hold, from the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from wattbench.records.finish_record import FinishRecord
from wattbench.records.rows.answers import AnswerRow, ItemRow, ScoreRow, Used
from wattbench.records.rows.arrival_rates import LoadRow
from wattbench.records.rows.blocks import BlockPlan, BlockRow
from wattbench.records.rows.calls import CallRow, MeteredCallRow
from wattbench.records.rows.estimates import EstimateRow
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.rows.header import RunHeader
from wattbench.records.rows.journal import JournalRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow
from wattbench.records.rows.looks import BoundedRow, DroppedRow, LookRow
from wattbench.records.rows.phases import PhaseRow
from wattbench.records.rows.rounds import RoundRow
from wattbench.records.rows.sessions import SessionRow
from wattbench.records.rows.spending import SpentRow
from wattbench.records.rows.summaries import SummaryRow
from wattbench.records.rows.systems import SystemRow
from wattbench.records.rows.windows import PassRow, WindowLabel, WindowRow
from wattbench.records.schema.base import field_texts

ROWS: Mapping[str, type] = {
    "run.json": RunHeader,
    "journal.jsonl": JournalRow,
    "systems.jsonl": SystemRow,
    "items/<system>/<task>.jsonl": AnswerRow,
    "scores/<system>/<task>.jsonl": ScoreRow,
    "experts/<system>/<task>.jsonl": ExpertRow,
    "loads.jsonl": LoadRow,
    "blocks.json": BlockPlan,
    "blocks.jsonl": BlockRow,
    "looks.jsonl": LookRow,
    "spending.jsonl": SpentRow,
    "calls.jsonl": CallRow,
    "open-calls.jsonl": CallRow,
    "sessions.jsonl": SessionRow,
    "judges.jsonl": JudgeRow,
    "judgements.jsonl": JudgementRow,
    "labels.jsonl": LabelRow,
    "estimates.jsonl": EstimateRow,
    "summaries.jsonl": SummaryRow,
    "passes.jsonl": PassRow,
    "rounds.jsonl": RoundRow,
    "phases.jsonl": PhaseRow,
    "open-windows.jsonl": WindowLabel,
    "windows.jsonl": WindowRow,
    "items.parquet": ItemRow,
    "calls.parquet": MeteredCallRow,
    "finished.json": FinishRecord,
}
"""File of a run to what it holds: an object, or one in each line or row. `windows.parquet` has the windows, with
objects as JSON texts."""


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema of each file of a run: under `properties` by its name, as of one line or row of it."""
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(row)) for name, row in ROWS.items()
    ]
    by_name, shared = TypeAdapter.json_schemas(adapters)
    defined = shared.get("$defs", {})
    for row in (*ROWS.values(), Used, DroppedRow, BoundedRow):
        texts = field_texts(row)
        for name, field in defined.get(row.__name__, {}).get("properties", {}).items():
            field.pop("title", None)
            if name in texts:
                field["description"] = texts[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The files of a run of wattbench",
        "properties": {name: by_name[name, "validation"] for name in ROWS},
        "$defs": defined,
    }
