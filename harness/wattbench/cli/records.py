"""The commands on whole records, `runs import`, `export`, `merge` and `verify`, and `dev tasks export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._ending import end_of_run, open_option
from wattbench.cli._group import ComputingCommand, dev, runs
from wattbench.cli._json import json_option, print_json, print_run
from wattbench.cli._options import RunPath, assumption_options, command_line, complete_suite
from wattbench.errors import UserError, nearest
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.api.verify import Verified
    from wattbench_reports.metrics.assumptions import Assumptions


TARGETS = ("csv", "parquet", "markdown", "model-card", "emissions", "boamps", "prometheus", "otlp", "atif")
_WHAT = ("systems", "items", "windows", "machines", "judged")
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
    "tokenpowerbench",
    "codecarbon",
    "guidellm",
    "aiperf",
    "atif",
    "harbor",
    "terminal-bench",
    "mini-swe-agent",
    "tau2",
    "litellm",
    "otlp",
    "claude-code",
    "scout",
    "table",
)


@runs.command(
    "export",
    short_help="Write a run in a format that other tools read.",
    most_used="to output what system min-accuracy max-p95 max-cost price system-price region",
    examples=(
        "wattbench runs export runs --to csv --output systems.csv",
        "wattbench runs export runs --to parquet --what items --output items.parquet",
    ),
)
@click.argument("run", type=RunPath())
@click.option("--to", "target", type=click.Choice(TARGETS), required=True, help="The format.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file; default: standard output.",
)
@click.option("--system", metavar="NAME", help="Only this system; model-card and boamps describe one.")
@click.option("--what", type=click.Choice(_WHAT), default="systems", show_default=True, help="For csv and parquet.")
@json_option
@assumption_options
def export_run(
    run: Path,
    target: str,
    output: Path | None,
    system: str | None,
    what: str,
    assumptions: Assumptions,
    as_json: bool,
) -> None:
    """Write RUN in a format that other tools read.

    csv and parquet hold every figure of every system, over all items and by domain; or with --what the items, the
    windows or the machines. emissions is codecarbon's file format, and model-card the metadata that the Hugging Face
    hub reads. boamps is Boavizta's report of one system's energy, and prometheus the text that Prometheus scrapes.
    otlp and atif hold the sessions of agents, one per line: OpenTelemetry's spans with GenAI attributes, and Harbor's
    trajectories.
    """
    from wattbench.records import read_run
    from wattbench.records.files.atomic_write import open_atomically
    from wattbench_reports.export.export_run import OF_SESSIONS, export_items, export_sessions, export_to_bytes

    if what != "systems" and target not in ("csv", "parquet"):
        raise UserError(f"--what {what} goes with --to csv or --to parquet, not with {target}")
    if target == "parquet" and output is None:
        raise UserError("Parquet is a binary format: name a file with -o")
    if as_json and output is None:
        raise UserError("--json says where the file is: name one with -o")
    records = read_run(run)
    if what == "items":
        parts = export_items(records, target, system=system, assumptions=assumptions)
    elif target in OF_SESSIONS:
        parts = export_sessions(records, target, system=system, assumptions=assumptions)
    else:
        parts = iter([export_to_bytes(records, target, what=what, system=system, assumptions=assumptions)])
    if output is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    with open_atomically(output) as file:
        file.writelines(parts)
    if as_json:
        print_json({"run": str(run), "output": str(output)})
    else:
        click.echo(output)


@runs.command(
    "import",
    short_help="Convert another tool's results to a run.",
    most_used="source map name currency metric score-range out report open",
    examples=(
        "wattbench runs import answers.csv --map model=system",
        "wattbench runs import outputs --from evalscope --name ours",
    ),
)
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option(
    "--from", "--source", "form", type=click.Choice(SOURCES), help="The tool that made it; detected where not given."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--name", help="The name of the run; default: from the first source's name.")
@click.option("--map", "renamed", multiple=True, metavar="COLUMN=NAME", help="Which figure a column of a table holds.")
@click.option("--currency", metavar="ISO4217", help="Currency of the costs of a table, such as USD.")
@click.option(
    "--metric", help="For lm-eval, evalscope, inspect, harbor: the metric of correctness; default: each task's first."
)
@click.option(
    "--score-range",
    metavar="WORST..BEST",
    help="For scores that are not 0 to 1, such as 1..5: they are kept as shares of this range.",
)
@click.option("--judge", default="", metavar="NAME", help="Whose the verdicts of a table are; or a column judge.")
@click.option(
    "--scale", default="", metavar="SCALE", help="Of verdicts and labels: pass, pair, or a range such as 1..5."
)
@click.option(
    "--rubric", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="What the judge was given."
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
@json_option
def import_run(
    sources: tuple[Path, ...],
    form: str | None,
    out: Path,
    name: str | None,
    renamed: tuple[str, ...],
    currency: str | None,
    metric: str | None,
    score_range: str | None,
    judge: str,
    scale: str,
    rubric: Path | None,
    joules_of: tuple[str, ...],
    repeats: bool,
    report: Path | None,
    open_page: bool,
    as_json: bool,
) -> None:
    """Convert another tool's results to a run, and print its directory: compare and report can read it.

    SOURCE is a file or a folder that one of the tools of --from wrote (lm-eval with --log_samples), or a table in CSV
    or Parquet with the columns system, item, score and any of seconds, joules and cost. What a source does not have is
    missing in the run, and marked as missing. A table of what was read (items per system, what is missing, zero or
    constant, whose joules), the advice which system to run, a row per system and where the report is go to standard
    error.
    """
    from wattbench.api.imported_runs import named_after
    from wattbench.importers import JudgedOptions, TableOptions, read_sources, write_run
    from wattbench.records import read_run

    table = TableOptions(renamed=pairs(renamed), judged=JudgedOptions(judge, scale, rubric))
    imported = read_sources(sources, form, table=table, metric=metric, score_range=score_range, scratch=out)
    root = write_run(
        imported, out, name or named_after(sources[0]), command_line(), currency, joules=joules_of, repeats=repeats
    )
    if not as_json:
        click.echo(root)
    for remark in dict((read_run(root).header.imported or {})["remarks"]).values():
        click.echo(f"! {remark}.", err=True)
    with stdout_to_stderr():
        ended = end_of_run(root, report, open_page=open_page, show_data=True)
    if as_json:
        print_run(root, ended)


def pairs(options: tuple[str, ...]) -> dict[str, str]:
    """Read the values of ``--map``: column to name.

    Raises:
        UserError: one is not of the form COLUMN=NAME.
    """
    pairs = {}
    for option in options:
        column, equals, name = option.rpartition("=")
        if not equals or not column or not name:
            raise UserError(f"--map {option}: expected COLUMN=NAME, such as --map model=system")
        pairs[column] = name
    return pairs


@runs.command(
    short_help="Merge the shards of a suite into one run.",
    examples=(
        "wattbench runs merge shards --out merged",
        "wattbench runs merge shards/first shards/second --out merged",
    ),
)
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="The directory of the merged run; a folder that is there already gets it under its name.",
)
@json_option
def merge(shards: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Merge the shards of a suite in DIR into one run, and print its directory.

    A shard is what run --block makes; DIR is one, or a folder of them. The run is as if one machine had asked all
    blocks. Blocks that are missing are named with the commands that ask them (exit code 2), and nothing is written.
    """
    from wattbench.api.verify import require_verified
    from wattbench.distributed.merging import merge_shards

    root = merge_shards(shards, out, command_line(), notice, check=require_verified)
    if not as_json:
        click.echo(root)
    with stdout_to_stderr():
        ended = end_of_run(root, None, open_page=False)
    if as_json:
        print_run(root, ended)


