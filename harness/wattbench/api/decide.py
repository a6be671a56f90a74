"""`wattbench.decide`: which system to run, from a table of answers, a run, or another tool's results.

What is no run is imported to a folder that is removed again, or to the one that the reader names. A killed process
leaves a folder whose name begins with a dot, and the next decision removes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from wattbench.api.assumptions import AssumptionOptions, assumptions_of
from wattbench.api.compare import Comparison
from wattbench.api.imported_runs import is_run, named_after
from wattbench.api.run_folder import find_run, runs_in
from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside
from wattbench.importers import SCORES, TableOptions, detect, read_sources, write_run
from wattbench.progress.notices import notice
from wattbench.records import read_run
from wattbench.records.files.regular_file import is_folder
from wattbench_reports.export.compared_runs import ComparedRuns, compare_runs
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.tables.stated_figures import only_stated

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


def decide(
    *files: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    source: str | None = None,
    columns: Mapping[str, str] | None = None,
    target: str = "",
    systems: Sequence[str] = (),
    score: str = "",
    keep: str | os.PathLike[str] | None = None,
    across: str | Sequence[str] = (),
    **assumptions: Unpack[AssumptionOptions],
) -> Comparison:
    """Say which system to run: ``wattbench.decide("answers.csv", min_accuracy=0.9, max_p95="300ms")``.

    Printed, it says what the data can support, the advice, a row per system, and what limits it.

    Args:
        files: tables of answers, runs, or results of other tools, as `wattbench decide` takes them. All tables are one
            comparison; of several runs systems are ranked only where items, machine and meter are the same.
        output: also write the report to this HTML file.
        source: the tool that made the files; recognised where it is not named.
        columns: a table's columns to what they hold: ``{"latency": "latency_ms"}``.
        target: the column with the right answers.
        systems: columns that each hold the answers, or without `target` the scores, of one system.
        score: ``exact``, ``contains``, ``number`` or ``f1``: compute scores of answers and targets by this rule.
        keep: a folder in which the run that is made of the files stays.
        across: as for `wattbench.compare`.
        assumptions: those of `wattbench.compare`, such as `min_accuracy` and `system_prices`.

    Raises:
        UserError: a file is not recognised or is wrong, a run is damaged, or an argument is wrong.
    """
    table = TableOptions(dict(columns or {}), target, (systems,) if isinstance(systems, str) else tuple(systems), score)
    currency = assumptions.get("currency")
    options = SourceOptions(source, table, currency=currency, keep=None if keep is None else Path(keep))
    parts = [across] if isinstance(across, str) else list(across)
    settings = assumptions_of(**assumptions)
    with opened([Path(file) for file in files], options, ["wattbench.decide"]) as runs:
        for run in runs:
            if only_stated(run):
                raise UserError(
                    f"{run.header.run} has figures of its source and no answers: there is nothing to decide"
                )
        compared = compare_runs(runs, across=parts, assumptions=settings)
        if output is not None:
            write_page(runs, compared, Path(output), settings)
    return Comparison(compared.comparison, compared.decided, compared.support)


def write_page(
    runs: Sequence[RunRecords], compared: ComparedRuns | None, page: Path, assumptions: Assumptions = AS_IN_SUITE
) -> Path:
    """Write the report of one run, and return its path.

    Args:
        runs: those that were compared.
        compared: the comparison; None: they have no answers.
        page: the HTML file.
        assumptions: the reader's settings.

    Raises:
        UserError: there are several runs, or the file cannot be written.
    """
    from wattbench_reports.html import write_report

    if len(runs) != 1:
        raise UserError(f"-o {page}: a report is of one run, and these files are {len(runs)}. Name one of them")
    analysis = None if compared is None else compared.analysis
    return write_report(runs[0].layout.root, page, assumptions, analysis=analysis)


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
