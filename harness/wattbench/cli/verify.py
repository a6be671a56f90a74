"""The command `verify`: whether a run is still what was written."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.cli._computing import ComputingCommand
from wattbench.cli._group import main
from wattbench.cli._run_argument import RunPath
from wattbench.errors import UserError


@main.command(cls=ComputingCommand)
@click.argument("run", type=RunPath())
def verify(run: Path) -> None:
    """Check that RUN is as it was written, and that its figures follow from its lines.

    Checks the digests of its files, the type and range of every field, that no row or window is there twice, that the
    joules of items sum to their windows', and computes the tables and what compare prints anew from the lines alone.

    Exits with 2 where something is wrong. Digests find damage, not forgery. Runs of an older wattbench have none.
    """
    from wattbench.api.verify import verify as verified
    from wattbench.terminal import printable

    outcome = verified(run)
    for check in outcome.checks:
        mark = "FAILED" if check.problems else "ok" if check.made else "-"
        click.echo(printable(f"{check.name:<11} {mark:<7} {check.said}"))
        for problem in check.problems:
            click.echo(printable(f"            {problem}"))
    if not outcome.ok:
        failed = ", ".join(check.name for check in outcome.checks if check.problems)
        raise UserError(f"{run}: damaged, or changed since it was written ({failed}). Do not use its figures")
