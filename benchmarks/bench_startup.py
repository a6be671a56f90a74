"""How long `wattbench --help` and `import wattbench` take, against an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.benchmark(group="start-up")
@pytest.mark.parametrize(
    "arguments",
    [["-c", "pass"], ["-c", "import wattbench"], ["-m", "wattbench", "--help"]],
    ids=["python", "import wattbench", "wattbench --help"],
)
def test_start(benchmark, arguments: list[str]) -> None:
    """Time a process, as the shell starts one."""
    command = [sys.executable, *arguments]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, capture_output=True, check=True), rounds=10, warmup_rounds=2
    )
    assert done.returncode == 0
