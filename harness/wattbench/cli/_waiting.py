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
        """Return the seconds to wait. Infinity if the option has no number."""
        return math.inf if value in (_FOREVER, math.inf) else super().convert(value, param, ctx)


class WaitingCommand(click.Command):
    """A command with `--wait`. The option's number may be left out, even before an argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; `--wait SUITE` is `--wait` without a number, and a suite."""
        options = args[: args.index("--")] if "--" in args else args
        for index, word in enumerate(options):
            following = args[index + 1] if index + 1 < len(options) else ""
            if word == _NAME and not _is_number(following):
                args = [*args[:index], f"{_NAME}={_FOREVER}", *args[index + 1 :]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl-C ends it without a traceback, whether it waits or measures."""
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
    """Return `--wait` as words of another command. Empty if the command does not wait."""
    return [f"{_NAME}={_FOREVER if math.isinf(wait_s) else wait_s}"] if wait_s else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
