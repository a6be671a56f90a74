"""Define the record contract: what a run leaves on disk, its writer and its reader.

All that `wattbench_reports` knows of the harness. May import: `wattbench.errors`, `wattbench.redaction`. Must not
import anything else of the harness: a record can be read where nothing can be run.
"""

from wattbench.records.answer_forms import (
    ALL_FORMS,
    COMBINATIONS,
    NO_ANSWER,
    AnswerForm,
    Forms,
    answer_in,
    equal_in,
    in_clauses,
    in_order,
    target_in,
    targets_of,
)
from wattbench.records.fingerprint_parts import (
    ABSENT,
    CIRCUMSTANCES,
    CONDITIONS,
    IDENTITY,
    LABELS,
    NOT_RECORDED,
    IdentityPart,
    Part,
    machine_parts,
    part,
    system_parts,
)
from wattbench.records.layout import RunLayout
from wattbench.records.reader import RunRecords, read_run
from wattbench.records.rows.answers import AnswerRow, ItemRow, ScoreRow
from wattbench.records.rows.arrival_rates import POISSON_ARRIVALS, TRACE_ARRIVALS, LoadRow
from wattbench.records.rows.blocks import BlockPlan, BlockRow, SpoiledBy, attempts_by_block
from wattbench.records.rows.calls import CallRow, MeteredCallRow
from wattbench.records.rows.components import added, is_container, total_j
from wattbench.records.rows.estimates import EstimateRow
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.rows.header import RunHeader
from wattbench.records.rows.looks import BoundedRow, DroppedRow, LookRow
from wattbench.records.rows.phases import PhaseRow, Split
from wattbench.records.rows.rounds import BASELINE, CANDIDATE, SIDES, RoundRow
from wattbench.records.rows.schema import SCHEMA_VERSION
from wattbench.records.rows.sessions import SessionRow
from wattbench.records.rows.summaries import SummaryRow
from wattbench.records.rows.systems import SystemRow
from wattbench.records.rows.windows import PassRow, Purpose, WindowLabel, WindowRow
from wattbench.records.trace import COLUMNS as TRACE_COLUMNS
from wattbench.records.trace import TraceRow, trace_rows
from wattbench.records.writer import RunWriter

__all__ = [
    "ABSENT",
    "ALL_FORMS",
    "BASELINE",
    "CANDIDATE",
    "CIRCUMSTANCES",
    "COMBINATIONS",
    "CONDITIONS",
    "IDENTITY",
    "LABELS",
    "NOT_RECORDED",
    "NO_ANSWER",
    "POISSON_ARRIVALS",
    "SCHEMA_VERSION",
    "SIDES",
    "TRACE_ARRIVALS",
    "TRACE_COLUMNS",
    "AnswerForm",
    "AnswerRow",
    "BlockPlan",
    "BlockRow",
    "BoundedRow",
    "CallRow",
    "DroppedRow",
    "EstimateRow",
    "ExpertRow",
    "Forms",
    "IdentityPart",
    "ItemRow",
    "LoadRow",
    "LookRow",
    "MeteredCallRow",
    "Part",
    "PassRow",
    "PhaseRow",
    "Purpose",
    "RoundRow",
    "RunHeader",
    "RunLayout",
    "RunRecords",
    "RunWriter",
    "ScoreRow",
    "SessionRow",
    "Split",
    "SpoiledBy",
    "SummaryRow",
    "SystemRow",
    "TraceRow",
    "WindowLabel",
    "WindowRow",
    "added",
    "answer_in",
    "attempts_by_block",
    "equal_in",
    "in_clauses",
    "in_order",
    "is_container",
    "machine_parts",
    "part",
    "read_run",
    "system_parts",
    "target_in",
    "targets_of",
    "total_j",
    "trace_rows",
]
