"""Read a run's header by type: its suite, plan, machine and meters, and what made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wattbench.errors import UserError
from wattbench.records import SIDES, Forms, RunHeader, RunRecords, in_order
from wattbench_reports.tables.json_values import (
    mapping,
    mapping_or_error,
    number,
    objects,
    objects_or_error,
    text,
    text_or_error,
    texts,
    whole_number,
)
from wattbench_reports.tables.repository_record import CommitsSinceRecord, RepositoryRecord
from wattbench_reports.tables.suite_record import SuiteRecord

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class PlannedCell:
    """One system on one task, as planned."""

    system: str
    task: str
    domain: str | None
    items: int | None
    as_recorded: Mapping[str, Any] = field(default_factory=dict)
    """Also the task's version and digests, for comparing runs."""


@dataclass(frozen=True)
class MachineRecord:
    """The machine and its software."""

    os: str | None = None
    python: str | None = None
    cpu: str | None = None
    logical_cpus: int | None = None
    memory_bytes: float | None = None
    gpus: tuple[str, ...] = ()
    """Their names."""
    packages: Mapping[str, Any] | None = None
    """Name to version; None where they are not recorded."""
    commit: str | None = None
    repository: RepositoryRecord = field(default_factory=RepositoryRecord)
    as_recorded: Mapping[str, Any] = field(default_factory=dict)
    """All of it, for comparing runs."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> MachineRecord:
        """Read a header's block ``environment``."""
        return cls(
            os=text(recorded.get("os")),
            python=text(recorded.get("python")),
            cpu=text(recorded.get("cpu")),
            logical_cpus=whole_number(recorded.get("cpus_logical")),
            memory_bytes=number(recorded.get("memory_bytes")),
            gpus=tuple(text(gpu.get("name")) or "unnamed" for gpu in objects(recorded.get("gpus"))),
            packages=mapping(recorded.get("packages")),
            commit=text(recorded.get("commit")),
            repository=RepositoryRecord.of(recorded),
            as_recorded=recorded,
        )

    @property
    def codecarbon(self) -> str | None:
        """Return the version of codecarbon, whose constants are in modelled joules."""
        return None if self.packages is None else text(self.packages.get("codecarbon"))


@dataclass(frozen=True)
class MeterRecord:
    """The meter of one component."""

    meter: str = ""
    """Empty where it is not recorded. So `reads`."""
    reads: str = ""
    """What the meter reads, in words."""
    step_s: float | None = None
    """How often its figure advances."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> MeterRecord:
        """Read a component's entry of a header's ``meter_details``."""
        return cls(text(recorded.get("meter")) or "", text(recorded.get("reads")) or "", number(recorded.get("step_s")))


@dataclass(frozen=True)
class ImportRecord:
    """The source of an imported run."""

    source: str | None
    files: tuple[str, ...]
    left_out: Mapping[str, Any]
    """Reason to how many."""
    scenarios: Mapping[str, Mapping[str, Any]]
    """System to the load that the tool put on it."""
    machines: Mapping[str, Mapping[str, Any]]
    """System to what the tool recorded of the machine that answered, in the form of a run's environment."""
    currency: str | None
    """Of its costs; None where it was not named."""
    remarks: Mapping[str, str]
    """What else a reader should know of it: a stable name to a sentence without its full stop."""
    zeros: Mapping[tuple[str, str], int]
    """(System, column) to how many zeros of the source were taken as not recorded."""
    joules_of: Mapping[str, str]
    """System to whose joules were declared for it: ``model``, of the machine that runs it, or ``client``."""
    repeats: int
    """How many names of items were taken for repeats of one item; 0: none."""
    as_recorded: Mapping[str, Any]

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> ImportRecord:
        """Read a header's block ``imported``."""
        scenarios = mapping(recorded.get("scenario")) or _EMPTY
        machines = mapping(recorded.get("machines")) or _EMPTY
        remarks = mapping(recorded.get("remarks")) or _EMPTY
        joules_of = mapping(recorded.get("joules_of")) or _EMPTY
        return cls(
            source=text(recorded.get("from")),
            files=tuple(str(file.get("name")) for file in objects(recorded.get("files"))),
            left_out=mapping(recorded.get("left_out")) or _EMPTY,
            currency=text(recorded.get("currency")),
            scenarios={name: load for name, each in scenarios.items() if (load := mapping(each)) is not None},
            remarks={name: said for name, each in remarks.items() if (said := text(each)) is not None},
            machines={name: known for name, each in machines.items() if (known := mapping(each)) is not None},
            zeros={
                (str(each.get("system")), str(each.get("column"))): count
                for each in objects(recorded.get("zeros"))
                if (count := whole_number(each.get("answers"))) is not None
            },
            joules_of={name: said for name, each in joules_of.items() if (said := text(each)) is not None},
            repeats=whole_number(recorded.get("repeats")) or 0,
            as_recorded=recorded,
        )


