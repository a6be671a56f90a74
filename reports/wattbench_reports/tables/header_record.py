"""Read a run's header by the models of its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wattbench.records import RunHeader, RunRecords
from wattbench.records.schema.header import (
    GateRecord,
    ImportRecord,
    MachineRecord,
    MeterRecord,
    NightRecord,
    PlannedCell,
    RescoredRecord,
)
from wattbench.records.schema.recorded import recorded
from wattbench_reports.tables.suite_record import SuiteRecord


@dataclass(frozen=True)
class HeaderRecord:
    """All of `run.json` that the reports read."""

    suite: SuiteRecord
    cells: tuple[PlannedCell, ...]
    """In the order of the plan. What names no system or no task is left out."""
    machine: MachineRecord
    meters: Mapping[str, MeterRecord]
    """By component."""
    provenances: Mapping[str, str]
    """Component to how its joules come about, as found when the run began."""
    command: tuple[str, ...]
    created_utc: str
    """ISO 8601, unless the record is damaged."""
    imported: ImportRecord | None
    """None: wattbench measured the run."""
    scored: bool
    """Whether its answers must have scores. Those that another tool made, or a metered program, may lack them all."""
    where: str
    """The file, for messages."""
    _header: RunHeader = field(repr=False)

    @classmethod
    def of(cls, header: RunHeader, where: str = "run.json") -> HeaderRecord:
        """Read a header.

        Args:
            header: as `wattbench.records.read_run` gives it.
            where: its file, for messages.
        """
        cells = (PlannedCell.of(each) for each in header.cells)
        return cls(
            suite=SuiteRecord.of(header.suite, header.run, where),
            cells=tuple(cell for cell in cells if cell is not None),
            machine=MachineRecord.of(header.environment) or MachineRecord(),
            meters={name: MeterRecord.of(each) or MeterRecord() for name, each in header.meter_details.items()},
            provenances=header.meters,
            command=tuple(header.command),
            created_utc=header.created_utc,
            imported=None if header.imported is None else ImportRecord.of(header.imported),
            scored=header.imported is None and header.metered is None,
            where=where,
            _header=header,
        )

    @cached_property
    def gate(self) -> GateRecord | None:
        """Return the block ``gate``; None for a run that is not a gate's.

        Raises:
            UserError: it does not say which two systems were asked, or a value is of another type.
        """
        block = self._header.gate
        return None if block is None else recorded(GateRecord, block, f"{self.where}: gate")

    @cached_property
    def rescored(self) -> RescoredRecord | None:
        """Return the block ``rescored``; None for a run whose scores are those it was made with.

        Raises:
            UserError: it does not say from which run the answers are.
        """
        block = self._header.rescored
        return None if block is None else recorded(RescoredRecord, block, f"{self.where}: rescored")

    @cached_property
    def night(self) -> NightRecord:
        """Return the block ``night``; empty for a run that is not of a night.

        Raises:
            UserError: its date is of another type.
        """
        block = self._header.night
        return NightRecord() if block is None else recorded(NightRecord, block, f"{self.where}: night")


def header_record(run: RunRecords) -> HeaderRecord:
    """Read a run's header. A run that is loaded as frames has it as `Frames.record`."""
    return HeaderRecord.of(run.header, str(run.layout.header))
