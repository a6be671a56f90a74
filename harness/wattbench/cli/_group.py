"""The `wattbench` command, to which the other files in this folder add subcommands."""

from __future__ import annotations

from typing import Any

import click

from wattbench.errors import UserError

EXIT_USER = 2
EXIT_INTERRUPTED = 130


class _Group(click.Group):
    """Report a `UserError` of any command in one message on standard error, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"wattbench: {error}", err=True)
            ctx.exit(EXIT_USER)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wattbench")
def main() -> None:
    """Specialist, generalist, mixture or router? Accuracy, latency and energy of the same requests."""
