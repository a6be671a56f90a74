"""`wattbench gate`: may a candidate replace the baseline?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import main
from wattbench.cli._options import (
    WaitingCommand,
    as_option,
    cluster_options,
    command_line,
    complete_suite,
    items_options,
    measured_option,
    names,
    wait_option,
)
from wattbench.cli._verdict_files import VerdictFiles, errors_as_verdicts, verdict_options
from wattbench.errors import UserError
from wattbench.progress.notices import notice, stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.api.gates.gate_request import GateRequest
    from wattbench_reports.gate.result import GateResult


@main.command(
    cls=WaitingCommand,
    short_help="Judge a change or a candidate: pass, regressed or inconclusive.",
    most_used="base system baseline candidate policy limit report markdown junit json",
    examples=(
        "wattbench gate suite.yaml --base main --system rules",
        "wattbench gate suite.yaml --baseline rules --candidate small --report gate.html",
    ),
)
@click.argument(
    "targets",
    nargs=-1,
    metavar="[SUITE | RUN | RUN RUN | RESULTS RESULTS | OLD.json NEW.json]",
    shell_complete=complete_suite,
)
@click.option(
    "--base",
    metavar="REF",
    help="Compare the working tree with this branch (where HEAD left it), tag or commit; SUITE may be left out.",
)
@click.option("--system", metavar="SYSTEM", help="With --base: the system that is compared with itself.")
@click.option("--baseline", metavar="SYSTEM", help="The system in use.")
@click.option("--candidate", metavar="SYSTEM", help="The system that is to replace it; may be the same one.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The policy, in TOML or YAML; else the suite's gate:, or [tool.wattbench.gate] of the pyproject.toml here.",
)
@click.option("--across", callback=names, metavar="PART,...", help="Judge two runs although these parts differ.")
@click.option(
    "--sessions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For two runs, how much runs of one system differ here: a file of dev calibrate --sessions, or runs.",
)
@click.option(
    "--plant",
    multiple=True,
    metavar="HARM=SHARE",
    help="A drill: make the candidate worse by delay=20%, drop=5% or work=10%, to see whether the gate detects it. For "
    "one task: drop@TASK=5%; gain@TASK=5% makes the candidate better there.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Resume an interrupted gate.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the HTML report to this file."
)
@items_options
@measured_option
@wait_option
@cluster_options
@verdict_options
def gate(
    no_github: bool,
    junit: Path | None,
    markdown: Path | None,
    json_file: Path | None,
    report: Path | None,
    **request_options: Any,
) -> None:
    """Judge a candidate against a baseline. Exits with 0: passed, 1: regressed, 2: no verdict, 3: error.

    --base REF measures a system as a commit has it and as the working tree has it, in alternation. The files of the
    commit are checked out into a temporary folder.

    SUITE with --baseline and --candidate measures both in alternation, in one job on one device, and stops as soon as
    the verdict is decided. Two RUNs are judged from their records, where they can be compared; one RUN of a gate is
    judged again. RESULTS are another tool's files or folders, such as AIPerf's: they are imported into --out, and then
    judged as RUNs; what neither of them records blocks nothing. OLD.json and NEW.json are files of pytest-benchmark.
    """
    from wattbench.api.gates.gate_request import GateRequest

    files = VerdictFiles(junit, markdown, json_file, github=not no_github)
    request = GateRequest(command=command_line(), spelled=as_option, **request_options)
    with errors_as_verdicts(files, lambda message: _failed(request, message), lambda: _say_how_to_resume(request)):
        with stdout_to_stderr():
            result = request.judged()
        if not files.prints_json:
            _print(result)
        files.write(result)
        if report is not None:
            _report(request, report, result)
        raise click.exceptions.Exit(result.exit_code)


def _print(result: GateResult) -> None:
    from wattbench_reports.export.gate import as_text

    click.echo(as_text(result), nl=False)


def _report(request: GateRequest, page: Path, result: GateResult) -> None:
    from wattbench_reports.html import write_report

    if request.run is None and request.base is not None:
        notice("wattbench: nothing was measured, so there is no report")
        return
    if request.run is None:
        raise UserError("--report goes with runs: files of pytest-benchmark hold nothing else to show")
    write_report(request.run, page, gate=result)


def _failed(request: GateRequest, message: str) -> GateResult:
    from wattbench.api.gates.judge_gate import failed

    target = Path(request.targets[0]).stem if request.targets else ""
    runs = [] if request.run is None else [request.run.name]
    return failed(message, baseline=request.baseline, candidate=request.candidate, suite=target, runs=runs)


def _say_how_to_resume(request: GateRequest) -> None:
    from wattbench.api.stopped_run import how_to_go_on
    from wattbench.records import RunLayout

    if request.run is None or not RunLayout(request.run).header.exists() or RunLayout(request.run).finished.exists():
        return
    if not request.measures:
        return
    said = how_to_go_on(request.run, f"wattbench gate --resume {request.run}")
    if said is not None:
        notice(said)
    if not request.run.exists():
        request.run = None
