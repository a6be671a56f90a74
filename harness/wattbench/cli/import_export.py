"""Commands that exchange runs with other tools: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._ending import end_of_run, open_option
from wattbench.cli._group import main
from wattbench.cli._options import RunPath, assumption_options, command_line
from wattbench.errors import UserError
from wattbench.progress.notices import stdout_to_stderr

if TYPE_CHECKING:
    from wattbench_reports.metrics.assumptions import Assumptions

TARGETS = ("csv", "parquet", "markdown", "model-card", "emissions", "boamps", "spdx", "prometheus")
WHAT = ("systems", "items", "windows", "machines")
SOURCES = (
    "lm-eval",
    "evalscope",
    "inspect",
    "vllm",
    "sglang",
    "inference-perf",
    "mlperf",
    "openjarvis",
    "llenergymeasure",
    "ml-energy",
    "guidellm",
    "aiperf",
    "table",
)


@main.command("export")
@click.argument("run", type=RunPath())
@click.option("--to", "target", type=click.Choice(TARGETS), required=True, help="The format.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file; default: standard output.",
)
@click.option("--system", metavar="NAME", help="Only this system; model-card, boamps and spdx describe one.")
@click.option("--what", type=click.Choice(WHAT), default="systems", show_default=True, help="For csv and parquet.")
@assumption_options
def export_run(
    run: Path,
    target: str,
    output: Path | None,
    system: str | None,
    what: str,
    assumptions: Assumptions,
) -> None:
    """Write RUN in a format that other tools read.

    csv and parquet hold every figure of every system, over all items and by domain; or with --what the items, the
    windows or the machines. emissions is codecarbon's file format, and model-card the metadata that the Hugging Face
    hub reads. boamps is Boavizta's report of one system's energy, spdx an SPDX 3 document with the AI profile's energy
    fields, and prometheus the text that Prometheus scrapes.
    """
    from wattbench.records import read_run
    from wattbench.records.files.atomic_write import open_atomically
    from wattbench_reports.export.export_run import export_items, export_to_bytes

    if what != "systems" and target not in ("csv", "parquet"):
        raise UserError(f"--what {what} goes with --to csv or --to parquet, not with {target}")
    if target == "parquet" and output is None:
        raise UserError("Parquet is a binary format: name a file with -o")
    records = read_run(run)
    if what == "items":
        parts = export_items(records, target, system=system, assumptions=assumptions)
    else:
        parts = iter([export_to_bytes(records, target, what=what, system=system, assumptions=assumptions)])
    if output is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    with open_atomically(output) as file:
        file.writelines(parts)
    click.echo(output)


@main.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option("--from", "form", type=click.Choice(SOURCES), help="The tool that made it; detected where not given.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--name", help="The name of the run; default: from the first source's name.")
@click.option("--map", "renamed", multiple=True, metavar="COLUMN=NAME", help="Which figure a column of a table holds.")
@click.option("--currency", metavar="ISO4217", help="Currency of the costs of a table, such as USD.")
@click.option(
    "--metric", help="For lm-eval, evalscope and inspect: the metric of correctness; default: each task's first."
)
@click.option(
    "--score-range",
    metavar="WORST..BEST",
    help="For scores that are not 0 to 1, such as 1..5: they are kept as shares of this range.",
)
@click.option(
    "--joules-of",
    multiple=True,
    metavar="[SYSTEM=]model|client",
    help="Whose the joules are: of the machine that runs the model, or of a client that waits for it.",
)
@click.option("--repeats", is_flag=True, help="Take items named task#1, task#2 (or task-trial-2) as repeats of one.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the HTML report to this file."
)
@open_option
def import_run(
    sources: tuple[Path, ...],
    form: str | None,
    out: Path,
    name: str | None,
    renamed: tuple[str, ...],
    currency: str | None,
    metric: str | None,
    score_range: str | None,
    joules_of: tuple[str, ...],
    repeats: bool,
    report: Path | None,
    open_page: bool,
) -> None:
    """Convert another tool's results to a run, and print its directory: compare and report can read it.

    SOURCE is a file or a folder that one of the tools of --from wrote (lm-eval with --log_samples), or a table in CSV
    or Parquet with the columns system, item, score and any of seconds, joules and cost. What a source does not have is
    missing in the run, and marked as missing. A table of what was read (items per system, what is missing, zero or
    constant, whose joules), the advice which system to run, a row per system and where the report is go to standard
    error.
    """
    from wattbench.api.imported_runs import named_after
    from wattbench.importers import read_sources, write_run
    from wattbench.records import read_run

    imported = read_sources(sources, form, renamed=_pairs(renamed), metric=metric, score_range=score_range, scratch=out)
    root = write_run(
        imported, out, name or named_after(sources[0]), command_line(), currency, joules=joules_of, repeats=repeats
    )
    click.echo(root)
    for remark in dict((read_run(root).header.imported or {})["remarks"]).values():
        click.echo(f"! {remark}.", err=True)
    with stdout_to_stderr():
        end_of_run(root, report, open_page=open_page, show_data=True)


def _pairs(options: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for option in options:
        column, equals, name = option.rpartition("=")
        if not equals or not column or not name:
            raise UserError(f"--map {option}: expected COLUMN=NAME, such as --map model=system")
        pairs[column] = name
    return pairs
