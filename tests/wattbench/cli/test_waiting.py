"""Commands that measure: what is wrong with them is said before the machine's lock is looked at, and `--wait` waits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from wattbench.api.narrowing import seconds_to_wait
from wattbench.cli import every_command, main
from wattbench.cli._options import WaitingCommand, wait_option, wait_words
from wattbench.errors import UserError
from wattbench.machine import measuring_lock as locks

TAKEN = "another measurement in this process is measuring on this machine"
SUITE = """name: tiny
tasks: {select: [{file: tickets.csv, input: text, target: team, score: label, domain: support}]}
systems:
  define:
    a: {kind: specialist, engine: python, call: "./rules.py:answer"}
    b: {kind: specialist, engine: python, call: "./rules.py:answer"}
"""


@click.command(cls=WaitingCommand)
@click.argument("suite", required=False)
@click.option("--quiet", is_flag=True)
@wait_option
def example(suite: str | None, wait_s: float, quiet: bool) -> None:
    """Print what was read."""
    click.echo(f"{suite} {wait_s:g} {quiet}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["s"], "s 0 False"),
        (["--wait", "s"], "s inf False"),
        (["s", "--wait"], "s inf False"),
        (["--wait", "--quiet", "s"], "s inf True"),
        (["--wait", "90", "s"], "s 90 False"),
        (["--wait=90.5", "s"], "s 90.5 False"),
        (["--wait", "0", "s"], "s 0 False"),
        (["--wait", "--", "90"], "90 inf False"),
        (["--", "--wait"], "--wait 0 False"),
    ],
)
def test_the_seconds_of_a_wait_may_be_left_out(words: list[str], said: str) -> None:
    done = CliRunner().invoke(example, words)
    assert done.output == f"{said}\n"


@pytest.mark.parametrize("words", [["--wait=-1"], ["--wait", "-1"], ["--wait=soon"], ["--wait=nan"]])
def test_a_wait_that_is_no_time_is_refused(words: list[str]) -> None:
    done = CliRunner().invoke(example, words)
    assert done.exit_code == 2
    assert "Error: Invalid value for '--wait'" in done.output


@pytest.mark.parametrize("wait_s", [0.0, 1.5, 3600.0, math.inf])
def test_a_command_passes_its_wait_on_to_another(wait_s: float) -> None:
    done = CliRunner().invoke(example, [*wait_words(wait_s), "s"])
    assert done.output == f"s {wait_s:g} False\n"


@pytest.mark.parametrize(("given", "seconds"), [(False, 0.0), (True, math.inf), (0, 0.0), (90, 90.0), (1.5, 1.5)])
def test_python_takes_seconds_or_true(given: float, seconds: float) -> None:
    assert seconds_to_wait(given) == seconds


@pytest.mark.parametrize("given", [-1, float("nan"), "90", None])
def test_python_takes_nothing_else(given: object) -> None:
    with pytest.raises(UserError, match=r"wait: .* is neither a number of seconds nor True"):
        seconds_to_wait(given)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a suite, on a machine on which something is measured."""
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "tickets.csv").write_text("text,team\nmy bill,billing\nno network,network\n")
    (tmp_path / "rules.py").write_text("def answer(text):\n    return 'billing'\n")
    (tmp_path / "wrong.yaml").write_text(SUITE.replace("select:", "selekt:"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(locks.FOLDER, str(tmp_path / "locks"))
    monkeypatch.setattr(locks, "_gpu_uuids", list)
    with locks.measuring_lock():
        yield tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


COMMANDS = {
    "run": ["run", "SUITE"],
    "gate": ["gate", "SUITE", "--baseline", "a", "--candidate", "b", "--no-github"],
    "nightly": ["nightly", "SUITE", "--history", "nights", "--no-github"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_wrong_is_said_before_the_lock_is_looked_at(folder: Path, command: list[str]) -> None:
    wrong = call(*(word.replace("SUITE", "wrong.yaml") for word in command))
    assert "unknown key; did you mean 'select'?" in wrong.output
    assert TAKEN not in wrong.output
    right = call(*(word.replace("SUITE", "suite.yaml") for word in command))
    assert TAKEN in right.output
    assert right.exit_code in (2, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gate", "suite.yaml", "--baseline", "a", "--candidate", "c", "--no-github"], "'c'"),
        (["gate", "suite.yaml", "--baseline", "a", "--candidate", "b", "--plant", "rust=5%", "--no-github"], "rust"),
        (["run", "--resume", "gone"], "gone"),
        (["run", "suite.yaml", "--systems", "c"], "no system 'c' in this suite"),
        (["nightly", "--history", "nights", "--resume", "gone", "--no-github"], "gone"),
    ],
)
def test_so_is_what_is_wrong_with_the_arguments(folder: Path, words: list[str], said: str) -> None:
    done = call(*words)
    assert said in done.output
    assert TAKEN not in done.output


def test_every_command_that_measures_can_wait() -> None:
    commands = dict(every_command())
    waiting = {name for name, each in commands.items() if any("--wait" in option.opts for option in each.params)}
    on_records = {"runs rescore"}  # with --judge
    assert (
        waiting == {"run", "meter", "gate", "nightly", "dev calibrate", "dev family build", "router fit"} | on_records
    )
    assert all(isinstance(commands[name], WaitingCommand) for name in waiting)
