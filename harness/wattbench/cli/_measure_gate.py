"""The part of `wattbench gate` that runs: a suite's two systems asked in turns, or an interrupted gate gone on with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._judge_gate import as_reports_know_it, floor_notes, gate_knows
from wattbench.cli._session import measuring_alone, meters_here, stdout_to_stderr
from wattbench.cli.run import load, requiring

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.measure.plan import Cell
    from wattbench.meters import Chosen
    from wattbench.records import RunWriter
    from wattbench.scenarios.interleaved.gate import Gate


@dataclass(frozen=True)
class Asked:
    """What the command line says of a gate that is to run."""

    suite: str
    baseline: str
    candidate: str
    policy: Path | None
    plant: Sequence[str]
    tasks: Sequence[str]
    limit: int | None
    allow_unsafe_code: bool
    require_measured: bool
    calibrating: int | None = None
    """To calibrate: so many items, whatever the policy says of an end and of an earlier calibration."""
    judge_modelled: bool = False
    """Judge modelled joules, whatever the policy says."""
    command: Sequence[str] | None = None
    """What the record says of how it was started; None: as this process was."""


def measure_new(
    asked: Asked, out: Path, begun: Callable[[Path], None], until: Callable[[Path], bool] = gate_knows
) -> list[str]:
    """Ask two systems in turns until it is known which is which.

    Args:
        asked: which, and how.
        out: where runs go.
        begun: told of the run's directory when it is there.
        until: asked after each round whether that is enough.

    Returns:
        What a reader of the verdict should know of this machine.

    Raises:
        UserError: something is wrong with what was asked, or a system failed.
    """
    from wattbench.machine.environment import environment
    from wattbench.measure.plan import plan
    from wattbench.measure.resume import new_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench.scenarios.interleaved.gate import Gate, choose_sides
    from wattbench.scenarios.interleaved.planted_faults import Plant

    with stdout_to_stderr(), measuring_alone():
        plant = Plant.of_words(asked.plant)
        suite = requiring(load(asked.suite, tasks=asked.tasks, limit=asked.limit), asked.require_measured)
        resolved, sides = choose_sides(suite, asked.baseline, asked.candidate)
        policy, source = find_policy(asked.policy, resolved.suite.gate, Path.cwd())
        if asked.calibrating is not None:
            policy = policy.model_copy(update={"max_items": asked.calibrating, "max_joules": None, "calibration": None})
        if asked.judge_modelled:
            policy = policy.model_copy(update={"judge_modelled": True})
        notes = floor_notes(as_reports_know_it(policy), environment(resolved.path.parent))  # it may refuse
        gate = Gate(sides, policy, source, resolved.suite.measure.seed, plant)
        chosen = meters_here(resolved.suite)
        cells = plan(resolved, allow_unsafe_code=asked.allow_unsafe_code)
        command = ["wattbench", *sys.argv[1:]] if asked.command is None else asked.command
        writer = new_run(out, resolved, cells, chosen.provenance, command, chosen.details, gate.as_record())
        begun(writer.layout.root)
        _measure(writer, resolved, gate, cells, chosen, asked.allow_unsafe_code, until)
    return notes


def measure_resumed(root: Path, *, allow_unsafe_code: bool, require_measured: bool) -> list[str]:
    """Bring an interrupted gate to its end; one that has ended stays as it is.

    Returns:
        As `measure_new`.

    Raises:
        UserError: it is no gate's run, cannot be gone on with here, or a system failed.
    """
    from wattbench.config import resolved_from_record
    from wattbench.measure.plan import plan
    from wattbench.measure.resume import check_same_work
    from wattbench.records import RunWriter, read_run
    from wattbench.scenarios.interleaved.gate import Gate

    records = read_run(root)
    gate = Gate.of_records(records)
    if records.finished:
        click.echo(f"{root} is finished already", err=True)
        return []
    with stdout_to_stderr(), measuring_alone():
        resolved = requiring(resolved_from_record(records.header.suite), require_measured)
        chosen = meters_here(resolved.suite)
        cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
        check_same_work(records, cells, chosen.provenance)
        notes = floor_notes(as_reports_know_it(gate.policy), records.header.environment)
        _measure(RunWriter(root), resolved, gate, cells, chosen, allow_unsafe_code, gate_knows)
    return notes


def _measure(
    writer: RunWriter,
    resolved: Resolved,
    gate: Gate,
    cells: list[Cell],
    chosen: Chosen,
    allow_unsafe_code: bool,
    until: Callable[[Path], bool],
) -> None:
    from wattbench.measure.cell_recorder import WindowNames
    from wattbench.meters import Metering
    from wattbench.progress import progress
    from wattbench.records import SIDES, read_run
    from wattbench.scenarios.interleaved.loop import GateSession, rounds_of, run_gate

    root = writer.layout.root
    records = read_run(root)
    labels = WindowNames(records.header.run, len(records.windows()) + len(records.open_windows()))
    rounds = rounds_of(resolved, gate, cells)
    answers = sum(each.items for each in rounds) * len(SIDES) * resolved.suite.measure.repeats
    click.echo(f"{root}: judged by {gate.policy_source}", err=True)
    with (
        writer,
        Metering(chosen.meters) as metering,
        progress(len(rounds), answers, "rounds at most", "answers") as shown,
    ):
        session = GateSession(resolved, gate, cells, writer, metering, labels, shown, allow_unsafe_code)
        run_gate(session, lambda: until(root))
