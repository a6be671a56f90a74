"""Follow a run that another process writes: read what was appended since the last time, and nothing twice.

The machine is measured meanwhile, so that a look has to cost next to nothing: a run is not read as a whole, and no
answer is scored. Accuracy is what the running process says of itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from wattbench.api.run_folder import FINISHED, RESUMABLE, WRITTEN, ListedRun, runs_in
from wattbench.api.stopped_run import how_to_report
from wattbench.errors import UserError
from wattbench.progress.live_state import LiveState, read_live_state
from wattbench.records import AnswerRow, BlockPlan, BlockRow, LookRow, Purpose, RunRecords, WindowRow, read_run
from wattbench.records.dropped import documents_of_dropped
from wattbench.records.files.jsonl import complete_lines
from wattbench.records.reader import parsed_rows
from wattbench.records.rows.blocks import counted_attempts
from wattbench.records.rows.schema import RecordRow
from wattbench_reports.sections.under_way import RunUnderWay, SystemUnderWay

_Row = TypeVar("_Row", bound=RecordRow)

_IN_SHARDS = "several slots ask its blocks, and their answers are counted when they are merged"


@dataclass
class _Appended(Generic[_Row]):
    """The lines of a file of records that were not read before."""

    path: Path
    row: type[_Row]
    offset: int = 0
    lines: int = 0

    def read(self) -> list[_Row]:
        """Return the rows that were appended since the last call.

        Raises:
            UserError: a line is damaged.
        """
        if self.path.exists() and self.path.stat().st_size == self.offset:
            return []
        lines = list(complete_lines(self.path, self.offset))
        rows = parsed_rows(self.path, lines, self.row, first=self.lines + 1)
        self.offset += sum(map(len, lines))
        self.lines += len(lines)
        return rows


@dataclass
class _Joules:
    """The windows of a system."""

    windows: list[tuple[int | None, int, float | None, str]] = field(default_factory=list)
    """Block, attempt, joules of one pass (None: not valid) and provenance of each."""

    def add(self, row: WindowRow) -> None:
        joules = row.total_j if row.valid else None
        each = None if joules is None else joules / row.passes
        self.windows.append((row.block, row.attempt, each, row.provenance_label))

    def counted(self, attempts: Mapping[int, int]) -> dict[str, Any]:
        """Sum the joules of windows that no later attempt of their block replaces."""
        kept = [
            (joules, label)
            for block, attempt, joules, label in self.windows
            if block is None or attempt >= attempts.get(block, 0)
        ]
        known = [(joules, label) for joules, label in kept if joules is not None]
        return {
            "joules": sum(joules for joules, _ in known) if known else None,
            "windows": len(kept),
            "invalid": len(kept) - len(known),
            "provenance": "+".join(sorted({part for _, label in known for part in label.split("+")})),
        }


class FollowedRun:
    """A run and how far it is. Not for several threads at once."""

    def __init__(self, root: Path) -> None:
        """Read the header.

        Raises:
            UserError: it is not a run, or its header is damaged.
        """
        self.root = root
        self.records: RunRecords = read_run(root)
        layout, header = self.records.layout, self.records.header
        self._answers = {pair: _Appended(layout.answers(*pair), AnswerRow) for pair in header.pairs}
        self._windows = _Appended(layout.windows, WindowRow)
        self._blocks = _Appended(layout.blocks, BlockRow)
        self._looks = _Appended(layout.looks, LookRow)
        self._block_rows: list[BlockRow] = []
        self._look_rows: list[LookRow] = []
        self._plan: BlockPlan | None = None
        self._answered: dict[str, dict[Hashable, bool]] = {system: {} for system, _ in header.pairs}
        self._joules: dict[str, _Joules] = {system: _Joules() for system, _ in header.pairs}
        self._said: LiveState | None = None
        self._reported: tuple[int, str | None] | None = None

    def listed(self) -> ListedRun:
        """Return the run with its state as it is now; `problem` says what is wrong with a damaged one."""
        (listed,) = runs_in(self.root)
        return listed

    def now(self) -> RunRecords:
        """Return the records as they are now, such as those of a run that was finished meanwhile.

        Raises:
            UserError: the header is damaged.
        """
        return read_run(self.root)

    def so_far(self) -> RunUnderWay | None:
        """Return how far the run is; None once it is finished.

        Raises:
            UserError: the record is damaged.
        """
        listed = self.listed()
        if listed.state == FINISHED:
            return None
        if listed.state not in (WRITTEN, RESUMABLE):
            raise UserError(listed.problem or f"{self.root}: the record is damaged")
        self._read()
        running = listed.state == WRITTEN
        said = self._said or LiveState()
        plan, shard = self._plan, self.records.header.shard
        return RunUnderWay(
            running=running,
            systems=[self._system(name, said) for name in self._answered],
            complete_blocks=None if plan is None else len({row.number for row in self._block_rows}),
            blocks=None if plan is None else plan.blocks if shard is None else len(shard["blocks"]),
            title="" if not running else _IN_SHARDS if (shard or {}).get("handed_out") else said.title,
            left=said.left if running else "",
            resume=listed.resume,
            report=None if running else self._how_to_report(),
        )

    def _read(self) -> None:
        """Read what was appended."""
        self._said = read_live_state(self.records.layout.lock) or self._said
        self._plan = self._plan or self.records.block_plan()
        self._block_rows += self._blocks.read()
        self._look_rows += self._looks.read()
        for (system, task), appended in self._answers.items():
            answered = self._answered[system]
            for row in appended.read():
                key = (task, row.request_type, *row.key)
                answered[key] = answered.get(key, True) and row.failure is not None
        for window in self._windows.read():
            if window.purpose == Purpose.MEASURED and window.system in self._joules:
                self._joules[window.system].add(window)

    def _system(self, name: str, said: LiveState) -> SystemUnderWay:
        answered = self._answered[name]
        right, scored = said.scores.get(name, (None, 0))
        return SystemUnderWay(
            system=name,
            answers=len(answered),
            planned=self._planned(name),
            failed=sum(answered.values()),
            right=right,
            scored=scored,
            **self._joules[name].counted(counted_attempts(self._block_rows)),
        )

    def _planned(self, system: str) -> int | None:
        """Return how many answers a system is to give; None where that is not known before, as under load."""
        header = self.records.header
        measure = (header.suite.get("suite") or {}).get("measure") or {}
        cells = [cell for cell in header.cells if cell["system"] == system]
        numbers = [(cell.get("items"), header.repeats_of(cell)) for cell in cells]
        documents = documents_of_dropped(self._look_rows, self._block_rows).get(system)
        if documents is not None:
            numbers = [(len(documents.get(cell["task"], ())), header.repeats_of(cell)) for cell in cells]
        if measure.get("scenario") == "load" or header.shard or header.gate:
            return None
        counts = [items * repeats for items, repeats in numbers if isinstance(items, int) and isinstance(repeats, int)]
        return sum(counts) if len(counts) == len(cells) else None

    def _how_to_report(self) -> str | None:
        complete = len(self._block_rows)
        if self._reported is None or self._reported[0] != complete:
            self._reported = complete, how_to_report(self.root)
        return self._reported[1]
