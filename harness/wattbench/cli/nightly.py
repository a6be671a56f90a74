"""`wattbench nightly`: run a suite, keep the run as a night, judge it and rebuild the site."""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._exit_codes import EXIT_ERROR, EXIT_INTERRUPTED
from wattbench.cli._group import main
from wattbench.cli._json import print_json
from wattbench.cli._options import (
    WaitingCommand,
    cluster_options,
    command_line,
    complete_suite,
    measured_option,
    narrowing_options,
    wait_option,
    wait_words,
)
from wattbench.cli._verdict_files import STDOUT, VerdictFiles, VerdictTexts, errors_as_verdicts, verdict_options
from wattbench.errors import UserError, require_installed
from wattbench.interrupts import interrupted_with_parent, noticed
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.api.slot_source import SlotSource
    from wattbench.config import Resolved
    from wattbench.nights import NightsLayout
    from wattbench.nights.add import Filled
    from wattbench.records.schema.header import CommitsSinceRecord
    from wattbench.repository import Commit


@dataclass(frozen=True)
class _Work:
    """The suite to run and the options of `wattbench run` for it."""

    suite: str
    narrowing: dict[str, Any]
    allow_unsafe_code: bool
    require_measured: bool
    wait_s: float
    cluster: SlotSource | None = None

    def resolved(self) -> Resolved:
        from wattbench.api.loaded_suite import load

        return load(self.suite, require_measured=self.require_measured, **self.narrowing)

    def options(self) -> list[str]:
        """Return the options as the user wrote them."""
        words = [part for name in ("systems", "tasks") if self.narrowing[name]
                for part in (f"--{name}", ",".join(self.narrowing[name]))]  # fmt: skip
        words += ["--limit", str(self.narrowing["limit"])] if self.narrowing["limit"] else []
        words += ["--allow-unsafe-code"] if self.allow_unsafe_code else []
        words += ["--require-measured"] if self.require_measured else []
        return words + wait_words(self.wait_s)


@main.command(
    cls=WaitingCommand,
    short_help="Run a suite every night; raise an alarm on a change.",
    most_used="history systems tasks limit policy resume date wait markdown json",
    examples=(
        "wattbench nightly suite.yaml --history nights",
        "wattbench nightly --history nights --markdown night.md",
    ),
)
@click.argument("suite", required=False, shell_complete=complete_suite)
@narrowing_options
@measured_option
@wait_option
@cluster_options
@click.option("--history", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR",
              help="The folder of nights; created if it does not exist.")  # fmt: skip
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="The date of the night; default: today, in UTC.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted night.")
@click.option("--commit", "wanted", metavar="A..B", help="Run missed nights: these commits of the suite's repository.")
@click.option(
    "--policy", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The policy to judge by."
)
@click.option("--backfilled", is_flag=True, hidden=True)  # how --commit has each commit run
@verdict_options
def nightly(
    suite: str | None,
    history: Path,
    date: datetime.datetime | None,
    resume: Path | None,
    wanted: str | None,
    policy: Path | None,
    backfilled: bool,
    junit: Path | None,
    markdown: Path | None,
    json_file: Path | None,
    no_github: bool,
    allow_unsafe_code: bool,
    require_measured: bool,
    wait_s: float,
    cluster: SlotSource | None,
    **narrowing: Any,
) -> None:
    """Run SUITE, keep the run in a history, and judge it against the nights before.

    The verdict goes to standard output, and the history's site is rebuilt. The run is kept whatever the verdict.
    Without SUITE the last night is judged again.

    Exits with 0: no alarm; 1: an alarm; 2: no verdict, as with too few nights; 3: an error.
    """
    from wattbench.api.gates.judge_gate import failed
    from wattbench.nights import NightsLayout

    files = VerdictFiles(junit, markdown, json_file, github=not no_github, command="nightly")
    with errors_as_verdicts(files, lambda message: failed(message, suite=Path(suite or "").stem)):
        _check_options(suite, resume, date, wanted, narrowing)
        if wanted is not None and cluster is not None:
            raise UserError("--commit checks commits out on this machine alone: leave --cluster out")
        require_installed("duckdb", "ruptures", extra="history", what="wattbench nightly")
        if wanted is not None and any((policy, junit, markdown, json_file not in (None, STDOUT))):
            raise UserError(
                "--commit judges nothing, so there is no verdict to write: leave out --policy and the verdict files"
            )
        layout = NightsLayout(history)
        work = None if suite is None else _Work(suite, narrowing, allow_unsafe_code, require_measured, wait_s, cluster)
        if work is not None and wanted is not None:
            _run_missed(layout.created(), work, wanted, as_json=files.prints_json)
            return
        if work is not None:
            if backfilled:
                interrupted_with_parent()
            _run(layout.created(), work, date, backfilled)
        elif resume is not None:
            _resume(layout, resume, allow_unsafe_code, require_measured, wait_s, cluster)
        if not backfilled:
            raise click.exceptions.Exit(_judged(layout.existing(), policy, files))


def _check_options(
    suite: str | None,
    resume: Path | None,
    date: datetime.datetime | None,
    wanted: str | None,
    narrowing: dict[str, Any],
) -> None:
    if suite is not None and resume is not None:
        raise UserError("name a suite to run, or a run to --resume: one of the two")
    if suite is None and (date or wanted or any(narrowing.values())):
        raise UserError("--date, --commit, --systems, --tasks and --limit go with a suite: name one")
    if date is not None and wanted is not None:
        raise UserError("--commit takes the date of each night from its commit; leave --date out")


