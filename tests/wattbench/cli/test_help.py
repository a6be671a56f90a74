"""The help of every command, as its golden file has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import click

from wattbench.cli import main


def _described(command: click.Command, name: str) -> Iterator[str]:
    """The texts of a command and its options, free of how click breaks lines."""
    yield f"{name}\n{inspect.cleandoc(command.help or '')}\n"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield f"  {', '.join(parameter.opts)} {parameter.metavar or ''}".rstrip()
            yield f"      {parameter.help or ''}".rstrip()
    yield ""
    if isinstance(command, click.Group):
        for each, inner in sorted(command.commands.items()):
            yield from _described(inner, f"{name} {each}")


def test_the_help_of_every_command_is_that_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("help.txt", "\n".join(_described(main, "wattbench")))


def test_every_option_and_command_says_what_it_does() -> None:
    pages = [main, *main.commands.values()]
    assert [page.name for page in pages if not page.help] == []
    options = [option for page in pages for option in page.params if isinstance(option, click.Option)]
    unexplained = {option.opts[-1] for option in options if not option.help and not option.hidden}
    assert unexplained == set()
