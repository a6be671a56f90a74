"""Say of a run that was stopped what is kept and how it is resumed, and report its complete blocks.

These become a run of their own, next to it.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.config import resolved_from_record, with_secrets
from wattbench.errors import UserError
from wattbench.measure.plan import plan
from wattbench.measure.resume import check_same_tasks
from wattbench.records import RunLayout, read_run
from wattbench.records.copies import copied_part
from wattbench.records.line_checks import check_lines
from wattbench.tasks.loading import quiet_lm_eval

if TYPE_CHECKING:
    from wattbench.records import RunHeader, RunRecords


class RunInterruptedError(KeyboardInterrupt):
    """A run was interrupted, and can be resumed."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"{root} can be resumed")
        self.root = root
        """Of the run."""


def how_to_go_on(root: Path, resume: str | None, kept: str = "Recorded answers are kept") -> str | None:
    """Return a sentence on what is kept of a stopped run and how to resume it. None if no command resumes its answers.

    The directory of a run of which nothing but its header was written is removed.

    Args:
        root: of the run.
        resume: the command that finishes it; None: none does.
        kept: what a resumed run goes on from.
    """
    if any(path.stat().st_size for path in root.rglob("items/*/*.jsonl")):  # also of a shard in its directory
        return None if resume is None else f"wattbench: stopped. {kept}; resume with: {resume}"
    layout = RunLayout(root)
    if any(path.stat().st_size for path in root.rglob("*") if path.is_file() and path != layout.header):
        return f"wattbench: stopped. No answer was recorded; {root} holds what was measured before the first"
    shutil.rmtree(root)
    return "wattbench: stopped. Nothing was recorded, and no run is kept"


@dataclass(frozen=True)
class BlocksSoFar:
    """How many blocks of a run that is not finished are complete."""

    complete: tuple[int, ...]
    """Their numbers from 0, in order."""
    of: int
    """How many the run is to ask."""

    @classmethod
    def of_run(cls, root: Path) -> BlocksSoFar | None:
        """Count the complete blocks of a run. None if its blocks cannot be reported before its end.

        Raises:
            UserError: the record is damaged.
        """
        records = read_run(root)
        plan, header = records.block_plan(), records.header
        if plan is None or header.night is not None or header.gate is not None:
            return None
        complete = tuple(sorted({row.number for row in records.blocks()}))
        return cls(complete, plan.blocks if header.shard is None else len(header.shard["blocks"]))

    @property
    def in_words(self) -> str:
        """Return the number in words: ``5 complete blocks of 16``."""
        return f"{len(self.complete)} complete {'block' if len(self.complete) == 1 else 'blocks'} of {self.of}"


def how_to_report(root: Path) -> str | None:
    """Return a clause with the command that reports a stopped run's complete blocks, or one that none is complete.

    None for a run that has no blocks, or none yet.

    Raises:
        UserError: the record is damaged.
    """
    so_far = BlocksSoFar.of_run(root)
    if so_far is None:
        return None
    if not so_far.complete:
        return f"none of its {so_far.of} blocks is complete yet, so that there is nothing to report"
    return f"report the {so_far.in_words} with: wattbench runs report --so-far {shlex.quote(str(root))}"


def part_of(root: Path, command: Sequence[str], *, allow_unsafe_code: bool = False) -> Path:
    """Write the complete blocks of an unfinished run as a run next to it, and return its directory.

    The other stays as it is, and can be resumed. A run that is there already is returned, and one that is finished.

    Args:
        root: of the run that is not finished.
        command: how it is made, for its record.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: no block is complete, or the run has none; its tasks have changed; or it cannot be written.
    """
    quiet_lm_eval()  # before anything else imports it
    from wattbench.measure.judging.judge_rows import record_judges
    from wattbench.scenarios.blocks.run import finish_record

    records = read_run(root)
    if records.finished:
        return root
    so_far = BlocksSoFar.of_run(root)
    if so_far is None or not so_far.complete:
        raise UserError(f"{root}: {how_to_report(root) or 'it has no blocks that can be reported before its end'}")
    check_lines(records)
    out = root.parent if root.name == root.resolve().name else root.resolve().parent
    header = _header(records, so_far, command)
    if (out / header.run).exists():
        return out / header.run
    resolved = resolved_from_record(with_secrets(records.header.suite))
    cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
    check_same_tasks(records, cells)
    with copied_part(records, out, header) as writer:
        record_judges(resolved, read_run(writer.layout.root), writer)
        finish_record(writer, resolved, cells, allow_unsafe_code=allow_unsafe_code)
    return out / header.run


def _header(records: RunRecords, so_far: BlocksSoFar, command: Sequence[str]) -> RunHeader:
    old, plan, attempts = records.header, records.block_plan(), len(records.blocks())
    assert plan is not None  # it has complete blocks
    again = f"-{attempts}" if attempts > len(so_far.complete) else ""  # attempts are only ever added
    sha256 = hashlib.sha256(json.dumps([old.suite_sha256, old.run, "part"]).encode()).hexdigest()
    return replace(
        old,
        run=f"{old.run}-{len(so_far.complete)}of{so_far.of}{again}",
        suite_sha256=sha256,  # not a further session of the suite: its seconds and joules are those of the other run
        command=list(command),
        shard={"blocks": list(so_far.complete), "of": plan.blocks, "seed": plan.seed},
        part_of=old.run,
        journal=False,
    )
