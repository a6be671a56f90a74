"""The command `verify`: whether a run is still what was written."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.cli._group import ComputingCommand, main
from wattbench.cli._options import RunPath
from wattbench.errors import UserError


@main.command(cls=ComputingCommand)
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
def verify(run: Path, run_code: bool, allow_unsafe_code: bool, signers: Path | None, key: Path | None) -> None:
    """Check that RUN is as it was written, and that its figures follow from its lines.

    Checks the digests of its files, the type and range of every field, and lines and windows against each other.
    Computes the tables and what compare prints from the lines, the joules of windows from their readings, and the
    scores from the recorded answers. Says at the end what it checked, what it recomputed, and what it cannot know.

    Exits with 2 where something is wrong. Nothing but a signature is written, no system is asked, and no code of a task
    runs unless it is allowed.
    """
    from wattbench.api.verify import verify as verified
    from wattbench.terminal import printable

    outcome = verified(run, run_code=run_code, allow_unsafe_code=allow_unsafe_code, signers=signers)
    for check in outcome.checks:
        mark = "FAILED" if check.problems else "ok" if check.made else "-"
        click.echo(printable(f"{check.name:<11} {mark:<7} {check.said}"))
        for problem in check.problems:
            click.echo(printable(f"            {problem}"))
    for name, clauses in (
        ("checked", outcome.checked), ("recomputed", outcome.recomputed), ("cannot know", outcome.cannot_know),
    ):  # fmt: skip
        click.echo(printable(f"{name}: {'; '.join(clauses) or 'nothing'}"))
    if not outcome.ok:
        failed = ", ".join(check.name for check in outcome.checks if check.problems)
        raise UserError(f"{run}: damaged, or changed since it was written ({failed}). Do not use its figures")
    if key is not None:
        from wattbench.records import RunLayout
        from wattbench.records.signature import sign

        click.echo(printable(f"signed: {sign(RunLayout(run), key)}"))
