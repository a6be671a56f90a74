"""Commands about suites and what they need: `run`, `doctor` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._cluster import cluster_options
from wattbench.cli._ending import end_of_run, open_option
from wattbench.cli._group import main
from wattbench.cli._options import block_options, command_line, effort_options, measured_option, narrowing_options
from wattbench.cli._stopped import report_offered
from wattbench.cli._waiting import WaitingCommand, wait_option
from wattbench.errors import UserError
from wattbench.progress.notices import stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.api.cluster_runs import SlotSource


@main.command(cls=WaitingCommand)
@click.argument("suite", required=False)
@narrowing_options
@effort_options
@measured_option
@wait_option
@cluster_options
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the HTML report to this file."
)
@open_option
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run.")
@click.option(
    "--max-cost",
    metavar="'AMOUNT CUR'",
    help="Stop before more is spent on tokens and requests, such as '5 USD'; with --resume: by the whole run.",
)
@block_options
@click.option(
    "--slot",
    metavar="GPU[,GPU]",
    help="Measure on these GPUs alone (numbers of nvidia-smi, or UUIDs), while other slots measure on the rest.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="With --resume: ask again the requests that failed; of a finished run in a copy of it.",
)
def run(
    suite: str | None,
    out: Path,
    report: Path | None,
    open_page: bool,
    resume: Path | None,
    max_cost: str | None,
    block: str | None,
    seed: int | None,
    slot: str | None,
    retry_failed: bool,
    allow_unsafe_code: bool,
    effort: str | None,
    energy: bool | None,
    require_measured: bool,
    wait_s: float,
    cluster: SlotSource | None,
    **narrowing: Any,
) -> None:
    """Run SUITE and print the run's directory; everything else goes to standard error.

    It ends with the advice which system to run, a row per system, and where the report is. SUITE is a file, or the
    name of a suite that wattbench ships. Where its budget is reached it ends with exit code 4, and can be resumed.
    """
    from wattbench.api.suite_runs import load as read_suite
    from wattbench.api.suite_runs import (
        measured_with,
        requiring,
        run_new,
        run_resumed,
        shard_of_arguments,
        spending_at_most,
    )

    if (suite is None) == (resume is None):
        raise UserError("name a suite to run, or a run to --resume: one of the two")
    if retry_failed and resume is None:
        raise UserError("--retry-failed goes with a run to --resume: a new one has no failed requests")
    if resume is not None and any(narrowing.values()):
        raise UserError("--systems, --tasks and --limit go with a new run; a resumed one keeps its own")
    if resume is not None and (effort, energy) != (None, None):
        raise UserError("--effort and --energy go with a new run; a resumed one keeps its own")
    if resume is not None and (block, seed) != (None, None):
        raise UserError("--block and --seed go with a new run; a resumed one keeps its own")
    shard = shard_of_arguments(block, seed)
    offered = report_offered(report, open_page=open_page, allow_unsafe_code=allow_unsafe_code)
    with stdout_to_stderr(), offered:
        if suite is not None:
            resolved = measured_with(read_suite(suite, **narrowing), effort=effort, energy=energy)
            resolved = requiring(resolved, require_measured)
            resolved = spending_at_most(resolved, max_cost)
            root = run_new(
                resolved,
                out,
                command_line(),
                allow_unsafe_code=allow_unsafe_code,
                wait_s=wait_s,
                shard=shard,
                slot=slot,
                cluster=cluster,
            )
        else:
            assert resume is not None
            root = run_resumed(
                resume,
                allow_unsafe_code,
                require_measured,
                retry_failed=retry_failed,
                command=command_line(),
                wait_s=wait_s,
                max_cost=max_cost,
                slot=slot,
                cluster=cluster,
            )
    click.echo(root)
    with stdout_to_stderr():
        end_of_run(root, report, open_page=open_page)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Show which sensors exist, why some cannot be read, what will be measured or only modelled, and what else runs."""
    import json

    from wattbench.machine import doctor as checks
    from wattbench.machine.busy import busy_now
    from wattbench.machine.measuring_lock import runs_now, slots_now
    from wattbench.meters import survey, survey_signals

    with stdout_to_stderr():
        surveyed = survey(), survey_signals(), busy_now(), slots_now(), runs_now()
    text = json.dumps(checks.as_data(*surveyed), indent=2) + "\n" if as_json else checks.as_text(*surveyed)
    click.echo(text, nl=False)


@main.command()
def schema() -> None:
    """Print the JSON Schema of a suite file, for editors."""
    import json

    from wattbench.config import Suite

    click.echo(json.dumps(Suite.model_json_schema(), indent=2))
