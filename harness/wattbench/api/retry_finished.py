"""Ask the failed requests of a finished run again: in a copy, as a finished run is never changed."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.records.copies import copy_to_retry
from wattbench.records.verified_files import check_unchanged

if TYPE_CHECKING:
    from wattbench.records import RunHeader, RunRecords


def failed_requests_of(records: RunRecords) -> int:
    """Return the number of failed requests of a finished run.

    Raises:
        UserError: they cannot be asked again in this run; or it is damaged.
    """
    root, header = records.layout.root, records.header
    for part, why in (
        (header.imported, "another tool asked its requests"),
        (header.rescored, "it is rescored: ask those of the run whose answers it holds, and rescore that"),
        (header.part_of, "it holds complete blocks of a run that was stopped: resume that one"),
        (header.night, "it is a night, which is kept as it was; the next night asks everything"),
    ):
        if part is not None:
            raise UserError(f"{root}: failed requests cannot be asked again: {why}")
    check_unchanged(records)  # the copy has digests of its own, and would hide a change
    cells = [(str(cell["system"]), str(cell["task"])) for cell in header.cells]
    return sum(row.failure is not None for cell in cells for row in records.answers(*cell))


def copy_of(records: RunRecords, command: Sequence[str]) -> Path:
    """Copy a finished run to an unfinished one next to it, and return the copy's directory.

    Raises:
        UserError: it cannot be written.
    """
    root = records.layout.root
    out = root.parent if root.name == root.resolve().name else root.resolve().parent
    return copy_to_retry(records.layout, out, _header(records, command))


def _header(records: RunRecords, command: Sequence[str]) -> RunHeader:
    old = records.header
    suite = old.suite.get("suite")
    name = str(suite.get("name", "run")) if isinstance(suite, dict) else "run"
    # Not a further session of the suite: most of its seconds and joules are those of the other run.
    sha256 = hashlib.sha256(json.dumps([old.suite_sha256, old.run, "retried"]).encode()).hexdigest()
    if old.shard is not None:
        sha256 = old.suite_sha256  # it is merged with the others of its suite, in place of the other run
    return replace(
        old,
        run=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}",
        suite_sha256=sha256,
        command=list(command),
        retried_from=old.run,
        journal=True,
    )