@dataclass(frozen=True)
class RescoredScore:
    """What scoring anew changed for one system, over the tasks that were scored anew."""

    system: str
    before: float
    """The share of right answers. So `after`."""
    after: float
    newly_right: int
    newly_wrong: int


@dataclass(frozen=True)
class RescoredRecord:
    """The block ``rescored``: the run holds the answers of another one, scored anew."""

    source: str
    """The run whose answers these are."""
    forms: Forms
    regex: str | None
    metrics: Mapping[str, str]
    """Task to metric."""
    tasks: tuple[str, ...]
    """Those that were scored anew; empty: all."""
    tasks_from: str | None
    """The folder of the task files."""
    scores: tuple[RescoredScore, ...]

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str) -> RescoredRecord:
        """Read a header's block ``rescored``.

        Raises:
            UserError: it does not say from which run the answers are.
        """
        source = text_or_error(f"{where}.from", recorded.get("from"))
        if source is None:
            raise UserError(f"{where}.from is missing; the record is damaged")
        metrics = mapping(recorded.get("metrics")) or _EMPTY
        scores = mapping(recorded.get("scores")) or _EMPTY
        return cls(
            source=source,
            forms=in_order(texts(recorded.get("forms"))),
            regex=text(recorded.get("regex")),
            metrics={task: str(metric) for task, metric in metrics.items()},
            tasks=texts(recorded.get("tasks")),
            tasks_from=text(recorded.get("tasks_from")),
            scores=tuple(
                score
                for name, each in scores.items()
                if (score := _rescored(name, mapping(each) or _EMPTY)) is not None
            ),
        )


def _rescored(system: str, recorded: Mapping[str, Any]) -> RescoredScore | None:
    answers, before, after = (number(recorded.get(name)) for name in ("answers", "before", "after"))
    right, wrong = (whole_number(recorded.get(name)) for name in ("newly_right", "newly_wrong"))
    if not answers or before is None or after is None or right is None or wrong is None:
        return None
    return RescoredScore(system, before / answers, after / answers, right, wrong)


@dataclass(frozen=True)
class GateSide:
    """One of the two systems of a gate."""

    name: str
    """What it is called in the record."""
    system: str | None
    """What it is called in the suite."""


