"""The record contract: what a run leaves on disk, its writer and its reader.

This is all that `reports` knows of the harness. May import: `harness.errors`. Must not import anything
else of the harness: a record can be read where nothing can be run.
"""

from harness.records.components import added, is_container, total_j
from harness.records.experts import ExpertRow
from harness.records.layout import RunLayout
from harness.records.loads import LoadRow
from harness.records.parts import (
    ABSENT,
    CIRCUMSTANCES,
    CONDITIONS,
    IDENTITY,
    LABELS,
    NOT_RECORDED,
    Part,
    machine_parts,
    part,
    system_parts,
)
from harness.records.phases import PhaseRow, Split
from harness.records.reader import RunRecords, read_run
from harness.records.rounds import BASELINE, CANDIDATE, SIDES, RoundRow
from harness.records.schema import (
    SCHEMA_VERSION,
    AnswerRow,
    ItemRow,
    Purpose,
    RunHeader,
    ScoreRow,
    SystemRow,
    WindowLabel,
    WindowRow,
)
from harness.records.trace import COLUMNS as TRACE_COLUMNS
from harness.records.trace import TraceRow, trace_rows
from harness.records.writer import RunWriter

__all__ = [
    "ABSENT",
    "BASELINE",
    "CANDIDATE",
    "CIRCUMSTANCES",
    "CONDITIONS",
    "IDENTITY",
    "LABELS",
    "NOT_RECORDED",
    "SCHEMA_VERSION",
    "SIDES",
    "TRACE_COLUMNS",
    "AnswerRow",
    "ExpertRow",
    "ItemRow",
    "LoadRow",
    "Part",
    "PhaseRow",
    "Purpose",
    "RoundRow",
    "RunHeader",
    "RunLayout",
    "RunRecords",
    "RunWriter",
    "ScoreRow",
    "Split",
    "SystemRow",
    "TraceRow",
    "WindowLabel",
    "WindowRow",
    "added",
    "is_container",
    "machine_parts",
    "part",
    "read_run",
    "system_parts",
    "total_j",
    "trace_rows",
]
