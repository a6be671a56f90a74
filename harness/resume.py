"""Starting a run's record, and taking it up again after an interruption."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness.config import Resolved
from harness.environment import environment
from harness.errors import UserError
from harness.meters import recover_window
from harness.plan import Cell
from harness.records import SCHEMA_VERSION, RunHeader, RunRecords, RunWriter


def new_run(
    folder: Path, resolved: Resolved, cells: Sequence[Cell], meters: Mapping[str, str], command: Sequence[str]
) -> RunWriter:
    """Make a run directory `<UTC>-<suite>-<id>` under a folder, and write its header."""
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%SZ}-{resolved.suite.name}-{secrets.token_hex(3)}"
    header = RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite=resolved.as_record(),
        suite_sha256=resolved.sha256,
        created_utc=now.isoformat(timespec="seconds"),
        command=list(command),
        environment=environment(resolved.path.parent),
        meters=dict(meters),
        cells=[cell.as_record() for cell in cells],
    )
    return RunWriter.create(folder / run, header)


def check_same_work(records: RunRecords, cells: Sequence[Cell], meters: Mapping[str, str]) -> None:
    """See that a run can be resumed here: same tasks, same documents, same meters.

    Raises:
        UserError: it cannot, and what differs. A run of two halves that differ compares nothing.
    """
    root = records.layout.root
    for before, now in zip(records.header.cells, [cell.as_record() for cell in cells], strict=True):
        for key in ("system", "task", "items", "task_version", "docs_sha256"):
            if before[key] != now[key]:
                raise UserError(
                    f"{root}: cannot be resumed: {key} of {before['system']} on {before['task']} was "
                    f"{before[key]} and is now {now[key]}. Start a new run"
                )
    if dict(meters) != records.header.meters:
        raise UserError(
            f"{root}: cannot be resumed: its energy was {_meters(records.header.meters)} and would now be "
            f"{_meters(meters)}. Resume it on the machine it began on, or start a new run"
        )


def recover_windows(records: RunRecords, writer: RunWriter) -> None:
    """Close the windows that an interrupted session left open, from their traces on disk.

    A measured window is closed at its last answer: what came after belongs to no item.
    """
    for label in records.open_windows():
        assert label.started_s is not None  # filled in when the window was opened
        answers = records.answers(label.system, label.task) if label.task is not None else []
        until_s = max((row.finished_s for row in answers if row.window == label.window), default=None)
        row = recover_window(records.layout.trace(label.system, label.task), label, until_s=until_s)
        writer.append_window(row)


def _meters(meters: Mapping[str, str]) -> str:
    return ", ".join(f"{component} {provenance}" for component, provenance in meters.items()) or "not read at all"