def _run(layout: NightsLayout, work: _Work, date: datetime.datetime | None, backfilled: bool) -> None:
    from wattbench.api.label import add_labels_of_suite
    from wattbench.api.suite_runs import HowToRun, run_new
    from wattbench.nights import tonight
    from wattbench.records.schema.header import NightRecord

    when = date.date() if date is not None else tonight(layout)
    with stdout_to_stderr():
        resolved = work.resolved()
        since = None if backfilled else _commits_since(layout, resolved, when)
        night = NightRecord(date=when.isoformat(), backfilled=backfilled, since=since)
        how = HowToRun(
            command=command_line(),
            allow_unsafe_code=work.allow_unsafe_code,
            night=night,
            resume=None if backfilled else _resume_command(layout),  # the worktree of a back-fill is removed
            wait_s=work.wait_s,
            cluster=work.cluster,
        )
        root = run_new(resolved, layout.runs, how)
        add_labels_of_suite(root)
    notice(f"wattbench: kept the night as {root}")


def _commits_since(layout: NightsLayout, resolved: Resolved, night: datetime.date) -> CommitsSinceRecord | None:
    """List the commits since the night before. None if they are not known."""
    from wattbench.nights import commits_since, kept_runs, night_before

    try:
        before = night_before(kept_runs(layout), resolved.suite.name, night)
    except UserError:  # a damaged run of another night does not stop this one
        return None
    return None if before is None else commits_since(resolved.path.parent, before)


def _resume(
    layout: NightsLayout,
    run: Path,
    allow_unsafe_code: bool,
    require_measured: bool,
    wait_s: float,
    cluster: SlotSource | None,
) -> None:
    from wattbench.api.label import add_labels_of_suite
    from wattbench.api.suite_runs import HowToRun, run_resumed

    root = run if run.is_dir() else layout.runs / run
    if root.resolve().parent != layout.runs.resolve():
        raise UserError(f"{root}: this run is not in the history {layout.root}")
    with stdout_to_stderr():
        how = HowToRun(
            allow_unsafe_code=allow_unsafe_code, resume=_resume_command(layout), wait_s=wait_s, cluster=cluster
        )
        run_resumed(root, how, require_measured=require_measured)
        add_labels_of_suite(root)


def _resume_command(layout: NightsLayout) -> str:
    return f"wattbench nightly --history {shlex.quote(str(layout.root))} --resume"


def _judged(layout: NightsLayout, given: Path | None, files: VerdictFiles) -> int:
    """Judge the last night, print the verdict and rebuild the site; return the exit code."""
    from wattbench.api.gates.judge_night import build_site_by, judge_last_night
    from wattbench_reports.export import night
    from wattbench_reports.export.gate import as_junit

    try:
        with stdout_to_stderr():
            verdict = judge_last_night(layout, given)
        if not files.prints_json:
            click.echo(night.as_text(verdict), nl=False)
        files.write_texts(
            VerdictTexts(
                junit=lambda: as_junit(verdict.result, command="nightly"),
                markdown=lambda: night.as_markdown(verdict),
                json=lambda: night.as_json(verdict),
                annotations=lambda: night.annotations(verdict),
            )
        )
        with stdout_to_stderr():
            page = build_site_by(layout, verdict.result.policy)
    except BaseException:
        again = f"wattbench nightly --history {shlex.quote(str(layout.root))}"
        notice(f"wattbench: every finished night is kept in {layout.runs}; to judge again: {again}")
        raise
    notice(f"wattbench: {page}")
    return verdict.result.exit_code


def _run_missed(layout: NightsLayout, work: _Work, wanted: str, *, as_json: bool) -> None:
    """Run the suite at each of the commits that has no night yet, and rebuild the site."""
    from wattbench.api.gates.judge_night import rebuild_site
    from wattbench.api.loaded_suite import load
    from wattbench.nights import backfill, commits_with_a_night, kept_runs
    from wattbench.repository import repository_of

    resolved = load(work.suite)
    repository = repository_of(resolved.path)
    commits = repository.commits(wanted)
    have_a_night = commits_with_a_night(kept_runs(layout), resolved.suite.name)
    missing = [commit for commit in commits if commit.sha not in have_a_night]
    notice(f"wattbench: {len(commits)} commits, of which {len(commits) - len(missing)} have a night")
    done: list[Filled] = []
    try:
        with noticed():
            for filled in backfill(layout, repository, missing, _command_for(work)):
                done.append(filled)
                outcome = filled.root or f"no night: {filled.why_not}"
                if not as_json:
                    click.echo(printable(f"{filled.commit.date} {filled.commit.sha[:10]} {outcome}"))
    except KeyboardInterrupt as error:
        click.echo("wattbench: stopped. Complete nights are kept; run the same command again for the rest",
                   err=True)  # fmt: skip
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
    if as_json:
        print_json({"commits": [_missed(each) for each in done]})
    if any(each.root is not None for each in done):
        with stdout_to_stderr():
            page = rebuild_site(layout)
        notice(f"wattbench: {page}")
    if any(each.root is None for each in done):
        raise click.exceptions.Exit(EXIT_ERROR)


def _missed(filled: Filled) -> dict[str, Any]:
    commit, root = filled.commit, filled.root
    run = None if root is None else str(root)
    return {"commit": commit.sha, "date": commit.date.isoformat(), "run": run, "why_not": filled.why_not}


def _command_for(work: _Work) -> Callable[[Path, Path, Commit], Sequence[str]]:
    def command(suite: Path, folder: Path, commit: Commit) -> list[str]:
        return [
            sys.executable, "-P", "-m", "wattbench", "nightly", str(suite), "--history", str(folder.absolute()),
            "--date", commit.date.isoformat(), "--backfilled", "--no-github", *work.options(),
        ]  # fmt: skip

    return command