@runs.command(
    cls=ComputingCommand,
    short_help="Check that a run is as it was written.",
    examples=(
        "wattbench runs verify runs",
        "wattbench runs verify runs --signers allowed_signers",
    ),
)
@click.argument("run", type=RunPath())
@click.option(
    "--run-code",
    is_flag=True,
    help="Score answers again also where that runs code of task files, or fetches documents: the record names them.",
)
@click.option("--allow-unsafe-code", is_flag=True, help="Allow tasks that run code which a model wrote.")
@click.option(
    "--signers",
    type=click.Path(path_type=Path),
    help="A file of OpenSSH keys, as allowed_signers, of which one must have signed RUN.",
)
@click.option(
    "--sign", "key", type=click.Path(path_type=Path), help="Sign RUN with this SSH key, if nothing is wrong with it."
)
@json_option
def verify(
    run: Path, run_code: bool, allow_unsafe_code: bool, signers: Path | None, key: Path | None, as_json: bool
) -> None:
    """Check that RUN is as it was written, and that its figures follow from its lines.

    Checks the digests of its files, the type and range of every field, and lines and windows against each other.
    Computes the tables and what compare prints from the lines, the joules of windows from their readings, and the
    scores from the recorded answers. Says at the end what it checked, what it recomputed, and what it cannot know.

    Exits with 2 where something is wrong. Nothing but a signature is written, no system is asked, and no code of a task
    runs unless it is allowed.
    """
    from wattbench.api.verify import verify as verified

    outcome = verified(run, run_code=run_code, allow_unsafe_code=allow_unsafe_code, signers=signers)
    if not as_json:
        _print_checks(outcome)
    signed = _signed(run, key) if key is not None and outcome.ok else None
    if as_json:
        known = {name: getattr(outcome, name) for name in ("ok", "checked", "recomputed", "cannot_know")}
        print_json({"run": str(run), "checks": [asdict(check) for check in outcome.checks], **known, "signed": signed})
    if not outcome.ok:
        failed = ", ".join(check.name for check in outcome.checks if check.problems)
        raise UserError(f"{run}: damaged, or changed since it was written ({failed}). Do not use its figures")
    if signed is not None and not as_json:
        click.echo(printable(f"signed: {signed}"))


