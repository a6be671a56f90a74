"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

import click

from wattbench.cli import main
from wattbench.cli._help import DescribedCommand

_HEAD = """# Commands

Generated from the commands; `wattbench COMMAND --help` prints the same. What an exit code means, and
`--json`: [exit codes and JSON](../exit-codes.md).
"""


def page() -> str:
    """Return the page: a heading per command, its usage, what it does, examples, and its options in groups."""
    root = click.Context(main, info_name="wattbench", terminal_width=100)
    screen = f"```text\n{main.get_help(root)}\n```"
    return "\n\n".join([_HEAD.rstrip(), screen, *(_section(context) for context in _contexts(main, None))]) + "\n"


def _contexts(command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    """Yield a context for every command below this one, and for this one if it is no group."""
    context = click.Context(command, info_name=command.name if parent else "wattbench", parent=parent)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _contexts(below, context)
    else:
        yield context


def _section(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", f"```text\n{usage}\n```", *_paragraphs(command.help or "")]
    assert isinstance(command, DescribedCommand)
    tables = [_table(context, title, options) for title, options in command.option_groups(context)]
    examples = "\n".join(command.examples)
    return "\n\n".join([*parts, f"```sh\n{examples}\n```", *tables])


def _table(context: click.Context, title: str, options: Sequence[click.Option]) -> str:
    records = [record for each in options if (record := each.get_help_record(context))]
    rows = [f"| `{_cell(names)}` | {_prose(_cell(text))} |" for names, text in records if text]
    return "\n".join([f"| {title.lower()} | |", "| --- | --- |", *rows])


def _paragraphs(text: str) -> list[str]:
    r"""Return the help's paragraphs: one that begins with `\b` is kept line by line, as the terminal does."""
    found = []
    for each in inspect.cleandoc(text).split("\f")[0].split("\n\n"):
        kept = each.startswith("\b")
        lines = each.removeprefix("\b").strip("\n")
        found.append(f"```text\n{lines}\n```" if kept else _prose(" ".join(lines.split())))
    return found


def _prose(text: str) -> str:
    """Return text that means itself in Markdown: names of variables and options in backticks, no link, no HTML."""
    text = re.sub(r"([<>*_\[\]])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"`\1`", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
