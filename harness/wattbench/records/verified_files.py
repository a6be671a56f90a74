"""Compare the files of a finished run with the digests in its `finished.json`."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.records.finish_record import FinishRecord, file_sha256, is_plain, run_files
from wattbench.records.layout import RunLayout


def changed_files(layout: RunLayout, record: FinishRecord) -> Iterator[str]:
    """Yield a sentence for each file that is missing, is not as it was written, or was put there later.

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
            yield f"{name} is missing" if not path.exists() else f"{name} is not a regular file any more"
        elif file_sha256(path) != sha256:
            yield f"{name} is not as it was written: its SHA-256 differs"
    for name in run_files(layout):
        if name not in recorded:
            yield f"{name} was not there when the run ended"