def _signed(run: Path, key: Path) -> str:
    """Sign a run, and return what that says."""
    from wattbench.records import RunLayout
    from wattbench.records.signature import sign

    return str(sign(RunLayout(run), key))


def _print_checks(outcome: Verified) -> None:
    for check in outcome.checks:
        mark = "FAILED" if check.problems else "ok" if check.made else "-"
        click.echo(printable(f"{check.name:<11} {mark:<7} {check.said}"))
        for problem in check.problems:
            click.echo(printable(f"            {problem}"))
    for name, clauses in (
        ("checked", outcome.checked), ("recomputed", outcome.recomputed), ("cannot know", outcome.cannot_know),
    ):  # fmt: skip
        click.echo(printable(f"{name}: {'; '.join(clauses) or 'nothing'}"))


@dev.group()
def tasks() -> None:
    """Tasks of a suite, for other tools."""


@tasks.command(
    "export",
    short_help="Write the tasks of a suite as lm-eval YAML.",
    examples=(
        "wattbench dev tasks export suite.yaml --output exported",
        "wattbench dev tasks export suite.yaml --task tickets --output exported",
    ),
)
@click.argument("suite", shell_complete=complete_suite)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="A folder; what an earlier export left there is replaced.",
)
@click.option("--task", "names", metavar="TASK", multiple=True, help="Only this one; can be repeated.")
@json_option
def export(suite: str, output: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Write the tasks of SUITE that are files as lm-eval YAML, and print the paths of what was written.

    Next to each YAML are its documents as JSON lines (test, and if there are any fewshot and train), and its scores as
    a Python file that needs neither wattbench nor the suite. lm_eval asks the same prompts and scores alike.
    """
    from wattbench.config import FileTask, load_suite
    from wattbench.tasks.file_task.export import export_task

    resolved = load_suite(suite)
    known = {choice.task: choice for choice in resolved.tasks if isinstance(choice, FileTask)}
    if not known:
        raise UserError(f"{resolved.path}: tasks.select: no task is a file; others are lm-eval's own YAML already")
    for name in names:
        if name not in known:
            raise UserError(f"--task {name}: no file of this suite is a task of this name{nearest(name, known)}")
    chosen = names or tuple(known)
    with stdout_to_stderr():
        written = [path for name in chosen for path in export_task(known[name], output)]
    if as_json:
        print_json({"written": [str(path) for path in written]})
    else:
        click.echo("".join(f"{path}\n" for path in written), nl=False)
    notice(f"to run them: lm_eval --tasks {','.join(chosen)} --include_path {output} ...")
