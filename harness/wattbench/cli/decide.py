"""The command `decide`: which system to run, from a table of answers, a run, or another tool's results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._ending import next_commands, open_in_browser, open_option
from wattbench.cli._exit_codes import EXIT_APART
from wattbench.cli._group import ComputingCommand, main
from wattbench.cli._json import json_option
from wattbench.cli._options import assumption_options, command_line, names
from wattbench.cli.records import SOURCES, pairs
from wattbench.errors import UserError
from wattbench.progress.notices import notice

if TYPE_CHECKING:
    from wattbench.records import RunRecords
    from wattbench_reports.metrics.assumptions import Assumptions


@main.command(
    "decide",
    cls=ComputingCommand,
    most_used="min-accuracy max-p95 max-cost worth-right cost-wrong output open json target keep",
    examples=(
        "wattbench decide answers.csv --min-accuracy 0.9 --max-p95 300ms",
        "wattbench decide runs -o report.html",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="PAGE", help="Write the report, too."
)
@open_option
@json_option
@click.option("--target", default="", metavar="COLUMN", help="The column of a table with the right answers.")
@click.option(
    "--systems",
    callback=names,
    metavar="A,B",
    help="Columns that each are one system's: with --target its answers, without its scores.",
)
@click.option(
    "--score",
    default="",
    type=click.Choice(["", "exact", "contains", "number", "f1"]),
    metavar="RULE",
    help="Compute scores of answers and targets: exact (where there are none), contains, number or f1.",
)
@click.option(
    "--scale", default="", metavar="SCALE", help="Of verdicts and labels: pass, pair, or a range such as 1..5."
)
@click.option("--map", "renamed", multiple=True, metavar="COLUMN=NAME", help="What a column of a table holds.")
@click.option(
    "--source",
    "--from",
    "form",
    type=click.Choice(SOURCES),
    metavar="TOOL",
    help="The tool that made the files; default: recognised.",
)
@click.option("--metric", help="For lm-eval, evalscope and inspect: the metric of correctness.")
@click.option("--score-range", metavar="WORST..BEST", help="For scores that are not 0 to 1, such as 1..5.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the run that is made of the files.")
@click.option(
    "--across",
    callback=names,
    metavar="PART,...",
    help="Of several runs, rank although these parts differ: see runs compare.",
)
@assumption_options
def decide(
    files: tuple[Path, ...],
    output: Path | None,
    open_page: bool,
    as_json: bool,
    target: str,
    systems: tuple[str, ...],
    score: str,
    scale: str,
    renamed: tuple[str, ...],
    form: str | None,
    metric: str | None,
    score_range: str | None,
    keep: Path | None,
    across: tuple[str, ...],
    assumptions: Assumptions,
) -> None:
    """Say which system to run, from answers that you have.

    FILE is a table of answers (CSV, TSV, JSONL, JSON, Parquet), a run, a folder of runs, or what another tool wrote
    (lm-eval, inspect, evalscope, AIPerf, ...). Says first what the data can support, and what would bring a figure that
    is missing; then the advice under the requirements, a row per system, and what limits it. Tables together are one
    comparison, with a system per table where they name none.

    Nothing is kept but the page of -o. Exits with 3 where nothing of several runs can be ranked against each other.
    """
    from wattbench.api.answer_files import SourceOptions, opened
    from wattbench.importers import JudgedOptions, TableOptions
    from wattbench_reports.comparison.several_runs import apart_text
    from wattbench_reports.export.compared_runs import compare_runs
    from wattbench_reports.export.comparison.ending import DECIDED_FORMATS
    from wattbench_reports.export.stated_text import stated_as_json, stated_as_text
    from wattbench_reports.tables.stated_figures import only_stated

    if open_page and output is None:
        raise UserError("--open opens the page of -o: name a file with -o report.html")
    table = TableOptions(pairs(renamed), target, systems, score, JudgedOptions(scale=scale))
    options = SourceOptions(form, table, metric, score_range, assumptions.workload.currency, keep)
    with opened(files, options, command_line()) as runs:
        root = runs[0].layout.root if output is None else _of_page(runs, files, output)
        if len(runs) == 1 and only_stated(runs[0]):
            click.echo((stated_as_json if as_json else stated_as_text)(runs[0]), nl=False)
            compared = None
        else:
            compared = compare_runs(runs, across=across, assumptions=assumptions)
            written = DECIDED_FORMATS["json" if as_json else "table"]
            click.echo(written(compared.comparison, compared.decided, compared.support), nl=False)
        if output is not None:
            from wattbench_reports.html import write_report

            write_report(root, output, assumptions, analysis=None if compared is None else compared.analysis)
            notice(f"report: {output}")
    if compared is not None and not as_json:
        kept = root if root.exists() else None
        for line in next_commands(compared, run=kept, page=output is not None):
            notice(line)
    if output is not None and open_page:
        open_in_browser(output)
    if compared is not None and compared.comparison.ranked is not None and compared.comparison.ranked.apart:
        notice(f"wattbench: {apart_text(compared.comparison)}")
        raise click.exceptions.Exit(EXIT_APART)


def _of_page(runs: Sequence[RunRecords], files: Sequence[Path], page: Path) -> Path:
    """Return the directory of the run of a page, before anything is computed for it."""
    from wattbench.api.answer_files import run_of_page
    from wattbench_reports.html import tables_of_page

    return run_of_page(runs, files, page, tables_of_page(page))
