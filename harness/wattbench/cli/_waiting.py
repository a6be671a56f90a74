"""The option `--wait [SECONDS]` of every command that measures, and how such a command ends on Ctrl-C."""

from __future__ import annotations

import math
from typing import Any

import click

from wattbench.cli._group import EXIT_INTERRUPTED
from wattbench.cli._options import Finite

_NAME = "--wait"
_FOREVER = "forever"


class _Seconds(Finite):
    """A time to wait: seconds, or as long as it takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return seconds; infinite without a number."""
        return math.inf if value in (_FOREVER, math.inf) else super().convert(value, param, ctx)


class WaitingCommand(click.Command):
    """A command with `--wait`, whose number may be left out also where an argument follows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; `--wait SUITE` is `--wait` and a suite."""
        options = args[: args.index("--")] if "--" in args else args
        for index, word in enumerate(options):
            following = args[index + 1] if index + 1 < len(options) else ""
            if word == _NAME and not _is_number(following):
                args = [*args[:index], f"{_NAME}={_FOREVER}", *args[index + 1 :]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; one that is interrupted, waiting or measuring, ends without a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error


wait_option = click.option(
    _NAME,
    "wait_s",
    type=_Seconds(min=0.0),
    default=0.0,
    metavar="[SECONDS]",
    help="Wait while another run measures on this machine: this long at most, or as long as it takes.",
)


def wait_words(wait_s: float) -> list[str]:
    """Return the option as words of another command; none where it does not wait."""
    return [f"{_NAME}={_FOREVER if math.isinf(wait_s) else wait_s}"] if wait_s else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
