"""`wattbench gate`: may a candidate take the baseline's place?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import main
from wattbench.cli._judge_gate import failed, judge_files, judge_gate, judge_runs
from wattbench.cli._measure_gate import Asked, measure_new, measure_resumed
from wattbench.cli._options import items_options, measured_option, names
from wattbench.cli._session import stdout_to_stderr
from wattbench.cli._verdict_files import VerdictFiles, errors_as_verdicts, verdict_options
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench_reports.gate.result import GateResult


@main.command()
@click.argument("targets", nargs=-1, metavar="[SUITE | RUN | RUN RUN | OLD.json NEW.json]")
@click.option("--baseline", metavar="SYSTEM", help="What is in use.")
@click.option("--candidate", metavar="SYSTEM", help="What is to take its place. The same one: A against A.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What passes, in TOML or YAML; else the suite's gate:, or [tool.wattbench.gate] of the pyproject.toml here.",
)
@click.option("--across", callback=names, metavar="PART,...", help="Judge two runs although these differ.")
@click.option(
    "--plant",
    multiple=True,
    metavar="HARM=SHARE",
    help="A drill: make the candidate worse by delay=20%, drop=5% or work=10%, to see whether the gate notices.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with an interrupted gate.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML report here, too.")
@items_options
@measured_option
@verdict_options
def gate(
    no_github: bool,
    junit: Path | None,
    markdown: Path | None,
    json_file: Path | None,
    report: Path | None,
    **told: Any,
) -> None:
    """Judge a candidate against a baseline. Exits with 0: passed, 1: regressed, 2: no verdict, 3: error.

    SUITE with --baseline and --candidate asks both in turns, in one job on one device, and stops as soon as it is
    known. Two RUNs are judged from their records, where they can be compared; one RUN of a gate is judged again.
    OLD.json and NEW.json are files of pytest-benchmark.
    """
    files = VerdictFiles(junit, markdown, json_file, github=not no_github)
    job = _Job(**told)
    with errors_as_verdicts(files, lambda message: _broken(job, message), lambda: _tell_how_to_go_on(job)):
        with stdout_to_stderr():
            result = job.judged()
        _print(result)
        files.write(result)
        if report is not None:
            _report(job, report)
        raise click.exceptions.Exit(result.exit_code)


def _print(result: GateResult) -> None:
    from wattbench_reports.export.gate import as_text

    click.echo(as_text(result), nl=False)


@dataclass
class _Job:
    """What the command line asks for, and the run that it came to."""

    targets: tuple[str, ...]
    baseline: str | None
    candidate: str | None
    policy: Path | None
    across: tuple[str, ...]
    plant: tuple[str, ...]
    out: Path
    resume: Path | None
    tasks: tuple[str, ...]
    limit: int | None
    allow_unsafe_code: bool
    require_measured: bool
    run: Path | None = None
    """Whose page shows what is behind the verdict; known as soon as it has a directory."""

    @property
    def measures(self) -> bool:
        """Whether it asks systems, and does not only read."""
        return self.resume is not None or len(self.targets) == 1

    def judged(self) -> GateResult:
        """The verdict, after measuring where it is to be measured."""
        if self.resume is not None:
            return self._resumed(self.resume)
        if not 1 <= len(self.targets) <= 2:
            raise UserError(
                "name a suite (with --baseline and --candidate), one or two runs, or two files of pytest-benchmark"
            )
        paths = [Path(target) for target in self.targets]
        if len(paths) == 1:
            return self._again(paths[0]) if _is_run(paths[0]) else self._new(self.targets[0])
        if all(path.suffix == ".json" for path in paths):
            return self._of_files(*paths)
        return self._of_runs(*paths)

    def _new(self, suite: str) -> GateResult:
        self._only(
            "a suite", "--baseline", "--candidate", "--policy", "--plant", "--tasks", "--limit", "--allow-unsafe-code",
            "--require-measured",
        )  # fmt: skip
        if self.baseline is None or self.candidate is None:
            raise UserError(f"{suite}: name the two systems: --baseline SYSTEM --candidate SYSTEM")
        asked = Asked(
            suite, self.baseline, self.candidate, self.policy, self.plant, self.tasks, self.limit,
            self.allow_unsafe_code, self.require_measured,
        )  # fmt: skip
        notes = measure_new(asked, self.out, self._begun)
        assert self.run is not None  # it was told of the run's directory
        return judge_gate(self.run, notes=notes)

    def _resumed(self, root: Path) -> GateResult:
        if self.targets:
            raise UserError("name a suite to gate by, or a run to --resume: one of the two")
        self._only("--resume, as an interrupted gate keeps its own", "--allow-unsafe-code", "--require-measured")
        self._begun(root)
        notes = measure_resumed(root, allow_unsafe_code=self.allow_unsafe_code, require_measured=self.require_measured)
        return judge_gate(root, notes=notes)

    def _again(self, root: Path) -> GateResult:
        self._only("the run of a gate", "--policy")
        self._begun(root)
        return judge_gate(root, self.policy)

    def _of_runs(self, first: Path, second: Path) -> GateResult:
        self._only("two runs", "--baseline", "--candidate", "--policy", "--across")
        self._begun(second)
        return judge_runs(
            first, second, self.policy, baseline=self.baseline, candidate=self.candidate, across=self.across
        )

    def _of_files(self, old: Path, new: Path) -> GateResult:
        self._only("two files of pytest-benchmark", "--policy")
        return judge_files(old, new, self.policy)

    def _begun(self, root: Path) -> None:
        self.run = root

    def _only(self, form: str, *options: str) -> None:
        """Refuse an option that would be ignored."""
        for option in (
            "--baseline", "--candidate", "--policy", "--across", "--plant", "--tasks", "--limit", "--allow-unsafe-code",
            "--require-measured",
        ):  # fmt: skip
            if option not in options and getattr(self, option.lstrip("-").replace("-", "_")):
                raise UserError(f"{option} does not go with {form}")


def _is_run(path: Path) -> bool:
    """A directory is a run, or is meant to be one; a suite is a file or a name."""
    return path.is_dir()


def _report(job: _Job, page: Path) -> None:
    from wattbench_reports.html import write_report

    if job.run is None:
        raise UserError("--report goes with runs: files of pytest-benchmark have nothing else to show")
    write_report(job.run, page)


def _broken(job: _Job, message: str) -> GateResult:
    target = Path(job.targets[0]).stem if job.targets else ""
    runs = [] if job.run is None else [job.run.name]
    return failed(message, baseline=job.baseline, candidate=job.candidate, suite=target, runs=runs)


def _tell_how_to_go_on(job: _Job) -> None:
    from wattbench.records import RunLayout

    if job.run is None or not RunLayout(job.run).header.exists() or RunLayout(job.run).finished.exists():
        return
    if job.measures:
        click.echo(
            f"wattbench: stopped. What was answered is safe; go on with: wattbench gate --resume {job.run}", err=True
        )
