"""`wattbench dev calibrate`: error rates and the noise floor of gates on this machine, or how much sessions vary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._exit_codes import EXIT_ERROR
from wattbench.cli._group import dev
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import (
    WaitingCommand,
    command_line,
    complete_suite,
    items_options,
    measured_option,
    wait_option,
    wait_words,
)
from wattbench.errors import UserError
from wattbench.progress.notices import notice, stdout_to_stderr

if TYPE_CHECKING:
    from wattbench_reports.gate.calibration.record import Calibration

ITEMS = 160
RESTARTS = 3


@dev.command(
    cls=WaitingCommand,
    short_help="Measure the error rates of gates on this machine.",
    most_used="system sessions items gates restarts limit policy output out wait",
    examples=(
        "wattbench dev calibrate suite.yaml --system rules",
        "wattbench dev calibrate suite.yaml --sessions 5",
    ),
)
@click.argument("suite", shell_complete=complete_suite)
@click.option("--system", metavar="SYSTEM", help="The system that is tested against itself.")
@click.option(
    "--sessions",
    type=click.IntRange(min=2),
    metavar="K",
    help="In place of gates: run SUITE this many times, restarting all systems, and record how much figures vary.",
)
@click.option(
    "--items",
    type=click.IntRange(min=16),
    default=ITEMS,
    show_default=True,
    help="Items that each gate asks.",
)
@click.option(
    "--restarts",
    type=click.IntRange(min=1),
    default=RESTARTS,
    show_default=True,
    help="How often the systems are started anew, for all gates each time.",
)
@click.option(
    "--gates", type=click.IntRange(min=20), default=500, show_default=True, help="Stretches to judge for each rate."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: calibration.json, or with --sessions sessions-SUITE.json in the folder of the runs.",
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
@wait_option
@json_option
def calibrate(
    suite: str,
    system: str | None,
    sessions: int | None,
    items: int,
    restarts: int,
    gates: int,
    output: Path | None,
    policy: Path | None,
    out: Path,
    tasks: tuple[str, ...],
    limit: int | None,
    allow_unsafe_code: bool,
    require_measured: bool,
    wait_s: float,
    as_json: bool,
) -> None:
    """Measure the error rates of gates of SUITE on this machine, and the smallest margin that they can judge.

    Tests SYSTEM against itself, against itself made worse by a margin (with a delay, with answers dropped, with work
    added), and with a gain in one task for a loss in another. None of these gates ends early; stretches of them are
    judged as gates. The rates are printed with their intervals. The file holds the noise floor: a policy that names it
    may have no margin below it.

    With --sessions K it runs SUITE K times instead, and writes how much joules and seconds vary between full restarts:
    what compare and report state for another run on this machine.
    """
    from wattbench.api.gates.calibrate_gate import calibrate_gate
    from wattbench.api.gates.measure_gate import GateJob

    if (system is None) == (sessions is None):
        raise click.UsageError("name the --system of the gates, or the number of --sessions: one of the two")
    if sessions is not None:
        options = _run_options(tasks, limit, allow_unsafe_code=allow_unsafe_code, require_measured=require_measured)
        _sessions(suite, sessions, out, output, [*options, *wait_words(wait_s)], as_json=as_json)
        return
    assert system is not None
    output = output or Path("calibration.json")
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
        wait_s=wait_s,
    )
    try:
        with stdout_to_stderr():
            calibration = calibrate_gate(job, out, gates, restarts)
        _write(calibration, output)
    except UserError as error:
        notice(f"wattbench: {error}")
        raise click.exceptions.Exit(EXIT_ERROR) from error
    from wattbench_reports.export.calibration_text import calibration_text
    from wattbench_reports.gate.calibration.record import as_json as calibration_json

    if as_json:
        print_json(json.loads(calibration_json(calibration)))
    else:
        click.echo(calibration_text(calibration), nl=False)
    notice(f"wattbench: wrote {output}; name it in a policy with `calibration: {output}`")


def _run_options(
    tasks: tuple[str, ...], limit: int | None, *, allow_unsafe_code: bool, require_measured: bool
) -> list[str]:
    """Return the user's choices as options of `wattbench run`."""
    options = ["--tasks", ",".join(tasks)] if tasks else []
    options += [] if limit is None else ["--limit", str(limit)]
    options += ["--allow-unsafe-code"] if allow_unsafe_code else []
    return options + (["--require-measured"] if require_measured else [])


def _sessions(suite: str, sessions: int, out: Path, output: Path | None, options: list[str], *, as_json: bool) -> None:
    from wattbench.api.gates.calibrate_gate import calibrate_sessions
    from wattbench.records.files.atomic_write import write_atomically
    from wattbench_reports.export.sessions_text import sessions_text
    from wattbench_reports.tables.session_record import PREFIX, sessions_json

    try:
        record = calibrate_sessions(suite, out, sessions, options)
        path = output or out / f"{PREFIX}{record.suite}.json"
        write_atomically(path, sessions_json(record).encode())
    except UserError as error:
        notice(f"wattbench: {error}")
        raise click.exceptions.Exit(EXIT_ERROR) from error
    if as_json:
        print_json(json.loads(sessions_json(record)))
    else:
        click.echo(sessions_text(record), nl=False)
    beside = "compare and report of runs next to it use it" if path.parent == out else "name it with --sessions"
    notice(f"wattbench: wrote {path}; {beside}")


def _write(calibration: Calibration, output: Path) -> None:
    from wattbench.records.files.atomic_write import write_atomically
    from wattbench_reports.gate.calibration.record import as_json

    write_atomically(output, as_json(calibration).encode())
