"""The `wattbench` command, to which the other files in this folder add subcommands."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from wattbench.cli._exit_codes import EXIT_INTERRUPTED, EXIT_USER
from wattbench.cli._help import HELP_NAMES, DescribedCommand
from wattbench.cli._tree import GROUPS, VERBS, Tree, moved
from wattbench.errors import UserError, refusal_of_machine
from wattbench.interrupts import own_process
from wattbench.redaction import hidden_output, keep_environment
from wattbench.terminal import log_text, printable


class _Main(Tree):
    """The group of all commands. A `UserError` or a refusal of the machine ends in one message on standard error.

    The exit code is then 2. Nothing that a command prints holds a secret.
    """

    def main(self, args: Sequence[str] | None = None, *others: Any, **named: Any) -> Any:
        if args is None:
            own_process()
            _prepare_streams()
        return super().main(args, *others, **named)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return moved(self, ctx, args) or super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        with _plain_usage():
            return super().make_context(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:
        keep_environment()
        with hidden_output():
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            with _plain_usage():
                return super().invoke(ctx)
        except UserError as error:
            self._end(ctx, str(error), error.exit_code)
        except KeyboardInterrupt:
            _drop_unwritten()
            ctx.exit(EXIT_INTERRUPTED)
        except (OSError, MemoryError, RuntimeError) as error:
            refusal = refusal_of_machine(error)
            if refusal is None:
                raise
            self._end(ctx, refusal)

    def _end(self, ctx: click.Context, message: str, code: int = EXIT_USER) -> None:
        with contextlib.suppress(OSError):
            click.echo(log_text(f"wattbench: {message}"), err=True)
        _drop_unwritten()
        ctx.exit(code)


@contextlib.contextmanager
def _plain_usage() -> Iterator[None]:
    """Print in one line, without control characters, what is wrong with arguments that hold such characters."""
    try:
        yield
    except click.UsageError as error:
        text = error.format_message()
        if all(each.isprintable() or each == "\n" for each in text):
            raise
        raise click.UsageError(printable(" ".join(text.split())), error.ctx) from None


def _prepare_streams() -> None:
    """Open closed standard streams, and print characters that standard output cannot encode by their numbers.

    A daemon's may be closed: a record would get the number of one.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_unwritten() -> None:
    """Discard output that cannot be written, as on a full disk: Python would try again as it ends, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class ComputingCommand(DescribedCommand):
    """Run a command that only computes with one thread of OpenBLAS, unless the user sets another number.

    A second one waits for the first more than it helps with sums as short as these, and where the machine has other
    work to do, or a container a share of many cores, it takes half as long again.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported, which is after this
        return super().invoke(ctx)


@click.group(cls=_Main, order=(*VERBS, *GROUPS), context_settings={"help_option_names": HELP_NAMES})
@click.version_option(package_name="wattbench")
@click.pass_context
def main(context: click.Context) -> None:
    """Specialist, generalist, mixture or router? Accuracy, latency and energy of the same requests."""
    context.with_resource(_no_questions())


@contextlib.contextmanager
def _no_questions() -> Iterator[None]:
    """Empty standard input, so that no library can ask a question, such as whether code may run."""
    given = sys.stdin
    with Path(os.devnull).open() as nothing:
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = given


@main.group(
    order=(
        "list", "report", "compare", "view", "items", "history", "verify", "rescore", "merge", "import", "export",
    ),
    formerly="list",
)  # fmt: skip
def runs() -> None:
    """Read, check and convert recorded runs."""


@main.group(order=("list", "plan"), formerly="list")
def suites() -> None:
    """List suites, and show what a run of one will do."""


@main.group()
def router() -> None:
    """Routers of one's own: fit the text classifier in front of a hybrid to labelled texts."""


@main.group(order=("doctor", "family", "calibrate", "tasks", "schema", "completion"))
def dev() -> None:
    """Check this machine, calibrate gates, and make what other tools read."""


def every_command(group: click.Group = main, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield each command with its name, as it is typed after `wattbench`: ``runs compare``."""
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from every_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def command_at(name: str) -> click.Command:
    """Return a command by its name, as it is typed after `wattbench`.

    Raises:
        KeyError: there is no such command.
    """
    command: click.Command = main
    for word in name.split():
        if not isinstance(command, click.Group):
            raise KeyError(name)
        command = command.commands[word]
    return command
