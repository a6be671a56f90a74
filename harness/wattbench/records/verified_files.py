"""Compare the files of a finished run with the digests in its `finished.json`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from wattbench.errors import UserError
from wattbench.records.finish_record import (
    NOT_IN_OLDER,
    FinishRecord,
    file_sha256,
    is_plain,
    odd_files,
    read_finish,
    run_files,
)
from wattbench.records.layout import RunLayout
from wattbench.records.reader import RunRecords


def check_unchanged(run: RunRecords) -> None:
    """Check the files of a finished run against its digests, before a figure is read from it.

    Raises:
        UserError: a file is missing, is not as it was written, or was put there later.
    """
    if not run.check_digests:
        return
    record = read_finish(run.layout)
    if record.sha256 is None:
        return
    for problem in changed_files(run.layout, record):
        root = run.layout.root
        raise UserError(
            f"{root}: {problem}. The run was damaged, or changed after its end; see what else differs with: "
            f"wattbench runs verify {shlex.quote(str(root))}"
        )


def changed_files(layout: RunLayout, record: FinishRecord) -> Iterator[str]:
    """Yield a sentence for each file that is missing, was changed, or was added later.

    Args:
        layout: of the run.
        record: its `finished.json`, with digests.

    Raises:
        UserError: a file cannot be read.
    """
    recorded = record.sha256 or {}
    for name, sha256 in recorded.items():
        path = layout.root / name
        if not is_plain(path):
            yield f"{name} is missing" if not os.path.lexists(path) else f"{name} is not a regular file any more"
        elif file_sha256(path) != sha256:
            yield f"{name} is not as it was written: its SHA-256 differs"
    unknown = () if record.sha256_of_all else NOT_IN_OLDER
    for name in run_files(layout):
        if name not in recorded and name not in unknown:
            yield f"{name} was not there when the run ended"
    for name in odd_files(layout):
        if name not in recorded:
            yield f"{name} is not a regular file"
