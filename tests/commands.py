"""Run commands as a user does: each in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def offline() -> dict[str, str]:
    """Return the environment without a hub, and with nothing of the pytest that runs this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def words(*arguments: object, module: str = "wattbench") -> list[str]:
    """Return the words of `python -m MODULE ARGUMENTS`."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def run(
    arguments: Sequence[object],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float = 300,
    module: str = "wattbench",
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS` to its end, and capture its text."""
    return subprocess.run(
        words(*arguments, module=module), cwd=cwd, env=env, timeout=timeout_s, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def start(arguments: Sequence[object], *, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start `wattbench ARGUMENTS`, for tests that look at it or end it while it runs."""
    return subprocess.Popen(
        words(*arguments), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until a command that runs has got so far."""
    until_s = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s, "the command never got this far"
        time.sleep(0.01)


def write_program(folder: Path) -> None:
    """Write `wattbench` into a folder, for scripts that call it."""
    program = folder / "wattbench"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m wattbench "$@"\n')
    program.chmod(0o755)
