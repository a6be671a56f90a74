"""`wattbench calibrate`: the error rates and the noise floor of gates on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.api.judge_gate import as_reports_know_it
from wattbench.api.measure_gate import GateJob, measure_new
from wattbench.api.session import stdout_to_stderr
from wattbench.api.suite_runs import load
from wattbench.cli._group import main
from wattbench.cli._options import command_line, items_options, measured_option
from wattbench.cli._verdict_files import EXIT_ERROR
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench_reports.gate.calibration.noise_floor import Calibration
    from wattbench_reports.gate.evidence.model import Evidence
    from wattbench_reports.gate.policy import Policy

ITEMS = 160


@main.command()
@click.argument("suite")
@click.option("--system", required=True, metavar="SYSTEM", help="The system that is tested against itself.")
@click.option(
    "--items",
    type=click.IntRange(min=16),
    default=ITEMS,
    show_default=True,
    help="Items that each of the four gates asks.",
)
@click.option(
    "--gates", type=click.IntRange(min=20), default=500, show_default=True, help="Gates to simulate from each of them."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("calibration.json"),
    show_default=True,
    help="The file that a policy names as its calibration.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="As for wattbench gate: the margins and error rates to test.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@items_options
@measured_option
def calibrate(
    suite: str,
    system: str,
    items: int,
    gates: int,
    output: Path,
    policy: Path | None,
    out: Path,
    tasks: tuple[str, ...],
    limit: int | None,
    allow_unsafe_code: bool,
    require_measured: bool,
) -> None:
    """Measure the error rates of gates of SUITE on this machine, and the smallest margin that they can judge.

    Tests SYSTEM against itself, and against itself made worse by a margin: with a delay, with answers dropped, with
    work added. None of these four gates ends early; many more are simulated from their rounds. The rates are printed.
    The file holds the noise floor: a policy that names it may have no margin below it.
    """
    job = GateJob(
        suite=suite,
        baseline=system,
        candidate=system,
        command=command_line(),
        policy_file=policy,
        tasks=tasks,
        limit=limit,
        allow_unsafe_code=allow_unsafe_code,
        require_measured=require_measured,
        calibration_items=items,
    )
    try:
        with stdout_to_stderr():
            calibration = _calibrated(job, out, gates)
        _write(calibration, output)
    except UserError as error:
        click.echo(f"wattbench: {error}", err=True)
        raise click.exceptions.Exit(EXIT_ERROR) from error
    from wattbench_reports.export.calibration_text import calibration_text

    click.echo(calibration_text(calibration), nl=False)
    click.echo(f"wattbench: wrote {output}; name it in a policy with `calibration: {output}`", err=True)


def _calibrated(job: GateJob, out: Path, gates: int) -> Calibration:
    from wattbench.records import read_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.calibration.noise_floor import calibrate as from_evidence
    from wattbench_reports.tables.header_record import HeaderRecord

    of_suite = load(job.suite, tasks=job.tasks, limit=job.limit).suite.gate
    policy = as_reports_know_it(find_policy(job.policy_file, of_suite, Path.cwd())[0])
    first, equal = _gated(job, out, policy)
    header = read_run(first).header
    record = HeaderRecord.of(header)
    drills, runs = [], [header.run]
    for planted in _harms(equal, policy):
        words = tuple(f"{harm}={share}" for harm, share in planted.items())
        click.echo(f"wattbench: the same with {words[0]} planted ...", err=True)
        root, evidence = _gated(replace(job, plant=words), out, policy)
        drills.append((planted, evidence))
        runs.append(root.name)
    all_items = sum(cell.items or 0 for cell in record.cells if cell.system == record.cells[0].system)
    return from_evidence(
        equal,
        drills,
        policy,
        suite=record.suite.name,
        system=job.baseline,
        environment=record.machine.as_recorded,
        runs=runs,
        items=min(policy.max_items or all_items, all_items),
        gates=gates,
        created_utc=header.created_utc,
    )


def _gated(job: GateJob, out: Path, policy: Policy) -> tuple[Path, Evidence]:
    """Measure a gate over all of its items; return its run and the evidence in it."""
    from wattbench.records import read_run
    from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns

    begun: list[Path] = []
    measure_new(job, out, begun.append, until=lambda _: False)
    return begun[0], evidence_in_turns(read_run(begun[0]), policy)


def _harms(equal: Evidence, policy: Policy) -> list[Mapping[str, float]]:
    """Return what makes the system worse by each margin: a delay, dropped answers, added work."""
    import numpy as np

    from wattbench_reports.gate.metrics import ACCURACY, ENERGY

    margins = {rule.metric: rule.margin for rule in policy.rules}
    timed = [margin for metric, margin in margins.items() if metric in ("latency_p50", "latency_p95", "ttft")]
    joules = [margin for metric, margin in margins.items() if metric in ENERGY]
    harms: list[Mapping[str, float]] = [{"delay": timed[0]}] if timed else []
    if ACCURACY in margins:
        right = float(np.concatenate([one.correct[:, 0] for one in equal.rounds]).mean())
        if right > margins[ACCURACY]:
            harms.append({"drop": round(margins[ACCURACY] / right, 4)})  # of all answers; only right ones are lost
        else:
            click.echo(
                f"wattbench: {right:.1%} of the answers are correct, so accuracy cannot fall by the margin; no answers "
                "are dropped",
                err=True,
            )
    return [*harms, {"work": joules[0]}] if joules else harms


def _write(calibration: Calibration, output: Path) -> None:
    from wattbench.records.atomic_write import write_atomically
    from wattbench_reports.gate.calibration.noise_floor import as_json

    write_atomically(output, as_json(calibration).encode())
