"""The tree of commands: what the first screen names, and that every old name leads to the new one."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from wattbench.cli import command_at, every_command, main
from wattbench.cli._tree import GROUPS, OLD_NAMES, SHORT_NAMES, VERBS, Tree

EVERY = {name: command for name, command in every_command() if not command.hidden}


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="wattbench")


def test_the_first_screen_has_the_verbs_and_a_line_for_each_group() -> None:
    screen = call("--help").stdout
    named = [line.split()[0] for line in screen.splitlines() if line.startswith("  ") and line[2:3].isalpha()]
    commands = [name for name in named if name in main.commands]
    there = [name for name in VERBS if name in main.commands]
    assert commands == [*there, *GROUPS]
    assert set(main.commands) - set(there) == set(GROUPS)
    for name in EVERY:
        group, _, command = name.partition(" ")
        assert command in " ".join(screen.partition(f"\n  {group} ")[2].split())
    assert screen == call().output


def test_groups_list_their_commands_in_the_stated_order() -> None:
    for name in GROUPS:
        group = main.commands[name]
        assert isinstance(group, Tree)
        listed = group.list_commands(click.Context(group))
        assert listed[: len(group.order)] == [each for each in group.order if each in listed]


def _new_of(old: str) -> list[str]:
    """Return the commands that an old name leads to: one, or those of a group."""
    return [name for name in EVERY if name == OLD_NAMES[old] or name.startswith(f"{OLD_NAMES[old]} ")]


@pytest.mark.parametrize("old", OLD_NAMES)
def test_an_old_name_is_the_new_command_and_says_its_name(old: str) -> None:
    assert _new_of(old)
    for new in _new_of(old):
        words = [old, *new.split()[len(OLD_NAMES[old].split()) :]]
        before, now = call(*words, "--help"), call(*new.split(), "--help")
        assert before.stderr == f'wattbench: "wattbench {old}" is now "wattbench {OLD_NAMES[old]}"\n'
        assert before.stdout == now.stdout
        assert now.stderr == ""
        assert (before.exit_code, now.exit_code) == (0, 0)


@pytest.mark.parametrize("words", ["verify nowhere", "compare nowhere", "history nowhere", "plan nowhere.yaml"])
def test_an_old_name_ends_with_the_exit_code_of_the_new_one(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old, *rest = words.split()
    before, now = call(old, *rest), call(*OLD_NAMES[old].split(), *rest)
    assert before.exit_code == now.exit_code == 2
    assert before.stderr.splitlines()[1:] == now.stderr.splitlines()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("runs", "runs list"),
        ("runs .", "runs list ."),
        ("runs ./", "runs list ./"),
        ("runs --json", "runs list --json"),
        ("suites", "suites list"),
        ("suites --json", "suites list --json"),
    ],
)
def test_groups_that_were_commands_list(before: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    old, new = call(*before.split()), call(*now.split())
    assert old.exit_code == new.exit_code == 0
    assert old.stdout == new.stdout
    group = now.partition(" ")[0]
    assert old.stderr == f'wattbench: "wattbench {group}" is now "wattbench {group} list"\n'
    assert new.stderr == ""


def test_a_wrong_name_is_answered_with_the_name_that_it_is_now() -> None:
    assert "No such command 'comapre'. Did you mean 'runs compare'?" in call("comapre").stderr
    wrong = call("runs", "compaer")
    assert (wrong.exit_code, "No such command 'compaer'" in wrong.stderr) == (2, True)
    assert call("runs", "--help").stderr == ""


def test_new_names_are_commands() -> None:
    for name in OLD_NAMES.values():
        assert [each for each in EVERY if each == name or each.startswith(f"{name} ")], name
    for name in SHORT_NAMES.values():
        assert " " in name
    with pytest.raises(KeyError):
        command_at("runs nothing")


def test_completion_says_nothing_of_old_names() -> None:
    typed = {"COMP_WORDS": "wattbench compare --min", "COMP_CWORD": "2", "_WATTBENCH_COMPLETE": "bash_complete"}
    done = CliRunner().invoke(main, [], env=typed, prog_name="wattbench")
    assert (done.stdout, done.stderr) == ("plain,--min-accuracy\nplain,--minimise\n", "")
