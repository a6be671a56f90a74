"""The tree of commands: eight verbs, and groups of commands; and where a command is that had another name.

A new command is a file with `@GROUP.command(...)`, and a name in the order of its group.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from wattbench.cli._help import HELP_NAMES, DescribedCommand

VERBS = ("decide", "init", "run", "label", "meter", "route", "gate", "nightly")
GROUPS = ("runs", "suites", "router", "dev")

OLD_NAMES = {
    "compare": "runs compare",
    "report": "runs report",
    "items": "runs items",
    "history": "runs history",
    "verify": "runs verify",
    "rescore": "runs rescore",
    "merge": "runs merge",
    "import": "runs import",
    "export": "runs export",
    "plan": "suites plan",
    "doctor": "dev doctor",
    "family": "dev family",
    "calibrate": "dev calibrate",
    "tasks": "dev tasks",
    "schema": "dev schema",
}
"""Where commands are now. The old name runs the same command, and a line on standard error says the new one."""

SHORT_NAMES = {"view": "runs view"}
"""Names of commands of groups that stay in use on their own."""


class Tree(click.Group):
    """A group that lists its commands in a stated order.

    Args:
        order: the names of the commands.
        formerly: the command that the group's name alone was, with arguments that are no command's name.
    """

    command_class = DescribedCommand

    def __init__(self, *args: Any, order: Sequence[str] = (), formerly: str | None = None, **others: Any) -> None:
        super().__init__(*args, **others)
        self.order = tuple(order)
        self.formerly = formerly

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return the same names in every context."""
        return HELP_NAMES

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that are in the order and exist, and then all others."""
        ordered = [name for name in self.order if name in self.commands]
        return [*ordered, *sorted(self.commands.keys() - set(ordered))]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; `wattbench runs DIR` is `wattbench runs list DIR`."""
        if self.formerly is not None and not ctx.resilient_parsing and self._is_old(args):
            say_new_name(str(self.name), f"{self.name} {self.formerly}")
            args = [self.formerly, *args]
        return super().parse_args(ctx, args)

    def _is_old(self, args: Sequence[str]) -> bool:
        if not args:
            return True
        first = args[0]
        if first.startswith("-"):
            return first not in ("-h", "--help")
        return first not in self.commands and ("/" in first or Path(first).is_dir())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and then the options."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command; of a group the names of its commands."""
        every = [(name, command) for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))]
        shown = [(name, command) for name, command in every if not command.hidden]
        groups = {name for name, each in shown if ctx.parent is None and isinstance(each, click.Group)}
        commands = {name: each.get_short_help_str(limit=200) for name, each in shown if name not in groups}
        lines = {name: ", ".join(_leaves(ctx, each)) for name, each in shown if name in groups}
        for title, rows in (("Commands", commands), ("Groups", lines)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl([*rows.items()])


Tree.group_class = Tree


def _leaves(ctx: click.Context, group: click.Command) -> list[str]:
    """Return the names of a group's commands; those of a group in it with its name before: ``tasks export``."""
    assert isinstance(group, click.Group)
    names = []
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        inner = _leaves(ctx, command) if isinstance(command, click.Group) else [""]
        names += [f"{name} {each}".rstrip() for each in inner]
    return names


def moved(root: click.Group, ctx: click.Context, args: list[str]) -> tuple[str, click.Command, list[str]] | None:
    """Return the name, the command and the arguments of a command that is elsewhere in the tree.

    Returns:
        What `click.Group.resolve_command` returns. None where the first argument is no such name.
    """
    first = args[0] if args else ""
    new = OLD_NAMES.get(first) or SHORT_NAMES.get(first)
    if new is None:
        if first and not first.startswith("-") and first not in root.commands and not ctx.resilient_parsing:
            ctx.fail(f"No such command {first!r}.{_meant(root, first)}")
        return None
    command: click.Command | None = root
    for name in new.split():
        command = command.get_command(ctx, name) if isinstance(command, click.Group) else None
    if command is None:  # it is not in this installation
        return None
    if first in OLD_NAMES and not ctx.resilient_parsing:
        say_new_name(first, new)
    return new, command, args[1:]


def _meant(root: click.Group, wrong: str) -> str:
    """Suggest a command, by the name that it has now."""
    names = {name: name for name in root.commands} | OLD_NAMES | SHORT_NAMES
    close = difflib.get_close_matches(wrong[:40], names, n=1)
    return f" Did you mean {names[close[0]]!r}?" if close else ""


def say_new_name(old: str, new: str) -> None:
    """Say on standard error what a command is called now."""
    click.echo(f'wattbench: "wattbench {old}" is now "wattbench {new}"', err=True)
