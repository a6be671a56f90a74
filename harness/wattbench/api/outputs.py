"""What each command prints with `--json`: one object, described by a model from which its JSON Schema is made.

A field that is a list of dataclasses has their fields. A number that does not exist, and a bound that is infinite, are
null. `Open` objects hold facts of a run, a suite or a machine, whose keys are not listed here.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from wattbench.api.labelling.progress import LabelProgress
from wattbench.api.metered.figures import MeteredFigures
from wattbench.api.plans.concordant_items import ConcordantItems
from wattbench.errors import UserError, nearest
from wattbench.machine.busy import BusyNow
from wattbench.machine.power_limits.gpu_limits import GpuLimit
from wattbench.measure.effort import Effort
from wattbench.measure.expected_cost import ExpectedCost
from wattbench.measure.judging.planned import PlannedJudging
from wattbench.measure.rescore import ChangedScore
from wattbench.meters.contention.watch import SignalState
from wattbench.meters.detect import Sensor
from wattbench.records.rows.summaries import SummaryRow
from wattbench_reports.analyses.grid import Axis, GridEffects
from wattbench_reports.analyses.wrong_answers import AnswersToRead
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.rules import Divide
from wattbench_reports.comparison.agents import AgentFigures
from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.comparison.judges import JudgeBill, JudgedTask
from wattbench_reports.comparison.leaderboard_model import ComparedRun, Placement, RankedGroup
from wattbench_reports.comparison.system_figures import COLUMNS, SystemFigures
from wattbench_reports.decision.model import Decision
from wattbench_reports.gate.calibration.record import Calibration
from wattbench_reports.gate.result import GateResult
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.night_verdict import Alert
from wattbench_reports.routing.model import RoutingStudy

Open = dict[str, Any]


class _Output(BaseModel):
    """An object with the named fields and no others."""

    model_config = ConfigDict(extra="forbid")


def _of(
    name: str, *kinds: type, more: Mapping[str, Any] | None = None, without: str = "", optional: bool = False
) -> type[_Output]:
    """Make a model with the fields of dataclasses.

    Args:
        name: of the model.
        kinds: the dataclasses.
        more: further fields, or those whose type is another: name to its type.
        without: a field that is not printed.
        optional: whether each field may be absent.
    """
    types: dict[str, Any] = {}
    for kind in kinds:
        hints = typing.get_type_hints(kind)
        types |= {each.name: hints[each.name] for each in fields(kind) if each.name != without}
    types |= more or {}
    made: dict[str, Any] = {key: (kind, None if optional else ...) for key, kind in types.items()}
    return create_model(name, __base__=_Output, **made)


class ListedSuiteOutput(_Output):
    """A suite of `suites list`."""

    name: str
    path: str
    shipped: bool
    description: str
    tasks: list[str]
    systems: list[str]
    gate: bool
    problem: str | None


class SuitesOutput(_Output):
    """`suites list`."""

    suites: list[ListedSuiteOutput]


class ListedRunOutput(_Output):
    """A run of `runs list`."""

    run: str
    path: str
    state: str
    kind: str
    suite: str
    systems: list[str]
    items: int | None
    created_utc: str
    finished_utc: str | None
    resume: str | None
    """The command that finishes it."""
    problem: str | None
    size_bytes: int


class RunsOutput(_Output):
    """`runs list`."""

    runs: list[ListedRunOutput]


class PlannedCellOutput(_Output):
    """One system on one task."""

    system: str
    kind: str
    engine: str
    task: str
    domain: str
    items: int | None
    repeats: int
    """How often each item is asked. Under load the rates decide that."""


class PlannedGridOutput(_Output):
    """A grid, each combination of whose labels is a system."""

    grid: str
    systems: list[str]
    axes: dict[str, dict[str, Open]]
    """Axis to label to the settings in which the systems with this label differ from the others."""


class PlanOutput(_Output):
    """`suites plan`."""

    suite: str
    path: str
    cells: list[PlannedCellOutput]
    grids: list[PlannedGridOutput]
    stop: Open | None
    """By what, and with which error, systems are no longer asked; null: all are asked to the end."""
    scores: list[Open]
    output_limits: list[Open]
    requests: dict[str, Open]
    """System to the fields that the suite adds to its requests."""
    sampled: list[Open]
    """Whose answers are sampled: by the system's requests, or by a task's settings."""
    detectable_accuracy: list[Open]
    expected: Open
    concordant_items: ConcordantItems | None
    """Items that show nothing between systems in an earlier run."""
    prompts: list[Open]
    effort: Effort
    energy: dict[str, str]
    """Component to the provenance of its joules."""
    power_limits_w: dict[str, float]
    """System to the power limit of each GPU while it is asked."""
    code: list[str]
    judging: list[PlannedJudging]
    costs: list[ExpectedCost]
    gate: list[str]
    shard: Open | None
    notes: list[str]


_ADDED = {name: float | None for name in COLUMNS if name not in {each.name for each in fields(SystemFigures)}}
_SystemRow = _of("SystemRow", SystemFigures, more=_ADDED, without="added")
_RankedRow = _of("RankedRow", Placement, optional=True)
_SystemOutput = create_model("SystemOutput", __base__=(_SystemRow, _RankedRow))
_AgentOutput = _of("AgentOutput", AgentFigures)
_DecisionOutput = _of("DecisionOutput", Decision, more={"advice": str, "evidence": list[str]})
_YearOutput = _of("YearOutput", Year, more={"total_g": float | None})


class QuantityOutput(_Output):
    """What is known of a quantity: accuracy, latency, tokens, joules, money or CO2e."""

    unit: str
    known: dict[str, int]
    """System to its answers that have it."""
    missing: list[str]


class SupportOutput(_Output):
    """What the data of `decide` can support."""

    items: int
    common: int
    answers: dict[str, int]
    domains: list[str]
    blocks: int
    origin: str
    quantities: dict[str, QuantityOutput]
    columns: list[Open]
    """Of a table: each column and what it was read as."""


class DroppedOutput(_Output):
    """The systems that a run did not ask to the end."""

    began: int
    """How many systems the run began with."""
    blocks: int | None
    error: float
    """Of the whole run, as the suite has it."""
    risk: float | None
    """That a bound of a system is wrong, whichever look dropped it, at most."""
    objective: str
    unit: str | None
    currency: str | None
    systems: list[Open]
    """The columns of `Run.dropped`, without the run."""


class ArmOutput(_Output):
    """A system of a grid."""

    system: str
    labels: list[str]
    accuracy: list[float | None] | None
    """Estimate, lower and upper bound; so `cost`, which is per request in the unit of the decision."""
    cost: list[float | None] | None
    dropped_after: int | None
    """Blocks; None where it was asked to the end."""
    advised: bool
    tied: bool
    qualifies: str | None
    apart: str
    on_front: bool | None


class GridOutput(_Output):
    """The systems of a grid, and what its settings change."""

    grid: str
    axes: list[Axis]
    arms: list[ArmOutput]
    effects: GridEffects | None
    why_no_effects: str


class JudgedSystemOutput(_Output):
    """The answers of a system to a task that a judge scores. `judges_opinion` is no score."""

    system: str
    answers: int
    not_judged: int
    judges_opinion: float | None
    labels: int
    people: int
    corrected: float | None
    """The mean corrected by labels; null: there are too few."""
    corrected_low: float | None
    corrected_high: float | None
    by_definition: bool
    """Whether others are compared with it, so that its answers have one half."""
    lacking_labels: int


_JudgedTaskOutput = _of("JudgedTaskOutput", JudgedTask, more={"counts": bool, "systems": list[JudgedSystemOutput]})
_JudgeBillOutput = _of(
    "JudgeBillOutput",
    JudgeBill,
    more=dict.fromkeys(("energy_j_per_answer", "seconds_per_answer", "money_per_answer"), float | None),
)


class JudgedOutput(_Output):
    """What judges said of answers, and what that took."""

    tasks: list[_JudgedTaskOutput]  # type: ignore[valid-type]
    bills: list[_JudgeBillOutput]  # type: ignore[valid-type]
    related: dict[str, list[str]]
    """Judge to the systems that have its model, itself included."""
    nothing_scored: bool


class ComparedOutput(_Output):
    """`decide`, `runs compare`, and what `run`, `runs import` and `runs merge` end with."""

    run: str
    suite: str
    carbon: Open | None
    energy_by_component: dict[str, dict[str, Open]]
    systems: list[_SystemOutput]
    sci: list[Open]
    workload: Open | None
    money: Open | None
    years: list[_YearOutput]  # type: ignore[valid-type]
    sessions: Open | None
    caveats: list[Caveat]
    data: Open = Field(default_factory=dict)
    support: SupportOutput | None = None
    """Of `decide`."""
    impacts: Open = Field(default_factory=dict)
    requests: dict[str, Open] = {}
    """System to the fields that its suite adds to its requests."""
    estimated: list[Open] = []
    machines: Open = Field(default_factory=dict)
    agents: list[_AgentOutput] = []  # type: ignore[valid-type]
    """Of a run with agents."""
    judged: JudgedOutput | None = None
    """Of a run with tasks that a judge scores."""
    dropped: DroppedOutput | None = None
    """Of a run that did not ask all systems to the end."""
    grids: list[GridOutput] = []
    decision: _DecisionOutput | None = None  # type: ignore[valid-type]
    compared_per_s: float | None = None
    load: list[Open] = []
    runs: list[ComparedRun] = []
    across: list[str] = []
    differences: list[Divide] = []
    standings: list[RankedGroup] = []
    fingerprints: dict[str, Open] = {}


class StatedOutput(_Output):
    """`runs compare` of a run that holds what its source states, and no answers."""

    run: str
    stated: list[SummaryRow]


class NotAskedOutput(_Output):
    """A system that was not asked to the end."""

    system: str
    after_blocks: int
    """How many blocks were complete when it was dropped."""
    reason: str


class LeftOutOutput(_Output):
    """What a run did not ask, as some systems could not be chosen any more."""

    systems: list[NotAskedOutput]
    requests: int
    """That were left out."""
    of: int
    """As many would have been asked with all systems asked to the end."""


class RunOutput(_Output):
    """`run`, `runs import` and `runs merge`."""

    run: str
    """The directory of the run."""
    report: str | None
    """The page, where one was asked for."""
    left_out: LeftOutOutput | None
    """None: all systems were asked to the end."""
    compared: ComparedOutput | StatedOutput | None
    """None of a shard: its blocks decide nothing."""


class ReportOutput(_Output):
    """`runs report`."""

    run: str
    report: str


class ExportOutput(_Output):
    """`runs export`."""

    run: str
    output: str


class ItemsOutput(_Output):
    """`runs items`."""

    run: str
    systems: list[AnswersToRead]


class RowsOutput(_Output):
    """`runs history`: nights, a series, or the rows of a query."""

    columns: list[str]
    rows: list[Open]
    notes: list[str]


class AddedRunOutput(_Output):
    """A run that was copied into a history."""

    run: str
    new: bool


class PrunedRunOutput(_Output):
    """What was decided of one night."""

    run: str
    kept: bool
    why: str


class HistoryOutput(_Output):
    """`runs history` that changes a history."""

    added: list[AddedRunOutput] = []
    pruned: list[PrunedRunOutput] = []
    dry_run: bool = False
    site: str | None = None


class CheckOutput(_Output):
    """One check of a record."""

    name: str
    made: bool
    said: str
    problems: list[str]
    left_out: list[str]


class VerifyOutput(_Output):
    """`runs verify`."""

    run: str
    ok: bool
    checks: list[CheckOutput]
    checked: list[str]
    recomputed: list[str]
    cannot_know: list[str]
    signed: str | None


class RescoreOutput(_Output):
    """`runs rescore`."""

    run: str
    systems: list[ChangedScore]


LabelOutput = _of("LabelOutput", LabelProgress)
MeterOutput = _of("MeterOutput", MeteredFigures)
_ROUTE = {"verdict": str, "answer": str | None, "sentences": dict[str, list[str]], "judged": Open}
RouteOutput = _of(
    "RouteOutput",
    more=dict.fromkeys((each.name for each in fields(RoutingStudy)), Any) | _ROUTE,
    optional=True,
)

_VERDICT: Mapping[str, Any] = {"schema_version": int, "exit_code": int, "policy": Open}
GateOutput = _of("GateOutput", GateResult, more=_VERDICT)


class NightPartOutput(_Output):
    """What changed in a night."""

    alerts: list[Alert]
    changes: list[NightChange]
    what_changed: list[Open]


class MissedNightOutput(_Output):
    """The run of one commit."""

    commit: str
    date: str
    run: str | None
    why_not: str


class MissedNightsOutput(_Output):
    """`nightly --commit`."""

    commits: list[MissedNightOutput]


NightOutput = _of("NightOutput", GateResult, more={**_VERDICT, "night": NightPartOutput})
CalibrationOutput = _of("CalibrationOutput", Calibration, more={"schema_version": int})


class SessionsOutput(_Output):
    """`dev calibrate --sessions`."""

    schema_version: int
    suite: str
    suite_sha256: str
    machine: dict[str, dict[str, str]]
    created_utc: str
    runs: list[str]
    energy_j: dict[str, list[float | None]]
    seconds: dict[str, list[float | None]]
    figures: dict[str, dict[str, list[float | None]]]
    made_of: dict[str, list[str]]


_BusyOutput = _of("BusyOutput", BusyNow, more={"text": str})


class DoctorOutput(_Output):
    """`dev doctor`."""

    sensors: list[Sensor]
    measured: list[str]
    modelled: list[str]
    unmeasured: list[str]
    contention: list[SignalState]
    busy: _BusyOutput  # type: ignore[valid-type]
    slots: list[Open]
    runs: list[Open]
    power_limits: list[GpuLimit]


class PathsOutput(_Output):
    """Commands that write files: `init`, `router fit`, `dev family build`, `dev tasks export`."""

    written: list[str]


OUTPUTS: Mapping[str, Any] = {
    "decide": ComparedOutput | StatedOutput,
    "init": PathsOutput,
    "run": RunOutput,
    "label": LabelOutput,
    "meter": MeterOutput,
    "route": RouteOutput,
    "gate": GateOutput,
    "nightly": NightOutput | MissedNightsOutput,
    "runs list": RunsOutput,
    "runs report": ReportOutput,
    "runs compare": ComparedOutput | StatedOutput,
    "runs items": ItemsOutput,
    "runs history": RowsOutput | HistoryOutput,
    "runs verify": VerifyOutput,
    "runs rescore": RescoreOutput,
    "runs merge": RunOutput,
    "runs import": RunOutput,
    "runs export": ExportOutput,
    "suites list": SuitesOutput,
    "suites plan": PlanOutput,
    "router fit": PathsOutput,
    "dev doctor": DoctorOutput,
    "dev family build": PathsOutput,
    "dev calibrate": CalibrationOutput | SessionsOutput,
    "dev tasks export": PathsOutput,
}
"""Command to what it prints with `--json`."""


class _Nullable(GenerateJsonSchema):
    """A number may be null: JSON has no infinity, and a figure that does not exist is null."""

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {"type": ["number", "null"]}


def output_schema(command: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints with `--json`.

    Args:
        command: as it is typed after `wattbench`: ``runs compare``.

    Raises:
        UserError: there is no such command, or it prints no JSON.
    """
    if command not in OUTPUTS:
        raise UserError(f"--of {command!r:.60}: no command with --json has this name{nearest(command, OUTPUTS)}")
    schema = TypeAdapter(OUTPUTS[command]).json_schema(schema_generator=_Nullable, mode="serialization")
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": f"wattbench {command} --json"} | schema
