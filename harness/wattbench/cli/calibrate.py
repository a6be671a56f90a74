"""`wattbench calibrate`: what gates on this machine can be trusted with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import main
from wattbench.cli._judge_gate import as_reports_know_it
from wattbench.cli._measure_gate import Asked, measure_new
from wattbench.cli._options import items_options, measured_option
from wattbench.cli._session import stdout_to_stderr
from wattbench.cli._verdict_files import EXIT_ERROR
from wattbench.cli.run import load
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench_reports.gate.calibration.noise_floor import Calibration
    from wattbench_reports.gate.evidence.model import Evidence
    from wattbench_reports.gate.policy import Policy

ITEMS = 160


@main.command()
@click.argument("suite")
@click.option("--system", required=True, metavar="SYSTEM", help="What is asked against itself.")
@click.option(
    "--items",
    type=click.IntRange(min=16),
    default=ITEMS,
    show_default=True,
    help="Items that each of its four gates asks.",
)
@click.option(
    "--gates", type=click.IntRange(min=20), default=500, show_default=True, help="Gates drawn from each of them."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("calibration.json"),
    show_default=True,
    help="What a policy names as its calibration.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="As for wattbench gate: the margins and error rates that are tried.",
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
    """Find out how often gates of SUITE err on this machine, and below which margin they tell nothing.

    Asks SYSTEM against itself, and against itself made worse by a margin: with a delay, with answers dropped, with work
    added. None of these four gates ends early; from their rounds many more are drawn. The rates are printed; the file
    holds the noise floor, and a policy that names it is refused margins below.
    """
    asked = Asked(suite, system, system, policy, (), tasks, limit, allow_unsafe_code, require_measured, items)
    try:
        with stdout_to_stderr():
            found = _calibrated(asked, out, gates)
        _write(found, output)
    except UserError as error:
        click.echo(f"wattbench: {error}", err=True)
        raise click.exceptions.Exit(EXIT_ERROR) from error
    from wattbench_reports.export.calibration_text import calibration_text

    click.echo(calibration_text(found), nl=False)
    click.echo(f"wattbench: {output} written; a policy names it as `calibration: {output}`", err=True)


def _calibrated(asked: Asked, out: Path, gates: int) -> Calibration:
    from wattbench.records import read_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.calibration.noise_floor import calibrate as from_evidence

    own = load(asked.suite, tasks=asked.tasks, limit=asked.limit).suite.gate
    policy = as_reports_know_it(find_policy(asked.policy, own, Path.cwd())[0])
    first, equal = _gated(asked, out, policy)
    header = read_run(first).header
    drills, runs = [], [header.run]
    for planted in _harms(equal, policy):
        words = tuple(f"{harm}={share}" for harm, share in planted.items())
        click.echo(f"wattbench: the same with {words[0]} planted ...", err=True)
        root, evidence = _gated(replace(asked, plant=words), out, policy)
        drills.append((planted, evidence))
        runs.append(root.name)
    whole = sum(int(cell["items"]) for cell in header.cells if cell["system"] == header.cells[0]["system"])
    return from_evidence(
        equal,
        drills,
        policy,
        suite=str(header.suite["suite"]["name"]),
        system=asked.baseline,
        environment=header.environment,
        runs=runs,
        items=min(policy.max_items or whole, whole),
        gates=gates,
        created_utc=header.created_utc,
    )


def _gated(asked: Asked, out: Path, policy: Policy) -> tuple[Path, Evidence]:
    """A gate over all of its items, and what came of it."""
    from wattbench.records import read_run
    from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns

    begun: list[Path] = []
    measure_new(asked, out, begun.append, until=lambda _: False)
    return begun[0], evidence_in_turns(read_run(begun[0]), policy)


def _harms(equal: Evidence, policy: Policy) -> list[Mapping[str, float]]:
    """What makes the system worse by each margin: a delay, dropped answers, added work."""
    import numpy as np

    from wattbench_reports.gate.metrics import ACCURACY, ENERGY

    margins = {rule.metric: rule.margin for rule in policy.rules}
    timed = [margin for metric, margin in margins.items() if metric in ("latency_p50", "latency_p95", "ttft")]
    joules = [margin for metric, margin in margins.items() if metric in ENERGY]
    found: list[Mapping[str, float]] = [{"delay": timed[0]}] if timed else []
    if ACCURACY in margins:
        right = float(np.concatenate([one.correct[:, 0] for one in equal.rounds]).mean())
        if right > margins[ACCURACY]:
            found.append({"drop": round(margins[ACCURACY] / right, 4)})  # of all answers; only right ones are lost
        else:
            click.echo(
                f"wattbench: {right:.1%} of the answers are right, so that accuracy can't fall by the margin; nothing "
                "is dropped",
                err=True,
            )
    return [*found, {"work": joules[0]}] if joules else found


def _write(found: Calibration, output: Path) -> None:
    from wattbench.records.atomic_write import write_atomically
    from wattbench_reports.gate.calibration.noise_floor import as_json

    write_atomically(output, as_json(found).encode())
