"""Measure how much a suite's figures vary between sessions on this machine: K full restarts as K runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.progress.notices import notice
from wattbench.records import read_run
from wattbench_reports.tables.session_record import session_record

if TYPE_CHECKING:
    from wattbench_reports.tables.session_record import SessionRecord


def calibrate_sessions(
    suite: str,
    out: Path,
    sessions: int,
    options: Sequence[str] = (),
) -> SessionRecord:
    """Run a suite several times, each in processes of its own, and record what each session showed.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        out: the folder in which the runs get their directories.
        sessions: how many, 2 or more.
        options: further options of `wattbench run`.

    Raises:
        UserError: there are fewer than two sessions, or a run failed.
    """
    if sessions < 2:
        raise UserError("the variance between sessions needs two of them or more; five are a good number")

    words = ["run", suite, "--out", str(out), *options]
    runs = []
    for number in range(1, sessions + 1):
        notice(f"wattbench: session {number} of {sessions} ...")
        runs.append(read_run(in_new_process(words)))
    return session_record(runs)


def in_new_process(words: Sequence[str]) -> Path:
    """Run a `wattbench` command as a session in its own process, and return the directory that the command prints.

    Raises:
        UserError: it failed; why is on standard error already.
    """
    command = [sys.executable, "-m", "wattbench", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"a session failed (exit status {done.returncode}): wattbench {' '.join(words)}")
    return Path(done.stdout.strip().splitlines()[-1])
