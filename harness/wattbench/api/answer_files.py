"""Open files as runs: runs as they are, tables of answers and results of other tools imported for the time being.

What is no run is imported to a folder that is removed again, or to the one that the reader names. A killed process
leaves a folder whose name begins with a dot, and the next decision removes it.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.imported_runs import is_run, named_after
from wattbench.api.run_folder import find_run, runs_in
from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside
from wattbench.importers import FORMATS, SCORES, TableOptions, detect, read_sources, write_run
from wattbench.progress.notices import notice
from wattbench.records import read_run
from wattbench.records.files.regular_file import is_folder

if TYPE_CHECKING:
    from wattbench.records import RunRecords

_BEGIN, _END = ".wattbench-", ".deciding"


@dataclass(frozen=True)
class SourceOptions:
    """How the files are read, where they do not say it."""

    form: str | None = None
    """A name of `wattbench.importers.FORMATS`; None: each file's is recognised."""
    table: TableOptions = field(default_factory=TableOptions)
    metric: str | None = None
    score_range: str | None = None
    currency: str | None = None
    """Of the costs of a table."""
    keep: Path | None = None
    """The folder in which imports stay; None: they are removed."""


@contextlib.contextmanager
def opened(files: Sequence[Path], options: SourceOptions, command: Sequence[str]) -> Iterator[list[RunRecords]]:
    """Open files as runs: runs as they are, and all files of one other format as one run.

    Args:
        files: at least one.
        options: how they are read.
        command: for the record of an import.

    Raises:
        UserError: a file is not there, is not recognised or is wrong.
    """
    if not files:
        raise UserError("name at least one file: a table of answers, a run, or another tool's results")
    if options.form is not None and options.form not in FORMATS:
        raise UserError(f"source is {options.form!r:.40}: it must be one of {', '.join(FORMATS)}")
    if options.table.score and options.table.score not in SCORES:
        raise UserError(f"score is {options.table.score!r:.40}: it must be one of {', '.join(SCORES)}")
    of_runs = [file for file in files if options.form is None and _has_runs(file)]
    others = [file for file in files if file not in of_runs]
    by_form: dict[str, list[Path]] = {}
    for file in others:
        by_form.setdefault(options.form or detect([file]), []).append(file)
    if not by_form and (options.table or options.metric or options.score_range):
        raise UserError("options for the columns and scores of files go with tables and other tools' results, not runs")
    with _folder(options.keep if by_form else None) as folder:
        roots = {file: find_run(file) for file in of_runs}
        for form, sources in by_form.items():
            roots[sources[0]] = _imported(sources, form, options, folder, command)
            if options.keep is not None:
                notice(f"wattbench: kept as {roots[sources[0]]}")
        yield [read_run(roots[file]) for file in files if file in roots]


def run_of_page(runs: Sequence[RunRecords], files: Sequence[Path], page: Path, tables: Sequence[Path]) -> Path:
    """Return the directory of the run that a page is of.

    Args:
        runs: those that the files are.
        files: as the reader named them.
        page: its path.
        tables: those that are written next to it.

    Raises:
        UserError: there are several runs, or a file that was read would be replaced.
    """
    if len(runs) != 1:
        raise UserError(f"-o {page}: a report is of one run, and these files are {len(runs)}. Name one of them")
    read = {file.resolve() for file in files}
    for each in (page, *tables):
        if each.resolve() in read:
            raise UserError(f"-o {page}: the report would replace {each}, which is read. Name another page")
    return runs[0].layout.root


def _imported(sources: Sequence[Path], form: str, options: SourceOptions, folder: Path, command: Sequence[str]) -> Path:
    imported = read_sources(
        sources, form, table=options.table, metric=options.metric, score_range=options.score_range, scratch=folder
    )
    names_one = any(each != [""] for each in map(_currencies, imported.answers.batches(("currency",))))
    return write_run(imported, folder, named_after(sources[0]), command, None if names_one else options.currency)


def _currencies(batch: Any) -> list[str]:
    return list(batch.column("currency").unique().to_pylist())


def _has_runs(path: Path) -> bool:
    return is_run(path) or (is_folder(path) and bool(runs_in(path)))


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder for imports: the one to keep them in, or one that is removed at the end."""
    if keep is not None:
        yield keep
        return
    there = Path(tempfile.gettempdir())
    with contextlib.ExitStack() as stack:
        name, left = f"{_BEGIN}{secrets.token_hex(6)}{_END}", there.glob(f"{_BEGIN}*{_END}")
        try:
            folder = stack.enter_context(folder_aside(there / name, left=left))
        except OSError as error:
            raise UserError(
                f"{there}: answers cannot be kept here while they are compared ({error.strerror})"
            ) from error
        yield folder
