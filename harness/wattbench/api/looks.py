"""Make the looks of a run: which of its systems can still be chosen, by what the complete blocks show.

A look scores the answers of new blocks, builds the tables that a report reads, and analyses them as a report does. The
tables are in a folder aside, which goes at once; that of a killed process when its look is made again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wattbench.clock import now_s
from wattbench.config import Resolved
from wattbench.folder_aside import folder_aside
from wattbench.measure.call_rows import call_rows
from wattbench.measure.item_rows import item_rows
from wattbench.measure.plan import Cell
from wattbench.records import AnswerRow, LookRow, RunRecords, ScoreRow
from wattbench.records.files.atomic_write import FAILURE, failing_as
from wattbench.records.schema.decide import Stop
from wattbench.records.tables.tables_elsewhere import with_tables
from wattbench_reports.comparison.analysis import analysed
from wattbench_reports.comparison.read_run import domains_of, read_frames
from wattbench_reports.decision.dropping import is_look, look, looks_of
from wattbench_reports.metrics.assumptions import AS_IN_SUITE
from wattbench_reports.metrics.decision_settings import decision_settings
from wattbench_reports.tables.run_tables import frames_of
from wattbench_reports.wording.dropped import dropped_lines

if TYPE_CHECKING:
    from wattbench.measure.scorer import Scorer

_ASIDE = ".look-"
"""How the folder of its tables begins, in that of the run."""


@dataclass(frozen=True)
class _SoFar(RunRecords):
    """A run with its complete blocks alone, and with scores that are not on disk. Answers are read once."""

    complete: frozenset[int] = frozenset()
    answered: dict[tuple[str, str], list[AnswerRow]] = field(default_factory=dict)
    scored: dict[tuple[str, str], list[ScoreRow]] = field(default_factory=dict)

    def answers(self, system: str, task: str) -> list[AnswerRow]:
        if (system, task) not in self.answered:
            rows = super().answers(system, task)
            self.answered[system, task] = [row for row in rows if row.block in self.complete]
        return self.answered[system, task]

    def scores(self, system: str, task: str) -> list[ScoreRow] | None:
        return self.scored.get((system, task))


class RunLooker:
    """Makes the looks of one run. Scores of earlier blocks are kept in memory."""

    def __init__(self, stop: Stop, resolved: Resolved, cells: Sequence[Cell], *, allow_unsafe_code: bool) -> None:
        """Keep what all looks need.

        Args:
            stop: what systems are chosen by, and the error.
            resolved: the suite.
            cells: its plan.
            allow_unsafe_code: whether tasks may run code that a model wrote.
        """
        self._stop, self._resolved, self._cells = stop, resolved, cells
        self._allow_unsafe_code = allow_unsafe_code
        self._scorers: dict[str, Scorer] = {}
        self._scores: dict[tuple[object, ...], ScoreRow] = {}

    def is_due(self, complete: int, blocks: int) -> bool:
        """Return whether a look follows the block that made this number complete, of this number in all."""
        return is_look(complete, blocks)

    def look(self, records: RunRecords, systems: Sequence[str], complete: int, blocks: int) -> LookRow:
        """Return what the complete blocks of a run show, as `wattbench_reports.decision.dropping.look` has it.

        Args:
            records: of the run.
            systems: those that are asked up to here.
            complete: how many blocks are complete.
            blocks: how many the run has.

        Raises:
            UserError: an answer cannot be scored, or what was measured cannot be analysed.
        """
        began_s = now_s()
        cells = [cell for cell in self._cells if cell.system in systems]
        so_far = _SoFar(
            records.layout,
            records.header,
            check_digests=False,
            complete=frozenset(row.number for row in records.blocks()),
        )
        for cell in cells:
            key = cell.system, cell.choice.task
            so_far.scored[key] = self._scored(cell, so_far.answers(*key))
        windows = [
            row
            for row in records.windows()
            if row.system in systems and (row.block is None or row.block in so_far.complete)
        ]
        root = records.layout.root
        aside = root / f"{_ASIDE}{os.getpid()}"
        with failing_as(aside, FAILURE), folder_aside(aside, left=root.glob(f"{_ASIDE}*")) as folder:
            calls = call_rows(so_far, windows)
            run = with_tables(so_far, item_rows(so_far, cells, windows, calls), windows, folder, calls)
            read = read_frames(frames_of(run), None)
            settings = decision_settings(self._stop, domains=domains_of(read.frames))
            measured, paid, _, weighed = analysed(read, AS_IN_SUITE, settings)
            made = look(
                measured,
                paid,
                weighed,
                settings,
                error=self._stop.error,
                looks=looks_of(blocks),
                choice_of=len(dict.fromkeys(cell.system for cell in self._cells)),
            )
        return LookRow(
            blocks=complete,
            level=made.levels.rival,
            requirement_level=made.levels.requirement,
            objective=made.objective,
            unit=None if made.unit is None else str(made.unit),
            currency=made.currency,
            systems=list(systems),
            dropped=list(made.dropped),
            at_s=began_s,
            took_s=max(now_s() - began_s, 0.0),
        )

    def lines(self, row: LookRow, blocks: int) -> Sequence[str]:
        """Return a line for each system that a look drops, for the progress of a run with this number of blocks."""
        return dropped_lines(row, blocks)

    def _scored(self, cell: Cell, answers: Sequence[AnswerRow]) -> list[ScoreRow]:
        """Return the scores of a cell's answers. Those that were scored before are not scored again."""
        name, task = cell.system, cell.choice.task
        new = [row for row in answers if (name, task, *_key(row)) not in self._scores]
        if new:
            scores = {row.key: row for row in self._scorer(cell).score(new)}
            self._scores |= {(name, task, *_key(row)): scores[row.key] for row in new}
        return [self._scores[name, task, *_key(row)] for row in answers]

    def _scorer(self, cell: Cell) -> Scorer:
        from wattbench.measure.scorer import Scorer

        task = cell.choice.task
        if task not in self._scorers:
            self._scorers[task] = Scorer(self._resolved, cell.choice, allow_unsafe_code=self._allow_unsafe_code)
        return self._scorers[task]


def _key(row: AnswerRow) -> tuple[object, ...]:
    """Return what tells an answer from others of its cell: in another attempt, it is another answer."""
    return *row.key, row.attempt, row.window