@dataclass(frozen=True)
class GateRecord:
    """The block ``gate`` of a gate that asked two systems in turns."""

    sides: Mapping[str, GateSide]
    """By `wattbench.records.SIDES`."""
    policy: Mapping[str, Any]
    """For `wattbench_reports.gate.policy.policy_of`."""
    planted: Mapping[str, float] | None
    """Of a drill: what was planted in the candidate."""
    base_notes: tuple[str, ...] = ()
    """Of a gate against a base: what differs between the two sides, one sentence each."""
    long_rounds: bool = True
    """Whether it asked rounds that are long enough for joules."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str) -> GateRecord:
        """Read a header's block ``gate``.

        Raises:
            UserError: it does not say which two systems were asked, or a value is of another type.
        """
        planted = mapping_or_error(f"{where}.planted", recorded.get("planted"))
        shares = None if planted is None else {name: number(share) for name, share in planted.items()}
        if shares is not None and None in shares.values():
            raise UserError(f"{where}.planted is {planted!r:.60}: it must map to numbers; the record is damaged")
        return cls(
            sides={side: _side(recorded.get(side), f"{where}.{side}") for side in SIDES},
            policy=mapping_or_error(f"{where}.policy", recorded.get("policy")) or _EMPTY,
            planted=None if shares is None else {name: share or 0.0 for name, share in shares.items()},
            base_notes=texts((mapping_or_error(f"{where}.base", recorded.get("base")) or _EMPTY).get("notes")),
            long_rounds=recorded.get("long_rounds") is not False,
        )


def _side(recorded: object, where: str) -> GateSide:
    known = mapping_or_error(where, recorded) or _EMPTY
    name = text_or_error(f"{where}.name", known.get("name"))
    if name is None:
        raise UserError(f"{where}.name is missing; the record is damaged")
    return GateSide(name, text(known.get("system")))


@dataclass(frozen=True)
class NightRecord:
    """The block ``night`` of a run of `wattbench nightly`."""

    date: str | None = None
    """ISO 8601."""
    commit: str | None = None
    backfilled: bool = False
    since: CommitsSinceRecord | None = None
    """What was committed since the night before; None where that is not known."""

    @classmethod
    def of(cls, recorded: Mapping[str, Any], where: str) -> NightRecord:
        """Read a header's block ``night``.

        Raises:
            UserError: its date is of another type.
        """
        return cls(
            date=text_or_error(f"{where}.date", recorded.get("date")),
            commit=text(recorded.get("commit")),
            backfilled=bool(recorded.get("backfilled")),
            since=CommitsSinceRecord.of(recorded.get("since")),
        )


@dataclass(frozen=True)
class HeaderRecord:
    """All of `run.json` that the reports read."""

    suite: SuiteRecord
    cells: tuple[PlannedCell, ...]
    """In the order of the plan. What names no system or no task is left out."""
    machine: MachineRecord
    meters: Mapping[str, MeterRecord]
    """By component."""
    provenances: Mapping[str, Any]
    """Component to how its joules come about, as found when the run began."""
    command: tuple[str, ...]
    created_utc: str
    """ISO 8601, unless the record is damaged."""
    imported: ImportRecord | None
    """None: wattbench measured the run."""
    where: str
    """The file, for messages."""
    _header: RunHeader = field(repr=False)

    @classmethod
    def of(cls, header: RunHeader, where: str = "run.json") -> HeaderRecord:
        """Read a header.

        Args:
            header: as `wattbench.records.read_run` gives it.
            where: its file, for messages.

        Raises:
            UserError: one of its blocks is of another type.
        """

        def block(name: str) -> Mapping[str, Any]:
            return mapping_or_error(f"{where}: {name}", getattr(header, name)) or _EMPTY

        imported = mapping_or_error(f"{where}: imported", header.imported)
        return cls(
            suite=SuiteRecord.of(block("suite"), str(header.run), where),
            cells=tuple(_cells(objects_or_error(f"{where}: cells", header.cells))),
            machine=MachineRecord.of(block("environment")),
            meters={name: MeterRecord.of(mapping(each) or _EMPTY) for name, each in block("meter_details").items()},
            provenances=block("meters"),
            command=texts(header.command),
            created_utc=str(header.created_utc),
            imported=None if imported is None else ImportRecord.of(imported),
            where=where,
            _header=header,
        )

    @cached_property
    def gate(self) -> GateRecord | None:
        """Return the block ``gate``; None for a run that is not a gate's.

        Raises:
            UserError: as `GateRecord.of`.
        """
        recorded = mapping_or_error(f"{self.where}: gate", self._header.gate)
        return None if recorded is None else GateRecord.of(recorded, f"{self.where}: gate")

    @cached_property
    def rescored(self) -> RescoredRecord | None:
        """Return the block ``rescored``; None for a run whose scores are those it was made with.

        Raises:
            UserError: as `RescoredRecord.of`.
        """
        recorded = mapping_or_error(f"{self.where}: rescored", self._header.rescored)
        return None if recorded is None else RescoredRecord.of(recorded, f"{self.where}: rescored")

    @cached_property
    def night(self) -> NightRecord:
        """Return the block ``night``; empty for a run that is not of a night.

        Raises:
            UserError: as `NightRecord.of`.
        """
        recorded = mapping_or_error(f"{self.where}: night", self._header.night) or _EMPTY
        return NightRecord.of(recorded, f"{self.where}: night")


def header_record(run: RunRecords) -> HeaderRecord:
    """Read a run's header. A run that is loaded as frames has it as `Frames.record`."""
    return HeaderRecord.of(run.header, str(run.layout.header))


def _cells(recorded: Iterable[Mapping[str, Any]]) -> list[PlannedCell]:
    return [
        PlannedCell(system, task, text(cell.get("domain")), whole_number(cell.get("items")), cell)
        for cell in recorded
        if (system := text(cell.get("system"))) is not None and (task := text(cell.get("task"))) is not None
    ]
