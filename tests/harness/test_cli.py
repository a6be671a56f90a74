"""The command line starts light, and says usage errors as any command does."""

from __future__ import annotations

import subprocess
import sys

import click.testing
import pytest

from harness.cli import main

HEAVY = {
    "numpy",
    "pandas",
    "pydantic",
    "torch",
    "lm_eval",
    "matplotlib",
    "rich",
    "yaml",
    "httpx",
    "codecarbon",
    "pynvml",
}


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    code = "import sys, harness.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["compare"], ["report"], ["doctor"], ["schema"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    result = click.testing.CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("arguments", [["compare"], ["run", "--limit", "0"], ["comapre"], ["report", "x"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert click.testing.CliRunner().invoke(main, arguments).exit_code == 2
