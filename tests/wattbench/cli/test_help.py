"""The help of every command: its golden file, options in groups, and examples that are commands."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner

from wattbench.cli import every_command, main
from wattbench.cli._help import MOST_IN_ONE_LIST, DescribedCommand
from wattbench.cli._tree import SHORT_NAMES

EVERY = {name: command for name, command in every_command() if isinstance(command, DescribedCommand)}


def _described(command: click.Command, name: str) -> Iterator[str]:
    """The texts of a command and its options, free of how click breaks lines."""
    yield f"{name}\n{inspect.cleandoc(command.help or '')}\n"
    if isinstance(command, DescribedCommand):
        for title, options in command.option_groups(click.Context(command)):
            yield f"{title}:"
            for option in options:
                yield f"  {', '.join(option.opts)} {option.metavar or ''}".rstrip()
                yield f"      {option.help or ''}".rstrip()
        yield from ["Examples:", *(f"  {each}" for each in command.examples), ""]
    if isinstance(command, click.Group):
        for each in command.list_commands(click.Context(command)):
            yield from _described(command.commands[each], f"{name} {each}")


def test_the_help_of_every_command_is_that_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("help.txt", "\n".join(_described(main, "wattbench")))


def test_the_first_screen_is_that_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("first-screen.txt", CliRunner().invoke(main, ["--help"], prog_name="wattbench", terminal_width=80).stdout)


def test_every_option_and_command_says_what_it_does() -> None:
    assert {name for name, _ in every_command()} == EVERY.keys()
    assert [name for name, command in EVERY.items() if not command.help] == []
    options = [option for page in EVERY.values() for option in page.params if isinstance(option, click.Option)]
    unexplained = {option.opts[-1] for option in options if not option.help and not option.hidden}
    assert unexplained == set()


@pytest.mark.parametrize("name", EVERY)
def test_many_options_are_in_groups_with_ten_first(name: str) -> None:
    command = EVERY[name]
    context = click.Context(command)
    groups = dict(command.option_groups(context))
    grouped = [option for options in groups.values() for option in options]
    shown = [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]
    assert sorted(map(id, grouped)) == sorted(map(id, shown)), "each option is in one group"
    assert "Other options" not in groups, "give each option a group: SECTIONS in cli/_help.py"
    if len(shown) <= MOST_IN_ONE_LIST:
        assert list(groups) == ["Options"]
    else:
        assert next(iter(groups)) == "Most used"
        assert 4 <= len(groups["Most used"]) <= 10
        assert len(groups["Most used"]) == len(command.most_used), "each is an option of the command"


@pytest.mark.parametrize("name", EVERY)
def test_help_ends_with_two_examples_of_the_command(name: str) -> None:
    command = EVERY[name]
    lines = CliRunner().invoke(main, [*name.split(), "--help"]).stdout.splitlines()
    assert [line.strip() for line in lines[-3:]] == ["Examples:", *command.examples]
    for example in command.examples:
        words = shlex.split(example.partition(" > ")[0].removeprefix('eval "$(').removesuffix(')"'))
        known = [name, *(short for short, whole in SHORT_NAMES.items() if whole == name)]
        assert " ".join(words).startswith(tuple(f"wattbench {each}" for each in known))
        options = {each for option in command.params for each in option.opts}
        assert {word for word in words if word.startswith("-")} - {"--"} <= options


def test_a_command_has_one_line_in_the_list_of_its_group() -> None:
    for name, command in EVERY.items():
        line = command.get_short_help_str(limit=200)
        assert len(f"  {name.rpartition(' ')[2]:<10}  {line}") <= 80, name


def test_an_option_without_a_group_is_shown_last() -> None:
    numbers = [click.Option([f"--number-{number}"]) for number in range(12)]
    command = DescribedCommand("many", params=numbers, most_used="number-3")
    (first, most), *_, (last, others) = command.option_groups(click.Context(command))
    assert (first, [each.opts[0] for each in most], last, len(others)) == (
        "Most used", ["--number-3"], "Other options", 11,
    )  # fmt: skip
