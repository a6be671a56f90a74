"""`wattbench.decide`: which system to run, from a table of answers, a run, or another tool's results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from wattbench.api.answer_files import SourceOptions, opened, run_of_page
from wattbench.api.assumptions import AssumptionOptions, assumptions_of
from wattbench.api.compare import Comparison
from wattbench.errors import UserError
from wattbench.importers import JudgedOptions, TableOptions
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.html import tables_of_page, write_report
from wattbench_reports.tables.stated_figures import only_stated


def decide(
    *files: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    source: str | None = None,
    columns: Mapping[str, str] | None = None,
    target: str = "",
    systems: Sequence[str] = (),
    score: str = "",
    scale: str = "",
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
        scale: of a judge's verdicts and people's labels in a table: ``pass``, ``pair``, or a range such as ``1..5``.
        keep: a folder in which the run that is made of the files stays.
        across: as for `wattbench.compare`.
        assumptions: those of `wattbench.compare`, such as `min_accuracy` and `system_prices`.

    Raises:
        UserError: a file is not recognised or is wrong, a run is damaged, or an argument is wrong.
    """
    of_systems = (systems,) if isinstance(systems, str) else tuple(systems)
    table = TableOptions(dict(columns or {}), target, of_systems, score, JudgedOptions(scale=scale))
    currency = assumptions.get("currency")
    options = SourceOptions(source, table, currency=currency, keep=None if keep is None else Path(keep))
    parts = [across] if isinstance(across, str) else list(across)
    settings = assumptions_of(**assumptions)
    paths = [Path(file) for file in files]
    with opened(paths, options, ["wattbench.decide"]) as runs:
        for run in runs:
            if only_stated(run):
                raise UserError(
                    f"{run.header.run} has figures of its source and no answers: there is nothing to decide"
                )
        compared = compare_runs(runs, across=parts, assumptions=settings)
        if output is not None:
            root = run_of_page(runs, paths, Path(output), tables_of_page(Path(output)))
            write_report(root, Path(output), settings, analysis=compared.analysis)
    return Comparison(compared.comparison, compared.decided, compared.support)
