"""Completion in bash, with the script that the command prints."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from wattbench.cli import main

TRY = """
set -eu
export PATH="$PWD:$PATH"
eval "$(wattbench dev completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
compopt() { echo "compopt $*"; }
_wattbench_completion wattbench
echo "${COMPREPLY[@]}"
"""
PROGRAM = f"""#!{sys.executable} -P
from wattbench.cli import main
main(prog_name="wattbench")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ru", "run runs"),
        ("runs com", "compare"),
        ("compare --max-j", "--max-joules"),
        ("run q", "quick"),
        ("suites plan ga", "gate"),
        ("gate mine", "default"),
        ("runs export runs --to par", "parquet"),
        ("dev schema --", "--records"),
    ],
)
def test_bash_completes(tmp_path: Path, typed: str, expected: str) -> None:
    program = tmp_path / "wattbench"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    words = ["wattbench", *typed.split()]
    done = subprocess.run(
        ["bash", "-c", TRY, "bash", *words], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert expected in done.stdout.strip()
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shell", "holds"), [("bash", "complete -o nosort -F"), ("zsh", "#compdef"), ("fish", "complete")]
)
def test_a_script_for_each_shell(shell: str, holds: str) -> None:
    done = CliRunner().invoke(main, ["dev", "completion", shell])
    assert done.exit_code == 0
    assert holds in done.stdout
    assert "_WATTBENCH_COMPLETE" in done.stdout
