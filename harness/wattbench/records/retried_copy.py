"""Copy a finished run without its end, so that its failed requests can be asked again. The other is only read."""

from __future__ import annotations

from pathlib import Path

from wattbench.folder_aside import folder_aside
from wattbench.records.files.atomic_write import failing_as, is_temporary, move_into_place
from wattbench.records.files.regular_file import copy_record
from wattbench.records.layout import RunLayout
from wattbench.records.rescored_copy import write_windows_of
from wattbench.records.rows.header import RunHeader
from wattbench.records.writer import RunWriter

_FAILURE = "the run cannot be copied"


def copy_to_retry(old: RunLayout, out: Path, header: RunHeader) -> Path:
    """Write a run with all lines of a finished one, to be resumed, and return its directory.

    Lines are appended to it, so that its files are copies: none is a second name of the finished run's.

    Args:
        old: of the finished run.
        out: the folder in which the copy gets its directory.
        header: of the copy, with its name.

    Raises:
        UserError: a file cannot be read or written.
    """
    target = out / header.run
    ends = (
        old.header,
        old.finished,
        old.lock,
        old.signature,
        old.journal,
        old.items_table,
        old.windows_table,
        old.windows,
    )
    left_out = {path.name for path in ends}
    with (
        failing_as(target, _FAILURE),
        folder_aside(out / f".{header.run}.retrying", left=out.glob(".*Z-*.retrying")) as aside,
    ):
        with RunWriter.create(aside / header.run, header) as writer:
            for path in sorted(old.root.rglob("*")):
                name = path.relative_to(old.root)
                if path.is_symlink() or not path.is_file() or str(name) in left_out or is_temporary(path.name):
                    continue
                (writer.layout.root / name).parent.mkdir(parents=True, exist_ok=True)
                copy_record(path, writer.layout.root / name)
            write_windows_of(header.run, old, writer.layout)
            writer.journal_files()
        writer.layout.lock.unlink(missing_ok=True)
        move_into_place(aside / header.run, target, failure=_FAILURE)
    return target
