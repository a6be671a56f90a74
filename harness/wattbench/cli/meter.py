"""`meter`: what a program of one's own uses of a server, without a suite."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wattbench.cli._group import main
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import WaitingCommand, as_option, command_line, wait_option
from wattbench.errors import UserError
from wattbench.progress.notices import notice


@main.command(
    cls=WaitingCommand,
    short_help="Run a program behind a gateway, and say what it used.",
    most_used="upstream name key-env price record-prompts",
    examples=(
        "wattbench meter --upstream http://localhost:8000/v1 -- python agent.py 'mend the tests'",
        "wattbench meter --finish runs/20261201T072000Z-meter-3fa92c",
    ),
    context_settings={"allow_interspersed_args": False},
)
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
@click.option("--upstream", metavar="URL", help="The server that the program asks, such as http://localhost:8000/v1.")
@click.option("--name", metavar="SYSTEM", help="What the program is called in the record; default: agent.")
@click.option(
    "--key-env", metavar="VAR", help="The environment variable with the server's key, which the program never sees."
)
@click.option(
    "--price",
    metavar="KEY=VALUE,...",
    help="As under price in a suite: input_per_million=3,cached_input_per_million=0.3,output_per_million=15,"
    "currency=USD.",
)
@click.option("--record-prompts", is_flag=True, help="Record the bodies of all calls, without secrets.")
@click.option("--listen", metavar="HOST:PORT", help="Where the gateway listens; default: a free port of this machine.")
@wait_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--finish", type=click.Path(path_type=Path), metavar="RUN", help="Complete a record that a kill left.")
@json_option
def meter(
    program: tuple[str, ...],
    upstream: str | None,
    name: str | None,
    finish: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run PROGRAM with its model calls recorded on their way to a server, and show joules, money and seconds.

    OPENAI_BASE_URL, OPENAI_API_BASE and ANTHROPIC_BASE_URL are set for it. Each session is an item of a run that all
    commands read. What is shown goes to standard error, and the exit code is the program's.
    """
    from wattbench.api.meter import finish_metered
    from wattbench.api.metered.figures import as_text, figures_of

    if finish is not None:
        if program or upstream is not None:
            raise UserError(
                f"{as_option('finish')} completes a record: leave the program and {as_option('upstream')} out"
            )
        root, code = finish_metered(finish), None
    elif upstream is None or not program:
        raise UserError(f"name the server and the program: {as_option('upstream')} URL -- PROGRAM ...")
    else:
        root, code = _metered(upstream, name, program, as_json=as_json, **options)
    figures = figures_of(root, code)
    notice("\n".join(["", *as_text(figures), ""]))
    if as_json:
        print_json(asdict(figures))
    else:
        notice(f"the run: {root}")
        notice(f"its report: wattbench runs report --open {root}")
    click.get_current_context().exit(code or 0)


def _metered(
    upstream: str, name: str | None, program: tuple[str, ...], *, as_json: bool, **options: Any
) -> tuple[Path, int]:
    from wattbench.api.meter import meter as run_metered
    from wattbench.api.metered.settings import GatewaySettings

    settings = GatewaySettings(
        upstream=upstream, system=name or "agent", command=command_line(), program=program, **options
    )
    return run_metered(settings, output=sys.__stderr__.fileno() if as_json and sys.__stderr__ is not None else None)
